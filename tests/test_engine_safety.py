"""However a shot ends, the rig ends safe, and the trace says how: cancelled, failed, or torn from the bench."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bench.errors import InstrumentError
from bench.faults.catalogue.contactor_weld import ContactorWeld
from bench.instruments.scpi_cell_emulator import kind as emulator_kind
from bench.instruments.scpi_cell_emulator.sim import CellEmulatorSim
from bench.links.simulated_serial import SimulatedSerial
from bench.report.finding_words import reasons_words
from bench.rig.capabilities import Timers
from bench.rig.rig import Rig
from bench.running.shots import conclude_shot
from bench.scenario.engine import Attempt, fire
from bench.scenario.model import Inject
from bench.scenario.prepare import Prepared
from bench.timing.clock import Phase
from bench.timing.simulated import SimulatedClock, run_simulated
from bench.trace.events import Kind
from bench.units import NS_PER_MS, NS_PER_S
from bench.verdict.result import Verdict
from bench.wiring import instruments
from bench.wiring.common import Wired
from bench.wiring.simulated import build_simulated

TRIP = "ov-step-cell17"
CHARGE = "ov-charger-ignores-limit"


@dataclass(slots=True, kw_only=True)
class Bench:
    """A shot's rig, and behind the bench's back: its serial lines and emulators."""

    wired: Wired
    lines: list[SimulatedSerial] = field(default_factory=list)
    emulators: list[CellEmulatorSim] = field(default_factory=list)
    rig: Rig | None = None
    ended_ns: int = 0

    def play(
        self, shot: Attempt, meddle: Callable[["Bench", SimulatedClock, asyncio.Task[Any]], None]
    ) -> None:
        """Run the shot; `meddle` is called before it starts, to schedule what goes wrong."""

        async def main(clock: SimulatedClock) -> None:
            self.rig = build_simulated(self.wired, clock, None, random.Random(5))
            task = asyncio.current_task()
            assert task is not None
            meddle(self, clock, task)
            try:
                await fire(self.rig, shot)
            finally:
                self.ended_ns = clock.now_ns()

        run_simulated(main)

    def kinds(self) -> list[Kind]:
        assert self.rig is not None
        return [mark.kind for mark in self.rig.trace.marks]

    def reasons(self, kind: Kind) -> str:
        assert self.rig is not None
        return " | ".join(str(mark.fact) for mark in self.rig.trace.of_kind(kind))

    def assert_safe(self) -> None:
        """Everything off, seen from the hardware's side and not through the driver."""
        assert self.rig is not None and self.emulators
        vehicle = self.rig.plant.vehicle
        assert not self.emulators[-1].is_on
        assert max(self.emulators[-1].output_v(self.ended_ns)) < 0.1
        assert (vehicle.load_a, vehicle.charge_a, vehicle.mode_request) == (0.0, 0.0, 0)
        assert not self.rig.outputs.overrides_v
        assert not self.rig.dut.alive()


@pytest.fixture
def bench(wired: Wired, monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench(wired=wired)

    class KeptSerial(SimulatedSerial):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            made.lines.append(self)

    class KeptEmulator(CellEmulatorSim):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            made.emulators.append(self)

    monkeypatch.setattr(instruments, "SimulatedSerial", KeptSerial)
    monkeypatch.setattr(emulator_kind, "CellEmulatorSim", KeptEmulator)
    return made


def shot_of(wired: Wired, one: Prepared) -> Attempt:
    start = one.scenario.start
    return Attempt(profile=wired.profile, start=start, steps=one.steps, plan=one.plan, phase_ns=3 * NS_PER_MS)


def _instants(seed: int, count: int, end_ns: int) -> list[int]:
    """Spread over the shot, at odd instants by seeded luck; the very beginning is always there."""
    rng = random.Random(seed)
    stratum_ns = end_ns // count
    return [0, 1, *(number * stratum_ns + rng.randrange(stratum_ns) for number in range(count))]


@pytest.mark.parametrize("at_ns", _instants(1, 40, 3_900 * NS_PER_MS))
def test_cancelled_anywhere_the_shot_ends_aborted_and_safe(
    bench: Bench, prepared: dict[str, Prepared], at_ns: int
) -> None:
    def meddle(_: Bench, clock: SimulatedClock, task: asyncio.Task[Any]) -> None:
        clock.call_at(at_ns, Phase.TASK, lambda: task.cancel() and None)

    with pytest.raises(asyncio.CancelledError):
        bench.play(shot_of(bench.wired, prepared[TRIP]), meddle)
    kinds = bench.kinds()
    assert kinds[-2:] == [Kind.SAFE_STATE_REACHED, Kind.RUN_ENDED]
    assert kinds.index(Kind.ABORTED) < kinds.index(Kind.SAFE_STATE_REACHED)
    assert kinds.count(Kind.ABORTED) == kinds.count(Kind.RUN_ENDED) == 1
    assert bench.ended_ns - at_ns < NS_PER_S
    bench.assert_safe()


@pytest.mark.parametrize("at_ns", _instants(2, 8, 7 * NS_PER_S))
def test_cancelled_while_charging_and_again_on_the_way_to_the_safe_state(
    bench: Bench, prepared: dict[str, Prepared], at_ns: int
) -> None:
    def meddle(_: Bench, clock: SimulatedClock, task: asyncio.Task[Any]) -> None:
        for late_ns in (0, 1, 700_000, 3 * NS_PER_MS):
            clock.call_at(at_ns + late_ns, Phase.TASK, lambda: task.cancel() and None)

    with pytest.raises(asyncio.CancelledError):
        bench.play(shot_of(bench.wired, prepared[CHARGE]), meddle)
    assert bench.kinds()[-2:] == [Kind.SAFE_STATE_REACHED, Kind.RUN_ENDED]
    bench.assert_safe()


def test_a_fault_that_cannot_be_applied_is_an_error_of_the_bench_and_ends_safe(
    bench: Bench, prepared: dict[str, Prepared]
) -> None:
    shot = shot_of(bench.wired, prepared["weld-plus-at-opening"])
    # In standby every contactor is open: an open one cannot be welded closed, and the read-back says so.
    idle = replace(shot, start=replace(shot.start, mode="off", current_a=0.0))
    weld_first = replace(idle, steps=tuple(s for s in shot.steps if isinstance(s, Inject)))
    bench.play(weld_first, lambda *_: None)
    kinds = bench.kinds()
    assert Kind.STIMULUS_CONFIRMED not in kinds
    assert "only [] read back closed" in bench.reasons(Kind.ERROR)
    assert kinds[-2:] == [Kind.SAFE_STATE_REACHED, Kind.RUN_ENDED]
    bench.assert_safe()
    assert bench.rig is not None
    result = conclude_shot(bench.rig.trace, prepared["weld-plus-at-opening"], bench.wired, 0, 1, 0)
    assert result.judgement.verdict is Verdict.ERROR


@pytest.mark.parametrize("error", [InstrumentError("the relay card is silent"), ZeroDivisionError("a bug")])
def test_whatever_a_fault_raises_the_shot_ends_safe(
    bench: Bench, prepared: dict[str, Prepared], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def fails(self: ContactorWeld, timers: Timers) -> None:
        await timers.sleep_until(timers.now_ns() + 5 * NS_PER_MS)
        raise error

    monkeypatch.setattr(ContactorWeld, "apply", fails)
    shot = shot_of(bench.wired, prepared["weld-plus-at-opening"])
    bench.play(shot, lambda *_: None)
    told = bench.reasons(Kind.ERROR)
    assert str(error) in told
    if not isinstance(error, InstrumentError):  # a bug is shown as what it is, and where
        assert "ZeroDivisionError: a bug (in fails, " in told and "Traceback (most recent call last)" in told
    kinds = bench.kinds()
    assert Kind.STIMULUS_CLEARED in kinds, "a fault half applied is cleared"
    assert kinds[-2:] == [Kind.SAFE_STATE_REACHED, Kind.RUN_ENDED]
    bench.assert_safe()


@pytest.mark.parametrize("at_ns", _instants(3, 16, 3_900 * NS_PER_MS))
def test_a_serial_line_torn_anywhere_is_an_error_that_names_the_port(
    bench: Bench, prepared: dict[str, Prepared], at_ns: int
) -> None:
    one = prepared[TRIP]

    def meddle(made: Bench, clock: SimulatedClock, _: asyncio.Task[Any]) -> None:
        clock.call_at(at_ns, Phase.BUS, made.lines[0].tear)

    bench.play(shot_of(bench.wired, one), meddle)
    assert bench.rig is not None
    assert bench.kinds()[-2:] == [Kind.SAFE_STATE_MISSED, Kind.RUN_ENDED], (
        "it must not claim what it cannot see"
    )
    result = conclude_shot(bench.rig.trace, one, bench.wired, 0, 1, 0)
    assert result.judgement.verdict is Verdict.ERROR
    reasons = " | ".join(reasons_words(result.judgement))
    assert "simulated [cell emulator]" in reasons and "torn" in reasons
    assert bench.ended_ns < 8 * NS_PER_S
    # Nobody can switch it off any more: that is what its dead-man is for.
    dead_man_ns = bench.rig.outputs.dead_man_ns
    assert max(bench.emulators[0].output_v(bench.ended_ns + dead_man_ns + NS_PER_S)) < 0.1
    assert not bench.rig.dut.alive() and bench.rig.plant.vehicle.load_a == 0.0
