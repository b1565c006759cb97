"""Real time on loopback: parity with simulated time, and the way to the safe state when things are killed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from evidence import finished, result_of, text_of
from real_lane import in_real_time
from test_guard import a_free_port
from told import stored_words

from bench.codec.database import Database
from bench.lean_can import can
from bench.verdict.result import Verdict

ROOT = Path(__file__).parent.parent
pytestmark = [
    pytest.mark.real_time,
    pytest.mark.timeout(900),  # on a busy machine each process may have a tenth of a core
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="kernel stamps and /proc are Linux's"),
]


def run_json(out: Path, *words: str) -> dict[str, dict[str, object]]:
    """`hil run --json`: scenario id → result."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", "run", "--json", "--out", str(out), *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=400,
        stdin=subprocess.DEVNULL,
    )
    assert done.stdout, done.stderr
    return {one["scenario_id"]: one for one in json.loads(done.stdout)["scenarios"]}


# One of each kind, with its twins; the nightly job runs the whole library in real time, which takes half an hour.
IN_BOTH_TIMES = (
    "cells/ov_step_cell17",
    "isolation/insulation_loss_symmetric",
    "contactors/weld_plus_at_opening",
    "healthy/healthy_drive",
)


@pytest.mark.timeout(600)
@pytest.mark.slow
def test_real_and_simulated_time_come_to_the_same_verdicts(tmp_path: Path) -> None:
    some = [f"scenarios/{name}.toml" for name in IN_BOTH_TIMES]
    simulated = run_json(tmp_path, "--repeat", "1", *some)
    assert {result["judgement"]["verdict"] for result in simulated.values()} == {"PASS"}  # type: ignore[index]
    real = in_real_time(lambda shots: run_json(tmp_path, "--time", "real", "--repeat", str(shots), *some))
    assert len(real) > len(some), "with their twins"
    assert real.keys() == simulated.keys()
    assert {result["timebase"] for result in simulated.values()} == {"simulated"}
    assert {result["timebase"] for result in real.values()} == {"host"}


class SpokenBy:
    """How often a message has come: what a DUT sends every 10 ms."""

    def __init__(self, bus: can.BusABC, can_id: int) -> None:
        self._bus, self._can_id, self._times = bus, can_id, 0

    def times(self) -> int:
        while (heard := self._bus.recv(0)) is not None:
            self._times += heard.arbitration_id == self._can_id
        return self._times


class Running:
    """A real-time `hil run` in the middle of its first shot, on buses of its own, and the processes it has started."""

    def __init__(self, out: Path) -> None:
        self.out = out
        folder = out.with_name("bench")
        for name in ("dbc", "scenarios"):
            shutil.copytree(ROOT / name, folder / name)
        text = (ROOT / "hil_config.toml").read_text(encoding="utf-8")
        ports = {shared: a_free_port() for shared in ("43113", "43114")}
        for shared, own in ports.items():
            assert shared in text
            text = text.replace(shared, str(own))
        (folder / "hil_config.toml").write_text(text, encoding="utf-8")
        with can.Bus(
            interface="udp_multicast", channel="239.74.163.2", port=ports["43113"], hop_limit=0
        ) as bus:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bench", "run", "--time", "real", "-k", "ov-step-cell17--inside",
                 "--repeat", "2", "--out", str(out)],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )  # fmt: skip
            until(lambda: len(self.children()) == 2, "rack and DUT to start", 240.0)
            self.started = self.children()
            state = Database.load(ROOT / "dbc" / "bms.dbc")["BMS_State"].can_id
            spoken = SpokenBy(bus, state)
            until(lambda: spoken.times() >= 100, "the DUT in its shot", 240.0)

    def children(self) -> dict[int, str]:
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                    words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                except (OSError, ValueError):
                    continue
                if parent == self.process.pid:
                    found[int(entry.name)] = words
        return found

    def folder(self) -> Path:
        (folder,) = (one for one in self.out.iterdir() if one.is_dir())  # beside it lies the results database
        return folder


def until(reached: Callable[[], bool], what: str, timeout_s: float = 120.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not reached():
        assert time.monotonic() < deadline, f"waited {timeout_s} s for {what}"
        time.sleep(0.05)


def gone(pids: dict[int, str]) -> bool:
    def ended(pid: int) -> bool:
        try:
            return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            return True

    return all(ended(pid) for pid in pids)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    run = Running(tmp_path / "runs")
    yield run
    if run.process.poll() is None:
        run.process.kill()
        run.process.communicate()


def last_marks(folder: Path) -> list[str]:
    (shot,) = finished(folder)  # the first that was fired, whatever its number: the order is shuffled
    lines = text_of(shot)
    return [json.loads(line)[2] for line in lines[1:-1]]


_slow = pytest.mark.slow


@pytest.mark.parametrize(
    "sent",
    [pytest.param(signal.SIGINT, marks=_slow), signal.SIGTERM, pytest.param(signal.SIGHUP, marks=_slow)],
)
def test_a_stopped_run_ends_in_the_safe_state_and_is_recorded_as_aborted(
    running: Running, sent: signal.Signals
) -> None:
    running.process.send_signal(sent)
    said, _ = running.process.communicate(timeout=240)
    assert running.process.returncode == 128 + sent, said
    assert "aborted" in said and "Traceback" not in said
    marks = last_marks(running.folder())
    assert marks[-2:] == ["safe_state_reached", "run_ended"]
    assert "aborted" in marks
    assert not (running.folder() / "footer.json").exists()
    until(lambda: gone(running.started), "rack and DUT to end")


@pytest.mark.parametrize(("by", "verdict"), [(signal.SIGKILL, Verdict.ERROR), (signal.SIGSEGV, Verdict.FAIL)])
def test_a_dut_that_crashes_fails_and_one_that_is_killed_is_an_error(
    running: Running, by: signal.Signals, verdict: Verdict
) -> None:
    (dut,) = [pid for pid, words in running.started.items() if "reference_bms" in words]
    os.kill(dut, by)
    until(
        lambda: bool(finished(running.folder())),
        "the shot's result",
    )
    result = result_of(finished(running.folder())[0])
    told = " ".join(stored_words(result["judgement"]))
    assert Verdict[result["judgement"]["verdict"]] is verdict, told
    assert f"ended by itself (signal {by.value}" in told
    assert "safe_state_reached" in last_marks(running.folder())


def test_a_killed_bench_leaves_no_process_and_a_readable_prefix(running: Running) -> None:
    from bench.record.folder import open_run

    running.process.kill()
    running.process.communicate()
    # The rack lives on until its dead-man has driven the outputs to safety (2 s) and nobody has come back (3 s).
    until(lambda: gone(running.started), "the rack's dead-man and the DUT's end")
    opened = open_run(running.folder())
    assert opened.aborted and opened.header["scenarios"] == ["ov-step-cell17--inside"]
