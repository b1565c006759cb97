"""Real instruments without a dead-man: a bench that is killed or hangs leaves them off, read back, and says so."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.config.bench_file import load_bench
from bench.record.poison import marker_of

ROOT = Path(__file__).resolve().parents[1]
SCENARIO = "ov-step-cell17--inside"
pytestmark = pytest.mark.timeout(
    900
)  # on a busy machine it starts four processes, each with a tenth of a core


def until(met: Callable[[], bool], what: str, seconds: float = 240.0) -> None:
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, f"waited {seconds:g} s for {what}"
        time.sleep(0.02)


def a_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Desk:
    """A rack of Bloomy ABS started by hand, and a bench in real time that knows its port only."""

    def __init__(self, folder: Path, guard: str = "") -> None:
        for name in ("dbc", "scenarios"):
            shutil.copytree(ROOT / name, folder / name)
        text = (ROOT / "docs/benches/bloomy_abs.toml").read_text(encoding="utf-8").replace("../../", "")
        text = text.replace('mode = "simulated"', 'mode = "real"')
        for port in ("43113", "43114"):
            text = text.replace(port, str(a_free_port()))
        self.config = folder / "hil_config.toml"
        self.config.write_text(text, encoding="utf-8")
        self._log = folder / "rack.jsonl"
        words = [sys.executable, "-m", "bench", "play", "cells", "--config", str(self.config)]
        self.rack = subprocess.Popen([*words, "--log", str(self._log)], stdout=subprocess.PIPE, text=True)
        assert self.rack.stdout is not None
        self.port = json.loads(self.rack.stdout.readline())["port"]
        text = text.replace('port = "virtual"', f'port = "{self.port}"')
        self.config.write_text(text + guard, encoding="utf-8")
        self.bench: subprocess.Popen[str] | None = None

    def run(self) -> subprocess.Popen[str]:
        words = [sys.executable, "-m", "bench", "run", "--config", str(self.config)]
        words += ["-k", SCENARIO, "--repeat", "3"]
        self.bench = subprocess.Popen(
            words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        return self.bench

    @property
    def on(self) -> bool:
        lines = self._log.read_text(encoding="utf-8").splitlines() if self._log.exists() else []
        return bool(lines) and bool(json.loads(lines[-1])["on"])

    def note(self) -> dict[str, Any] | None:
        for path in (self.config.parent / "runs").glob("*.guard.json"):
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8") or "null")
            return found
        return None

    def close(self) -> None:
        for process in (self.bench, self.rack):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait(10)
            for pipe in (process.stdout, process.stderr) if process is not None else ():
                if pipe is not None:
                    pipe.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Callable[[str], Desk]]:
    made: list[Desk] = []

    def make(guard: str = "") -> Desk:
        made.append(Desk(tmp_path, guard))
        return made[-1]

    yield make
    for one in made:
        one.close()


def in_mid_shot(desk: Desk) -> subprocess.Popen[str]:
    bench = desk.run()
    until(lambda: desk.on or bench.poll() is not None, "outputs on")
    assert bench.poll() is None, bench.stderr.read() if bench.stderr else ""
    time.sleep(0.3)  # the plant is followed now: commands are on their way when the blow falls
    return bench


def guards_of(bench: subprocess.Popen[str]) -> list[int]:
    children = Path(f"/proc/{bench.pid}/task/{bench.pid}/children").read_text().split()
    return [int(pid) for pid in children if b"guard_process" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_a_killed_bench_leaves_outputs_off_by_its_guard(desk: Callable[[str], Desk]) -> None:
    one = desk("")
    in_mid_shot(one).kill()
    until(lambda: not one.on, "outputs off")
    until(lambda: one.note() is not None, "the guard's note")
    note = one.note()
    assert note is not None and note["off_by_readback"] == ["cells"] and not note["trouble"]
    assert "ended while outputs could be on" in note["why"]


@pytest.mark.slow
def test_a_hung_bench_is_killed_by_its_guard_and_outputs_go_off(desk: Callable[[str], Desk]) -> None:
    one = desk('\n[guard]\nhang = "1 s"\n')
    bench = in_mid_shot(one)
    os.kill(bench.pid, signal.SIGSTOP)
    until(lambda: not one.on, "outputs off")
    assert bench.wait(10) == -signal.SIGKILL
    until(lambda: one.note() is not None, "the guard's note")
    note = one.note()
    assert note is not None and note["off_by_readback"] == ["cells"]
    assert "was silent for" in note["why"]


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGSTOP, signal.SIGKILL])
def test_a_guard_that_hangs_or_is_killed_is_noticed_and_nothing_is_driven_without_it(
    sent: signal.Signals, desk: Callable[[str], Desk]
) -> None:
    one = desk('\n[guard]\nhang = "1 s"\n')
    bench = in_mid_shot(one)
    (guard,) = guards_of(bench)
    os.kill(guard, sent)
    _, told = bench.communicate(timeout=240)
    assert bench.returncode == 3, told
    assert not one.on and one.note() is None
    until(lambda: not Path(f"/proc/{guard}").exists(), "the guard's end")
    reasons = [
        reason
        for file in sorted((one.config.parent / "runs").glob("*/result.json"))
        for scenario in json.loads(file.read_text(encoding="utf-8"))["scenarios"]
        for shot in scenario["shots"]
        for reason in shot["judgement"]["reasons"]
    ]
    words = "has not answered for" if sent is signal.SIGSTOP else "ended by itself"
    assert sum(words in json.dumps(reason) for reason in reasons) >= 2, (
        reasons
    )  # the shot in hand, and those after


@pytest.mark.slow
def test_an_instrument_that_is_gone_with_the_bench_poisons_the_rig(desk: Callable[[str], Desk]) -> None:
    one = desk("")
    bench = in_mid_shot(one)
    os.kill(bench.pid, signal.SIGSTOP)  # or it would notice that its instrument is gone
    one.rack.kill()
    bench.kill()
    until(lambda: one.note() is not None, "the guard's note")
    note = one.note()
    assert note is not None and not note["off_by_readback"] and one.port in note["trouble"]
    marker = marker_of(load_bench(one.config).record.rig)
    assert "ended while outputs could be on" in marker.read_text(encoding="utf-8")
    refused = subprocess.run(
        [sys.executable, "-m", "bench", "run", "--config", str(one.config), "-k", SCENARIO],
        capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert refused.returncode == 3 and "poisoned" in refused.stderr


@pytest.mark.slow
def test_an_orderly_end_leaves_no_note_and_no_guard(desk: Callable[[str], Desk]) -> None:
    one = desk("")
    bench = in_mid_shot(one)
    guards = guards_of(bench)
    assert len(guards) == 1
    bench.terminate()
    assert bench.wait(240) == 128 + signal.SIGTERM
    assert not one.on and one.note() is None
    until(lambda: not Path(f"/proc/{guards[0]}").exists(), "the guard's end")
