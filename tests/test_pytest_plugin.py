"""The pytest plugin as a user meets it: scenario files as items, the long lane skipped aloud, a FAIL with reasons."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def run_pytest(*arguments: str) -> subprocess.CompletedProcess[str]:
    plain = ("-q", "-rsf", "-n0", "-p", "no:cacheprovider", "--hil-repeat", "1")
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


def test_a_wrong_firmware_fails_with_the_verdict_and_its_reasons() -> None:
    done = run_pytest(
        "scenarios/cells/ov_step_cell17.toml::ov_step_cell17", "--hil-firmware", "never_detects_overvoltage"
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAIL: " in done.stdout
    assert "1 failed" in done.stdout
    assert "Traceback" not in done.stdout
