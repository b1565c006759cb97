"""A run that is stopped says so, keeps what it has, and leaves no process behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from evidence import finished

ROOT = Path(__file__).resolve().parents[1]


def test_ctrl_c_while_the_library_is_read_says_so(tmp_path: Path) -> None:
    started = "from bench.cli.main import run; print('ready', flush=True); run()"
    process = subprocess.Popen(
        [sys.executable, "-c", started, "run", "--out", str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told.strip() == "stopped"
    assert not list(tmp_path.iterdir())


def test_the_tests_of_ctrl_c_hold_where_it_is_inherited_as_ignored() -> None:
    """As for a suite that is started in the background of a shell."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "tests/test_timing_simulated.py",
         "-k", "ctrl_c and sleep"],
        cwd=ROOT, capture_output=True, text=True, timeout=100, stdin=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )  # fmt: skip
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout


@pytest.mark.slow
def test_two_signals_to_all_processes_cost_nothing_that_had_finished(tmp_path: Path) -> None:
    """As a CI job is cancelled. The second one used to strike while the workers were being ended, who then stayed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench", "run", "scenarios/cells", "--repeat", "20", "--workers", "2",
         "--out", str(tmp_path)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stderr is not None
    assert any("all passed" in line for line in process.stderr)
    for _ in range(2):
        os.killpg(process.pid, signal.SIGTERM)
        time.sleep(0.3)
    shown, _ = process.communicate(timeout=60)
    assert process.returncode == 143, shown
    assert "stopped by the user or by a signal; what had finished is kept" in shown
    (run,) = tmp_path.iterdir()
    assert (run / "report.html").is_file() and not (run / "footer.json").exists()
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_a_killed_run_leaves_no_worker_and_closes_its_output(tmp_path: Path) -> None:
    """Workers that stayed held the pipe, and whoever read it, as CI does, waited for ever."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench", "run", "scenarios/cells", "--repeat", "200", "--workers", "2",
         "--out", str(tmp_path)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    until = time.monotonic() + 60
    while not any(map(finished, tmp_path.iterdir())) and time.monotonic() < until:
        time.sleep(0.05)
    process.kill()
    process.communicate(timeout=30)  # to the end of the pipe
    until = time.monotonic() + 30
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < until:
            os.killpg(process.pid, 0)
            time.sleep(0.05)
    (run,) = tmp_path.iterdir()
    assert not (run / "footer.json").exists()
