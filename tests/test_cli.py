"""The command line as a user meets it: a real process, real files, exit codes, one clear line for a mistake."""

import dataclasses
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from evidence import alter_result
from forked import HIL, run_forked
from small_bench import Hil, hil_within

from bench.report.finding_words import reasons_words

ROOT = Path(__file__).parent.parent


def hil(*words: str, cwd: Path = ROOT, new: bool = False) -> subprocess.CompletedProcess[str]:
    """A process of its own; new: with an interpreter of its own, as a user's first command."""
    if not new:
        return run_forked(HIL, *words, cwd=cwd, timeout=100)
    return subprocess.run(
        [sys.executable, "-m", "bench", *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=100,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Hil:
    """The same without a process for each: for what a first process has already shown to arrive."""
    return hil_within(capsys, monkeypatch)


@pytest.fixture
def bench_copy(tmp_path: Path) -> Path:
    """A user's own folder: bench file, DBC files and scenarios, free to be broken."""
    for name in ("dbc", "scenarios"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "hil_config.toml", tmp_path)
    return tmp_path


def test_a_run_passes_and_leaves_evidence_database_junit_and_report(bench_copy: Path) -> None:
    done = hil("run", "-k", "weld-plus", "--repeat", "2", "--json", cwd=bench_copy, new=True)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert {one["scenario_id"] for one in result["scenarios"]} == {
        "weld-plus-at-opening",
        "weld-plus-at-opening--inside",
    }
    (folder,) = [path for path in (bench_copy / "runs").iterdir() if path.is_dir()]
    assert (folder / "footer.json").is_file()
    assert "weld-plus-at-opening" in (folder / "report.html").read_text()
    cases = ET.parse(folder / "junit.xml").getroot().iter("testcase")
    assert len(list(cases)) == 2
    with sqlite3.connect(bench_copy / "runs" / "results.sqlite") as database:
        assert database.execute("select count(*) from shots").fetchone() == (4,)


def test_the_table_names_goal_interval_budget_and_verdict(bench_copy: Path, here: Hil) -> None:
    done = here(bench_copy, "run", "-k", "ov-step-cell17", "--repeat", "2")
    assert done.returncode == 0, done.stderr
    assert "SG-OV" in done.stdout and "ASIL C" in done.stdout and "simulated time" in done.stdout
    assert "2.700 s" in done.stdout and "PASS" in done.stdout
    for name in ("evidence", "results", "JUnit", "report"):
        assert name in done.stdout
    assert re.fullmatch(r"PASS 3 of 3 scenarios, 6 shots, \d+ s", done.stdout.splitlines()[-1])
    (folder,) = [path for path in (bench_copy / "runs").iterdir() if path.is_dir()]
    stored = hil("report", str(folder), cwd=bench_copy).stdout.splitlines()
    assert stored[-1] == done.stdout.splitlines()[-1]
    assert any("FDTI 2.700 s (+" in line for line in stored), "a pipe cuts no figure"


@pytest.mark.slow
def test_a_matrix_of_mutants_in_json_says_by_which_finding_each_was_caught(
    bench_copy: Path, here: Hil
) -> None:
    done = here(bench_copy, "mutants", "--mutant", "late_overvoltage", "-k", "ov-step-cell17", "--json")
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout)["matrix"]["late_overvoltage"]
    assert list(row["caught_by"]) == ["ov-step-cell17"]
    assert row["codes"] == {"ov-step-cell17": ["too-late"]}


def test_a_mutant_fails_with_exit_code_1_and_the_reason_in_words(bench_copy: Path, here: Hil) -> None:
    done = here(bench_copy, "run", "-k", "ov-step-cell17", "--repeat", "1", "--firmware", "late_overvoltage")
    assert done.returncode == 1
    (folder,) = [path for path in (bench_copy / "runs").iterdir() if path.is_dir()]
    told = ET.parse(folder / "junit.xml").getroot().findall(".//property[@name='codes']")
    assert "too-late" in [one.get("value") for one in told]
    assert "above the budget 2.700 s" in " ".join(done.stdout.split())


def test_rejudge_agrees_and_names_an_altered_file(bench_copy: Path, here: Hil) -> None:
    assert here(bench_copy, "run", "-k", "weld-plus", "--repeat", "2").returncode == 0
    (folder,) = [path for path in (bench_copy / "runs").iterdir() if path.is_dir()]
    again = here(bench_copy, "rejudge", str(folder))
    assert again.returncode == 0, again.stdout + again.stderr
    assert "4 of 4 shots judged as recorded" in again.stdout
    shown = here(bench_copy, "report", str(folder), "--out", str(bench_copy / "again.html"))
    assert shown.returncode == 0 and (bench_copy / "again.html").stat().st_size > 10_000
    shot = folder / "scenarios" / "weld-plus-at-opening" / "shot-001"
    alter_result(shot, lambda text: text.replace("PASS", "FAIL"))
    tampered = here(bench_copy, "rejudge", str(folder))
    assert tampered.returncode == 3
    assert tampered.stdout.startswith("ALTERED ") and "shot-001" in tampered.stdout


def test_a_missed_capability_is_blocked_and_never_a_pass() -> None:
    from bench.running.load import load_rig, load_scenarios
    from bench.running.shots import shoot
    from bench.verdict.result import Verdict

    wired = load_rig(ROOT / "hil_config.toml", None, None, None)
    prepared, _ = load_scenarios(wired, None, "weld-plus")
    poor = dataclasses.replace(wired, capabilities=frozenset({"cell_voltage"}))
    shot = shoot(poor, prepared[0], 0, 1, 1, None)
    assert shot.judgement.verdict is Verdict.BLOCKED
    assert "contactor_weld" in reasons_words(shot.judgement)[0]


MISTAKES = {
    "missing DBC": ("hil_config.toml", "dbc/bms.dbc", "dbc/bmss.dbc", "bmss.dbc"),
    "misspelt key": ("hil_config.toml", "chemistry =", "chemsitry =", "chemistry"),
    "no TOML": ("hil_config.toml", "[pack]", "[pack", "hil_config.toml"),
    "unit missing": ("scenarios/cells/ov_step_cell17.toml", '"500 ms"', '"500"', "hold"),
    "cell 97 of 96": ("scenarios/cells/ov_step_cell17.toml", "[17]", "[97]", "97"),
    "unknown goal": ("scenarios/cells/ov_step_cell17.toml", "SG-OV", "SG-OVV", "SG-OV"),
    "unknown flag": ("scenarios/cells/ov_step_cell17.toml", '"overvoltage"', '"overvoltge"', "overvoltage"),
    "unknown signal": ("dbc/reference_bms.toml", "BMS_State.State", "BMS_State.Stat", "Stat"),
    "unknown chemistry": ("hil_config.toml", '"nmc"', '"nmd"', "nmc"),
    "unresolvable budget": (
        "scenarios/cells/ov_step_cell17.toml",
        'ceiling = "profile"',
        'ceiling = "1 ms"',
        "1",
    ),
    "unknown firmware": ("hil_config.toml", 'firmware = "reference"', 'firmware = "referenc"', "reference"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_clear_line_with_exit_code_2_before_anything_is_driven(
    name: str, bench_copy: Path, here: Hil
) -> None:
    file, old, new, said = MISTAKES[name]
    path = bench_copy / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    done = here(bench_copy, "run", "-k", "ov-step-cell17", "--repeat", "1")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert said in lines[0] and Path(file).name in lines[0]
    assert not (bench_copy / "runs").exists()


@pytest.mark.slow
def test_the_same_seed_gives_the_same_digests_on_one_worker_and_on_two(bench_copy: Path) -> None:
    digests = []
    for workers in ("1", "2"):
        done = hil(
            "run",
            "-k",
            "ov-step-cell17--counter",
            "--repeat",
            "8",  # two pieces of work, so that two workers have one each
            "--workers",
            workers,
            "--json",
            cwd=bench_copy,
        )
        assert done.returncode == 0, done.stderr
        digests.append(
            [shot["digest"] for one in json.loads(done.stdout)["scenarios"] for shot in one["shots"]]
        )
    assert digests[0] == digests[1]
    assert len(set(digests[0])) == len(digests[0])  # every phase is another run


def test_the_list_names_what_there_is_and_counts_the_twins(here: Hil) -> None:
    shown = here(ROOT, "list")
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    (own,) = [line for line in lines if line.strip().startswith("ov-step-cell17 ")]
    assert re.search(r"SG-OV C +59 +2 +Cell 17 steps", own) and not any("--inside" in line for line in lines)
    for name in ("reference", "late_overvoltage", "zn_chitosan", "scpi_cell_emulator"):
        assert any(name in line for line in lines), name


def test_a_mistake_reaches_who_started_the_process(bench_copy: Path) -> None:
    file, old, new, said = MISTAKES["misspelt key"]
    (bench_copy / file).write_text((bench_copy / file).read_text().replace(old, new, 1))
    done = hil("run", "-k", "ov-step-cell17", "--repeat", "1", cwd=bench_copy)
    (line,) = done.stderr.strip().splitlines()
    assert done.returncode == 2 and said in line and file in line and not (bench_copy / "runs").exists()


def test_help_lists_the_commands() -> None:
    shown = hil("--help", new=True)
    assert shown.returncode == 0
    for command in ("run", "check", "list", "rejudge", "report", "qualify"):
        assert command in shown.stdout
