"""A process may log what it likes on either output: it is read all the time, and none of it can hold up the bench."""

import asyncio
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bench.config.dut_life import DutConfig, LifeCommand
from bench.dut import process
from bench.dut.board import run_command
from bench.dut.process import ProcessDut
from bench.errors import DutCrashed, DutError
from bench.timing.host import HostClock, run_on_host

READY = "import os, signal, sys, time\nprint('ready', flush=True)\n"
DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
SPEWS = "while True: os.write({}, b'z' * 200 + b'\\n')\n"


def dut_of(script: str, *, says_ready: bool = True) -> ProcessDut:
    return ProcessDut([sys.executable, "-c", READY + script], "DUT", says_ready=says_ready)


@pytest.fixture
def left_over(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the interpreter prints of an object that could not be cleaned up: "Event loop is closed"."""
    heard: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", heard.append)
    return heard


def in_real_time(main: Callable[[], Awaitable[object]]) -> None:
    async def run(clock: HostClock) -> None:
        async with asyncio.timeout(8):
            await main()

    run_on_host(run)
    gc.collect()


@pytest.mark.parametrize("says_ready", [True, False])
@pytest.mark.parametrize("descriptor", [1, 2])
def test_a_process_that_logs_a_lot_runs_on(says_ready: bool, descriptor: int, left_over: list[Any]) -> None:
    script = f"for _ in range(20): os.write({descriptor}, b'z' * 100_000 + b'\\n')\n"
    script += f"os.write({descriptor}, b'no\\tfuse\\n'); sys.exit(3)"
    how = []

    async def main() -> None:
        dut = dut_of(script, says_ready=says_ready)
        await dut.start()
        try:
            while not dut.died():
                await asyncio.sleep(0.005)
            how.append(dut.how())
        finally:
            await dut.stop()

    in_real_time(main)
    assert how == [" (exit code 3; its last words: no fuse)"]
    assert not left_over


def test_that_it_is_ready_is_no_last_word_and_stderr_goes_before_stdout() -> None:
    how = []

    async def main() -> None:
        for script in ("sys.exit(1)", "print('out'); print('err', file=sys.stderr); sys.exit(1)"):
            dut = dut_of(script)
            await dut.start()
            while not dut.died():
                await asyncio.sleep(0.005)
            how.append((dut.first_line, dut.how()))
            await dut.stop()

    in_real_time(main)
    assert how == [("ready", " (exit code 1)"), ("ready", " (exit code 1; its last words: err)")]


@pytest.mark.parametrize("descriptor", [1, 2])
def test_a_process_that_never_stops_talking_is_killed_and_holds_nothing_up(
    descriptor: int, left_over: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_STOP_TIMEOUT_S", 0.1)
    turns, codes = [], []
    kept: list[int] = []

    async def main() -> None:
        dut = dut_of(DEAF + SPEWS.format(descriptor))
        await dut.start()
        words = dut._words
        for _ in range(10):
            await asyncio.sleep(0.01)
            turns.append(dut.alive())
            kept.extend(len(one.text()) for one in words)
        running = dut._process
        await dut.stop()
        assert running is not None
        codes.append(running.returncode)

    in_real_time(main)
    assert turns == [True] * 10 and 0 < max(kept) <= 4096 and codes == [-9]
    assert not left_over


def test_a_stop_that_is_cancelled_leaves_neither_a_process_nor_a_traceback(left_over: list[Any]) -> None:
    pids: list[int | None] = []

    async def main() -> None:
        dut = dut_of(DEAF + SPEWS.format(1))
        await dut.start()
        pids.append(dut.pid)
        stop = asyncio.ensure_future(dut.stop())
        await asyncio.sleep(0.05)
        stop.cancel()
        await asyncio.wait({stop})

    in_real_time(main)
    until_s = time.monotonic() + 5
    while (state := _state_of(pids[0])) not in ("", "Z") and time.monotonic() < until_s:
        time.sleep(0.01)
    assert state in ("", "Z")
    assert not left_over


def _state_of(pid: int | None) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def test_a_process_whose_child_keeps_its_outputs_is_stopped_all_the_same(left_over: list[Any]) -> None:
    took_s = []

    async def main() -> None:
        dut = dut_of("if not os.fork(): time.sleep(3); os._exit(0)\ntime.sleep(60)")
        await dut.start()
        before_s = time.monotonic()
        await dut.stop()
        took_s.append(time.monotonic() - before_s)

    in_real_time(main)
    assert took_s[0] < 1.5 and not left_over


def test_a_process_that_only_closes_its_output_before_it_is_ready_is_told_in_time() -> None:
    async def main() -> None:
        words = [sys.executable, "-c", "import os, time; os.close(1); time.sleep(60)"]
        dut = ProcessDut(words, "DUT", ready_ns=300_000_000)
        with pytest.raises(DutError, match=r"not ready within 0\.3 s") as error:
            await dut.start()
        assert not isinstance(error.value, DutCrashed)

    in_real_time(main)


def run_of(script: str, timeout_ns: int) -> None:
    config = DutConfig(profile=Path("x"), firmware="x", start="external", folder=Path.cwd())
    command = LifeCommand(
        words=(sys.executable, "-c", "import os, sys, time\n" + script), timeout_ns=timeout_ns
    )
    in_real_time(lambda: run_command(command, {}, config, "flash"))


def test_a_command_that_talks_without_end_is_over_at_its_time_out(left_over: list[Any]) -> None:
    with pytest.raises(DutError, match=r"flash: not done within 300\.0 ms"):
        run_of(SPEWS.format(1), 300_000_000)
    gc.collect()
    assert not left_over


def test_a_command_is_done_when_it_has_ended_whatever_it_leaves_behind() -> None:
    before_s = time.monotonic()
    run_of("if not os.fork(): time.sleep(30); os._exit(0)", 7_000_000_000)
    assert time.monotonic() - before_s < 8  # a busy machine may start it late


def test_a_command_that_fails_after_many_words_is_told_with_the_last_of_them() -> None:
    with pytest.raises(DutError, match=r"exit code 4.*it said: z+ no probe$"):
        run_of("os.write(1, b'z' * 1_000_000); os.write(2, b' no probe'); sys.exit(4)", 5_000_000_000)


def test_a_guard_switches_off_with_a_driver_that_prints_though_nobody_reads(tmp_path: Path) -> None:
    script = """
import sys
from bench.wiring import guard_process

async def ended(*_): return True, "a test"

async def switch_off(*_):
    for _ in range(20): print("z" * 100_000, flush=True)
    return ["cells"]

guard_process.ended, guard_process.switch_off = ended, switch_off
guard_process.poison = lambda *_: None
sys.exit(guard_process.main())
"""
    config = Path(__file__).resolve().parents[1] / "docs/benches/bloomy_abs.toml"
    note = tmp_path / "note.json"
    facts = {"config": str(config), "record": str(tmp_path), "note": str(note)}
    words = [sys.executable, "-c", script, json.dumps({**facts, "hang_ns": 10**9, "bench": os.getpid()})]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as guard:
        assert guard.stdout is not None and guard.stdout.readline() == b"watching\n"
        guard.stdout.close()
        assert guard.wait(10) == 0
    told = json.loads(note.read_text(encoding="utf-8"))
    assert (told["off_by_readback"], told["trouble"]) == (["cells"], "")
