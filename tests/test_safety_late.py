"""What opens, or falls silent, where nobody looked at the contacts in time."""

import os
import random
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from small_bench import small_bench

from bench.config.safety import SafetyInput, Source
from bench.record.latch import why_latched
from bench.rig import safety_inputs
from bench.rig.safety_inputs import SILENT_NS, SafetyInputs, SafetyOpen
from bench.running.load import load_rig
from bench.scenario.by_hand import drive_by_hand
from bench.scenario.model import Start
from bench.timing.clock import Timebase
from bench.timing.simulated import SimulatedClock, run_simulated
from bench.trace import facts
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS
from bench.wiring.simulated import build_simulated


class Played:
    """Contacts in simulated time: the names of those that set the latch."""

    def __init__(self, *names: str) -> None:
        self.inputs = [SafetyInput(name=one, source=Source.PLAYED) for one in names]
        self.trace = Trace(timebase=Timebase.SIMULATED)
        self.latched: list[list[str]] = []

    def latch(self, _: str, contacts: Sequence[SafetyInput]) -> None:
        self.latched.append([one.name for one in contacts])

    def on(self, clock: SimulatedClock) -> SafetyInputs:
        return SafetyInputs(inputs=self.inputs, clock=clock, trace=self.trace, latch=self.latch)


@pytest.mark.parametrize("on_the_way", [False, True])
def test_what_opens_after_the_last_look_stops_the_rig(on_the_way: bool) -> None:
    one = Played("estop", "interlock")

    async def main(clock: SimulatedClock) -> None:
        safety = one.on(clock)
        async with safety.watched():
            await clock.sleep_until(clock.now_ns() + 12 * NS_PER_MS)
            if not on_the_way:
                safety.played("interlock").open_now()  # type: ignore[union-attr]
        await clock.sleep_until(clock.now_ns() + 3 * NS_PER_MS)
        if on_the_way:
            safety.played("interlock").open_now()  # type: ignore[union-attr]
        safety.outputs_are_off(confirmed=True)

    run_simulated(main)
    assert one.latched == [["interlock"]]
    (opened,), (off,) = one.trace.of(facts.SafetyOpened), one.trace.of(facts.SafetyOff)
    assert opened.fact.closed_before and (opened.fact.low_ns, opened.t_ns) == (10 * NS_PER_MS, 15 * NS_PER_MS)
    assert off.fact.within_ns == 5 * NS_PER_MS


def test_all_that_are_open_set_the_latch() -> None:
    one = Played("estop", "interlock")

    async def main(clock: SimulatedClock) -> None:
        safety = one.on(clock)
        with pytest.raises(ExceptionGroup):
            async with safety.watched():
                for name in ("interlock", "estop"):
                    safety.played(name).open_now()  # type: ignore[union-attr]
                await clock.sleep_until(clock.now_ns() + 12 * NS_PER_MS)
        safety.outputs_are_off(confirmed=False)

    run_simulated(main)
    assert one.latched == [["estop", "interlock"]] and len(list(one.trace.of(facts.SafetyOpened))) == 1


class Stepped:
    timebase = Timebase.HOST
    t_ns = 0

    def now_ns(self) -> int:
        return self.t_ns


@pytest.mark.parametrize("step_ms", [5, 51, 10_000])
def test_a_loop_that_is_slow_calls_a_hung_reader_silent_all_the_same(tmp_path: Path, step_ms: int) -> None:
    clock, file = Stepped(), tmp_path / "value"
    file.write_text("1\n")
    reader = safety_inputs._Reader(
        SafetyInput(name="estop", source=Source.GPIO, port=str(file)),
        clock,  # type: ignore[arg-type]
    )
    while not reader.look():
        time.sleep(0.001)
    os.mkfifo(tmp_path / "silent")
    (tmp_path / "silent").replace(file)
    newest = None
    while newest is not reader._newest:  # until its thread waits there
        newest = reader._newest
        time.sleep(0.05)
    reader.look()
    for _ in range(SILENT_NS // min(step_ms * NS_PER_MS, SILENT_NS // 2)):
        clock.t_ns += step_ms * NS_PER_MS
        assert reader.look(), "it may have been this process that stood still"
    clock.t_ns += step_ms * NS_PER_MS
    with pytest.raises(SafetyOpen, match="not read for"):
        reader.look()
    reader.end()
    descriptor = os.open(file, os.O_WRONLY | os.O_NONBLOCK)
    os.write(descriptor, b"1\n")
    os.close(descriptor)


def test_a_rig_by_hand_is_told_of_what_opened_after_its_last_request(tmp_path: Path) -> None:
    file = small_bench(tmp_path) / "hil_config.toml"
    file.write_text(f'{file.read_text()}\n[safety]\nestop = {{ played = "closed" }}\n')
    wired = load_rig(file, None, None, None)
    start = Start(mode="off", soc=None, current_a=0.0)

    async def main(clock: SimulatedClock) -> None:
        rig = build_simulated(wired, clock, None, random.Random(1), start)
        safety = rig.hardware.safety
        assert safety is not None

        async def serve() -> None:
            safety.played("estop").open_now()  # type: ignore[union-attr]

        trouble = await drive_by_hand(rig, wired.profile, start, serve)
        assert trouble is not None and "the contact is open" in trouble
        assert (
            len(list(rig.trace.of(facts.SafetyOff))) == 1 and why_latched(wired.config.record.rig) is not None
        )

    run_simulated(main)
