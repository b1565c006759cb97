"""What every pack supply promises."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar, Protocol

import pytest

from bench.errors import InstrumentError
from bench.instruments.ports import PackSupply
from bench.testing.desk import Desk
from bench.testing.suite import SwitchedOff
from bench.units import NS_PER_MS


class PlayedPackSupply(Protocol):
    """A supply's simulator, with a battery at its terminals."""

    @property
    def on(self) -> bool:
        """Whether its output is on."""

    def terminals(self, now_ns: int) -> tuple[float, float]:
        """(V, A) at the terminals; positive current flows out of the supply."""


Supplies = Desk[PackSupply, PlayedPackSupply]


class SupplySuite(SwitchedOff[PackSupply, PlayedPackSupply]):
    """A supply, and a simulator with a stiff battery of a voltage between `below_v` and `above_v` at its terminals.

    Needed of the simulator, or skipped: `stick(1, now_ns)`, of its output.
    Keys of `told`: torn, beyond. `named`: a regular expression that its name holds.
    """

    above_v: ClassVar[float] = 362.0
    below_v: ClassVar[float] = 350.0
    source_a: ClassVar[float] = 10.0
    sink_a: ClassVar[float] = 5.0
    beyond_v: ClassVar[float] = 520.0  # more than it gives
    near_a: ClassVar[float] = 0.2
    near_v: ClassVar[float] = 0.2
    off_a: ClassVar[float] = 0.2  # what may still be read while it is off
    settle_ns: ClassVar[int] = 30 * NS_PER_MS  # from a command to its effect
    named: ClassVar[str] = "."

    def identify(self, driver: PackSupply) -> Awaitable[str]:
        return driver.identify()

    def verbs(self) -> Mapping[str, Callable[[PackSupply], Awaitable[object]]]:
        return {
            **super().verbs(),
            "limit": lambda supply: supply.limit(
                voltage_v=self.above_v, source_a=self.source_a, sink_a=self.sink_a
            ),
            "output(True)": lambda supply: supply.output(True),
            "output(False)": lambda supply: supply.output(False),
            "measure": lambda supply: supply.measure(),
        }

    async def ask(self, driver: PackSupply) -> object:
        return await driver.measure()

    async def safe(self, driver: PackSupply) -> None:
        await driver.safe()

    async def _flows(self, desk: Supplies, voltage_v: float, current_a: float) -> None:
        """Hold `voltage_v`: the battery is stiff, so the limit is what flows."""
        supply, clock = desk.driver, desk.clock
        await supply.limit(voltage_v=voltage_v, source_a=self.source_a, sink_a=self.sink_a)
        await supply.output(True)
        await clock.sleep_until(clock.now_ns() + self.settle_ns)
        assert desk.sim.on
        seen = await supply.measure()
        true_v, true_a = desk.sim.terminals(clock.now_ns())
        assert true_a == pytest.approx(current_a, abs=self.near_a), "the limit reached the terminals"
        assert seen.current_a == pytest.approx(true_a, abs=self.near_a)
        assert seen.voltage_v == pytest.approx(true_v, abs=self.near_v)
        assert seen.power_w == pytest.approx(true_v * true_a, rel=0.05)

    def test_it_sources_sinks_and_goes_off(self, lane: str) -> None:
        async def check(desk: Supplies) -> None:
            supply = desk.driver
            assert re.search(self.named, await supply.identify())
            assert not desk.sim.on, "asked for its name, and on"
            await self._flows(desk, self.above_v, self.source_a)
            await self._flows(desk, self.below_v, -self.sink_a)
            await supply.safe()
            assert not desk.sim.on
            assert (await supply.measure()).current_a == pytest.approx(0.0, abs=self.off_a)
            await supply.safe()  # a second way to the safe state is as good as the first

        self.hold(check, lane)

    def test_what_is_beyond_its_plate_is_refused_aloud(self) -> None:
        async def check(desk: Supplies) -> None:
            with pytest.raises(InstrumentError, match=self.says("beyond")):
                await desk.driver.limit(voltage_v=self.beyond_v, source_a=self.source_a, sink_a=self.sink_a)
            assert not desk.sim.on

        self.hold(check)

    def test_an_output_that_does_not_go_on_is_told(self) -> None:
        async def check(desk: Supplies) -> None:
            supply, clock = desk.driver, desk.clock
            await supply.limit(voltage_v=self.above_v, source_a=self.source_a, sink_a=self.sink_a)
            self.stick(desk.sim, 1, clock.now_ns())
            told = await self._refused(supply.output(True))
            await clock.sleep_until(clock.now_ns() + self.settle_ns)
            assert not desk.sim.on, "stick: the output has gone on"
            assert told, "the output is stuck off, and was switched on all the same"
            assert (await supply.measure()).current_a == pytest.approx(0.0, abs=self.off_a)

        self.hold(check)

    def test_an_output_that_stays_on_is_never_called_off(self) -> None:
        self._stays_on(self.source_a, self.sink_a)

    def test_an_output_that_stays_on_is_not_called_off_because_nothing_flows(self) -> None:
        self._stays_on(0.0, 0.0)

    def _stays_on(self, source_a: float, sink_a: float) -> None:
        async def check(desk: Supplies) -> None:
            supply, clock = desk.driver, desk.clock
            await supply.limit(voltage_v=self.above_v, source_a=source_a, sink_a=sink_a)
            await supply.output(True)
            await clock.sleep_until(clock.now_ns() + self.settle_ns)
            self.stick(desk.sim, 1, clock.now_ns())
            told_off, told_safe = (
                await self._refused(supply.output(False)),
                await self._refused(supply.safe()),
            )
            await clock.sleep_until(clock.now_ns() + self.settle_ns)
            assert desk.sim.on, "stick: the output has gone off"
            assert told_off, "the output is stuck on, and was switched off all the same"
            assert told_safe, "the output is stuck on, and the supply is called safe"

        self.hold(check)
