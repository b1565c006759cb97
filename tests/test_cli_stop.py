"""A run that is stopped says so, keeps what it has, and leaves no process behind."""

import json
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


AT_AN_IMPORT = """
import os, runpy, signal, sys
class Finder:
    def find_spec(name, path=None, target=None):
        if name in {names!r}:
            {strike}
sys.meta_path.insert(0, Finder)
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv = ["hil", *{words!r}]
runpy.run_module("bench", run_name="__main__")
"""


def interrupted_at(
    folder: Path,
    *names: str,
    words: tuple[str, ...],
    executed: bool = False,
    by: signal.Signals = signal.SIGINT,
) -> "subprocess.CompletedProcess[str]":
    """`python -m bench`, with a Ctrl-C, or another signal, while each of these modules is looked for."""
    strike = f"os.kill(os.getpid(), {int(by)}), sum(range(99))"
    strike = f"exec({strike!r})" if executed else strike
    (folder / "struck.py").write_text(AT_AN_IMPORT.format(names=names, words=words, strike=strike))
    return subprocess.run(
        [sys.executable, "-m", "struck"], cwd=ROOT, capture_output=True, text=True, timeout=60,
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"},
    )  # fmt: skip


@pytest.mark.parametrize("name", ["typer", "bench.cli.main", "bench.cli.trace_command"])
def test_ctrl_c_while_the_bench_itself_is_read_says_so(name: str, tmp_path: Path) -> None:
    done = interrupted_at(tmp_path, name, words=("list",))
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "stopped\n")


def test_ctrl_c_at_the_start_has_its_document_too_and_twice_ends_at_once(tmp_path: Path) -> None:
    done = interrupted_at(tmp_path, "typer", words=("list", "--json"))
    assert (done.returncode, done.stderr) == (130, "stopped\n")
    assert json.loads(done.stdout)["error"] == "stopped"
    done = interrupted_at(tmp_path, "bench.cli", "typer", words=("list",))
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_ctrl_c_in_text_that_is_executed_is_130_as_well(tmp_path: Path) -> None:
    """Python remembers it, and ended by the signal once everything was said; `list` makes dataclasses all the time."""
    done = interrupted_at(tmp_path, "bench.wiring.common", words=("list",), executed=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "stopped\n")


@pytest.mark.parametrize("by", [signal.SIGHUP, signal.SIGTERM])
def test_every_signal_in_text_that_is_executed_has_its_own_exit_code(
    by: signal.Signals, tmp_path: Path
) -> None:
    """All of them become a KeyboardInterrupt: a run that SIGHUP stopped there ended by SIGINT instead."""
    run = ("run", "-k", "ov-step-cell17", "--repeat", "1", "--out", str(tmp_path / "runs"))
    done = interrupted_at(tmp_path, "bench.running.crew", words=run, executed=True, by=by)
    assert done.returncode == 128 + by, done.stderr


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
    (run,) = tmp_path.glob("*/")
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
    while not any(map(finished, tmp_path.glob("*/"))) and time.monotonic() < until:
        time.sleep(0.05)
    process.kill()
    process.communicate(timeout=30)  # to the end of the pipe
    until = time.monotonic() + 30
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < until:
            os.killpg(process.pid, 0)
            time.sleep(0.05)
    (run,) = tmp_path.glob("*/")
    assert not (run / "footer.json").exists()
