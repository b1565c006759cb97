"""A rig in the hands of a script: what it can be asked, what is kept, and that every way out is safe."""

import asyncio
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from forked import forked_in_place_of
from small_bench import ONE, small_bench

from bench import Bench, BenchError, CalledWrongly, HandRig, ShotDone, Stopped
from bench.door import apart
from bench.errors import RecordError
from bench.record.folder import verify_run
from bench.record.latch import latch_of
from bench.record.shot import marks_of
from bench.stored.cut_short import complete_cut_short
from bench.trace.facts import Aborted, SafeStateReached, StimulusCleared, StimulusConfirmed

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench.open(small_bench(tmp_path_factory.mktemp("door")) / "hil_config.toml")


@pytest.fixture
def forked_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process apart is forked, for whom it is a new interpreter in other tests here."""
    forked_in_place_of(apart, monkeypatch)


def kept(folder: Path, fact: type) -> list[Any]:
    return [mark.fact for mark in marks_of(folder / "scenarios" / "by-hand" / "shot-000", fact)]


WRONG: dict[str, Callable[[HandRig], Any]] = {
    "found cell 97; expected 1 to 96": lambda rig: rig.set_cell_voltage(97, 4.0),
    "inject: found 3; expected the name of a fault": lambda rig: rig.inject(3),
    "inject: found 'duration'; expected ttl_s": lambda rig: rig.inject("clamp_loss", duration="1 s"),
    "ttl_s: found 0; expected a time above 0 s": lambda rig: rig.inject("clamp_loss", ttl_s=0),
    "signal: found None; expected a role": lambda rig: rig.signal(None),
    "request: found 3; expected a mode": lambda rig: rig.request(3),
    "inject cell_voltage: voltage: found no 'voltage'; expected one": lambda rig: rig.inject(
        "cell_voltage", cells=[1]
    ),
    "found no fault 'cell_voltge'.*did you mean 'cell_voltage'": lambda rig: rig.inject("cell_voltge"),
    "found no signal 'stat'.*did you mean 'state'": lambda rig: rig.signal("stat"),
    "found mode 'fly'; expected one of": lambda rig: rig.request("fly"),
    "found no fault 77": lambda rig: rig.clear(77),
    "found cell 0; expected 1 to 96": lambda rig: rig.measure_cells([0]),
    "wait: found nan; expected a finite number": lambda rig: rig.wait(math.nan),
    "wait: found -1; expected a time from 0 s on": lambda rig: rig.wait(-1),
    "voltage_v: found nan; expected a finite number": lambda rig: rig.set_cell_voltage(1, math.nan),
    "voltage_v: found '4.1'; expected a finite number": lambda rig: rig.set_cell_voltage(1, "4.1"),
    "draw: found inf; expected a finite number": lambda rig: rig.draw(math.inf),
    "ttl_s: found nan; expected a finite number": lambda rig: rig.set_cell_voltage(1, 3.5, ttl_s=math.nan),
    "inject: found an argument that is no plain value": lambda rig: rig.inject(
        "cell_voltage", cells=lambda: 1
    ),
}


def test_a_cell_is_set_read_and_let_go_and_all_of_it_is_kept(bench: Bench) -> None:
    async def main() -> HandRig:
        async with bench.rig(mode="drive") as rig:
            assert (await rig.state(), rig.folder) == ("drive", None)
            (folder,) = bench.wired.config.record.folder.glob("*-by-hand")
            with pytest.raises(RecordError, match="is being written just now"):
                complete_cut_short(folder)
            began_ns = await rig.now_ns()
            put = await rig.set_cell_voltage(17, 4.1)
            assert began_ns <= put.low_ns < put.high_ns and float(put.readback.split()[0]) == pytest.approx(
                4.1, abs=0.001
            )
            at_ns = await rig.now_ns()
            assert await rig.wait(0.25) == at_ns + 250_000_000
            forced, other = await rig.measure_cells([17, 18])
            assert forced == pytest.approx(4.1, abs=0.001) and other < 4.0
            assert await rig.signal("state") == bench.wired.profile.states["drive"]
            await rig.clear(put)
            await rig.wait(0.25)
            assert (await rig.measure_cells([17]))[0] == pytest.approx(other, abs=0.05)
            for words, ask in WRONG.items():
                with pytest.raises(CalledWrongly, match=words):
                    await ask(rig)
            await rig.open_sense_wire(3)
            await rig.wait(3)
            assert await rig.state() == "error"
        return rig

    rig = asyncio.run(main())
    assert rig.folder is not None and rig.trouble is None
    footer, altered = verify_run(rig.folder)
    assert footer is not None and altered == ()
    assert [one.step for one in kept(rig.folder, StimulusConfirmed)] == [1, 2]
    assert len(kept(rig.folder, StimulusCleared)) == 2  # the second on the way to safety
    assert [one.readback for one in kept(rig.folder, SafeStateReached)] == [True]


@pytest.mark.usefixtures("forked_apart")
def test_an_exception_in_the_block_goes_on_after_the_safe_state(bench: Bench) -> None:
    rig = bench.rig()

    async def main() -> None:
        async with rig:
            await rig.set_cell_voltage(2, 4.2)
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        asyncio.run(main())
    assert rig.folder is not None and kept(rig.folder, SafeStateReached) and not kept(rig.folder, Aborted)


@pytest.mark.usefixtures("forked_apart")
def test_a_rig_is_asked_inside_its_block_only(bench: Bench) -> None:
    async def main() -> None:
        rig = bench.rig(mode="fly")
        with pytest.raises(CalledWrongly, match=r"expected `async with bench\.rig"):
            await rig.state()
        with pytest.raises(BenchError, match="found mode 'fly'; expected one of off, drive, charge"):
            await rig.__aenter__()
        with pytest.raises(CalledWrongly, match="entered twice"):
            await rig.__aenter__()

    asyncio.run(main())


@pytest.mark.usefixtures("forked_apart")
def test_inside_a_loop_a_run_is_made_apart(bench: Bench) -> None:
    events: list[object] = []

    async def main() -> None:
        run = await bench.run_async(ONE, repeat=1, progress=events.append)
        assert run.passed and run.folder.is_dir()
        assert [one.result for one in events if isinstance(one, ShotDone)] == list(run.scenarios[0].shots)
        with pytest.raises(BenchError, match="found no scenario 'nix'"):
            await bench.shoot_async("nix")

    asyncio.run(main())


@pytest.mark.slow
def test_a_run_apart_that_is_cancelled_keeps_what_had_finished(bench: Bench, tmp_path: Path) -> None:
    async def main() -> None:
        done = asyncio.Event()
        task = asyncio.ensure_future(
            bench.run_async(
                ONE, repeat=5000, out=tmp_path, progress=lambda one: isinstance(one, ShotDone) and done.set()
            )
        )
        await done.wait()
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())
    (folder,) = (one for one in tmp_path.iterdir() if one.is_dir())  # beside it lies the results database
    found = bench.rejudge(folder).found
    assert found.aborted and found.shots >= 1


SCRIPT = """
import asyncio, sys, time
from bench import Bench
async def main():
    async with Bench.open(sys.argv[1], time=sys.argv[2]).rig(mode="drive") as rig:
        await rig.set_cell_voltage(17, 4.1)
        print("up", flush=True)
        {ending}
asyncio.run(main())
"""
ENDINGS = {
    "struck while it waits": ("await rig.wait(1e6)", signal.SIGINT),
    "killed": ("time.sleep(60)", signal.SIGKILL),
    "told to end": ("time.sleep(60)", signal.SIGTERM),
}


@pytest.mark.slow
@pytest.mark.parametrize("how", ENDINGS)
def test_a_script_that_ends_anyhow_leaves_a_safe_rig(bench: Bench, how: str) -> None:
    ending, one = ENDINGS[how]
    line = [sys.executable, "-c", SCRIPT.format(ending=ending), str(bench.config), "simulated"]
    before = set(bench.wired.config.record.folder.glob("*-by-hand"))
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)
    assert process.stdout is not None and process.stdout.readline() == "up\n"
    (folder,) = set(bench.wired.config.record.folder.glob("*-by-hand")) - before
    time.sleep(0.2)
    os.kill(process.pid, one)
    process.communicate(timeout=30)
    until_s = time.monotonic() + 20
    while not (folder / "footer.json").is_file() and time.monotonic() < until_s:
        time.sleep(0.05)
    assert [fact.readback for fact in kept(folder, SafeStateReached)] == [True]


def a_bench(folder: Path, *changes: tuple[str, str], safety: str = "", time: str | None = None) -> Bench:
    """A bench of its own, with changes to its file."""
    file = small_bench(folder) / "hil_config.toml"
    text = file.read_text()
    for found, wanted in changes:
        assert found in text
        text = text.replace(found, wanted, 1)
    file.write_text(text + safety)
    return Bench.open(file, time=time)


ESTOP = '\n[safety]\nestop = { played = "open", after = "2 s" }\n'
OPEN = "emergency stop: .* the contact is open"


@pytest.mark.usefixtures("forked_apart")
@pytest.mark.parametrize("asked", [True, False], ids=["asked once more", "left"])
def test_an_emergency_stop_is_told_also_after_a_request_that_was_cut_short(
    tmp_path: Path, asked: bool
) -> None:
    rig = a_bench(tmp_path, safety=ESTOP).rig(mode="drive")

    async def main() -> None:
        async with rig:
            await rig.set_cell_voltage(17, 4.1)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(rig.wait(1e6), 0.001)
            while asked:
                await rig.state()
            while not latch_of(tmp_path / "runs").is_file():
                await asyncio.sleep(0.01)

    with pytest.raises(BenchError, match=OPEN):
        asyncio.run(main())
    assert rig.folder is not None and [one.readback for one in kept(rig.folder, SafeStateReached)] == [True]


@pytest.mark.real_time
@pytest.mark.usefixtures("forked_apart")
def test_a_rig_that_cannot_come_up_says_why(tmp_path: Path) -> None:
    nowhere = ('channel = "239.74.163.2", port = 43113, hop_limit = 0', 'channel = "nocan0"')
    bench = a_bench(
        tmp_path, ('interface = "udp_multicast"', 'interface = "socketcan"'), nowhere, time="real"
    )

    async def main() -> None:
        async with bench.rig():
            pass

    with pytest.raises(BenchError, match="CAN 'vehicle' socketcan"):
        asyncio.run(main())


@pytest.mark.slow
@pytest.mark.real_time
def test_in_real_time_every_way_out_is_safe_too(tmp_path: Path) -> None:
    bench = a_bench(tmp_path / "bench", safety=ESTOP.replace("2 s", "20 s"), time="real")
    struck = [sys.executable, "-c", SCRIPT.format(ending="await rig.wait(1e6)"), str(bench.config), "real"]
    process = subprocess.Popen(struck, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)
    assert process.stdout is not None and process.stdout.readline() == "up\n"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    (of_struck,) = bench.wired.config.record.folder.glob("*-by-hand")

    left: list[HandRig] = [bench.rig(mode="drive") for _ in range(2)]

    async def raised() -> None:
        async with left[0] as rig:
            await rig.set_cell_voltage(17, 4.1)
            raise LookupError("mine")

    async def stopped() -> None:
        async with left[1] as rig:
            await rig.set_cell_voltage(17, 4.1)
            await rig.wait(60)

    with pytest.raises(LookupError, match="mine"):
        asyncio.run(raised())
    with pytest.raises(BenchError, match=OPEN):
        asyncio.run(stopped())
    with pytest.raises(BenchError, match="this rig was stopped and is not driven"):
        asyncio.run(bench.rig().__aenter__())
    for folder in (of_struck, *(one.folder for one in left)):
        assert folder is not None and verify_run(folder)[1] == ()
        assert [one.readback for one in kept(folder, SafeStateReached)] == [True]
        assert len(kept(folder, StimulusCleared)) == 1


@pytest.mark.slow
def test_the_console_is_the_same_at_a_prompt(bench: Bench) -> None:
    typed = "await rig.state()\nput = await rig.set_cell_voltage(17, 4.1)\nawait rig.signal('nix')\nput.number\n1 / 0\n"
    line = [sys.executable, "-m", "bench", "console", "--config", str(bench.config), "--mode", "drive"]
    done = subprocess.run(
        line, input=typed, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "'drive'" in done.stdout and "1\n" in done.stdout
    assert "signal: found no signal 'nix'" in done.stderr and "ZeroDivisionError" in done.stderr
    folder = Path(done.stderr.splitlines()[-1].split()[-1])
    assert kept(folder, SafeStateReached)


def test_stopped_is_a_keyboard_interrupt() -> None:
    assert issubclass(Stopped, KeyboardInterrupt)
