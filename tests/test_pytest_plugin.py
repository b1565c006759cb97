"""The pytest plugin as a user meets it: scenario files as items, the long lane skipped aloud, a FAIL with reasons."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from bench.cli.main import app

ROOT = Path(__file__).resolve().parents[1]


def run_pytest(*arguments: str, workers: int = 0) -> subprocess.CompletedProcess[str]:
    plain = ("-q", "-rsf", f"-n{workers}", "-p", "no:cacheprovider", "--hil-repeat", "1")
    return subprocess.run(
        [sys.executable, "-m", "pytest", *plain, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_long_lane_of_a_folder_is_skipped_aloud() -> None:
    done = run_pytest("scenarios/cycles", "scenarios/healthy", "-k", "drive_us06 or healthy_standby")
    assert done.returncode == 0, done.stdout
    assert "1 passed, 1 skipped" in done.stdout
    assert "of the long lane: --hil-long" in done.stdout


def test_a_wrong_firmware_fails_with_its_line_its_times_in_ms_and_where_the_evidence_lies(
    tmp_path: Path,
) -> None:
    said = ("--hil-label", "nightly", "--hil-dut-serial", "0815", "--junit-xml", str(tmp_path / "junit.xml"))
    done = run_pytest(
        "scenarios/cells/ov_step_cell17.toml::ov_step_cell17", "--hil-firmware", "late_overvoltage",
        "--hil-out", str(tmp_path), *said,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    (folder,) = (one.parent for one in tmp_path.glob("*/footer.json"))
    assert re.search(
        r"^FAIL ov-step-cell17: .*FDTI \[3\.2.* above the budget 2\.700 s$", done.stdout, re.M
    ), done.stdout
    assert re.search(r"^FDTI 32\d\d\.\d … 32\d\d\.\d ms at most, budget 2700\.0 ms$", done.stdout, re.M), (
        done.stdout
    )
    assert f"evidence: {folder} (hil report {folder} -v)\n" in done.stdout
    header = json.loads((folder / "header.json").read_text())
    assert (header["label"], header["dut_serial"]) == ("nightly", "0815")
    junit = (tmp_path / "junit.xml").read_text()
    assert f'name="evidence_folder" value="{folder}"' in junit and 'name="fdti_max_ms" value="32' in junit
    assert "1 failed" in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_items_run_side_by_side_each_with_its_evidence(tmp_path: Path) -> None:
    files = ("scenarios/cells/ov_step_cell17.toml", "scenarios/cells/uv_step_cell40.toml")
    wrong = ("--hil-firmware", "never_detects_overvoltage", "--hil-out", str(tmp_path))
    done = run_pytest(*files, *wrong, "--hil-evidence", "all", workers=2)
    assert done.returncode == 1, done.stdout + done.stderr
    counted = re.search(r"1 failed, (\d+) passed", done.stdout)
    assert counted is not None, done.stdout
    assert len(list(tmp_path.glob("*/footer.json"))) == 1 + int(counted[1])


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_one_rig_in_real_time_is_not_shared_by_workers(tmp_path: Path) -> None:
    file = "scenarios/cells/ov_step_cell17.toml"
    done = run_pytest(file, "--hil-time", "real", workers=2)
    assert (
        "-n 2: found several processes for one rig in real time; expected -n 0, or --dist loadgroup"
        in done.stdout
    )
    one = f"{file}::ov_step_cell17"
    done = run_pytest(one, "--hil-time", "real", "--dist", "loadgroup", "--hil-out", str(tmp_path), workers=2)
    assert "found several processes" not in done.stdout


def test_every_option_of_a_run_has_its_own_or_one_of_pytest() -> None:
    run = {
        one
        for param in typer.main.get_command(app).commands["run"].params
        for one in param.opts
        if one[:2] == "--"
    }
    page = (ROOT / "docs" / "python.md").read_text()
    told = page.partition("## In pytest")[2]
    assert {one for one in run if f"`{one}`" not in told} == set()
    own = set(re.findall(r'"(--hil-[a-z-]+)"', (ROOT / "bench" / "pytest_plugin.py").read_text()))
    assert {one for one in own if f"`{one}" not in told} == set()
