"""What every cell emulator and every fault unit promises."""

import math
from collections.abc import Awaitable, Sequence
from typing import ClassVar, Protocol

import pytest

from bench.errors import InstrumentError
from bench.instruments.ports import CellEmulator, FaultUnit, WireFault
from bench.testing.desk import Desk
from bench.testing.suite import SwitchedOff
from bench.timing.clock import Phase
from bench.units import NS_PER_MS, NS_PER_S


class CellDriver(CellEmulator, FaultUnit, Protocol):
    """Its `wire_faults` is empty where it has no relays."""


class PlayedCells(Protocol):
    """A cell emulator's simulator."""

    def output_v(self, now_ns: int) -> Sequence[float]:
        """What is at the outputs in V, cell 1 first; nan for an open wire."""


Cells = Desk[CellDriver, PlayedCells]
LOOK_NS = 100_000


class CellEmulatorSuite(SwitchedOff[CellDriver, PlayedCells]):
    """An emulator of at least five cells. Its simulator tells the truth by `output_v(now_ns)`.

    Keys of `told`: torn, fault (of a wire fault that it has not), dead_man (that it has none), beyond.
    """

    near_v: ClassVar[float] = (
        0.002  # a set point, rounded as the instrument does, is this near to what was asked for
    )
    settle_ns: ClassVar[int] = 0  # until outputs that were not confirmed are at their set points
    bracket_ns: ClassVar[tuple[int, int]] = (
        0,
        800 * NS_PER_MS,
    )  # a confirmation is wider than, narrower than
    beyond_v: ClassVar[float] = 9.0  # more than any output gives

    def identify(self, driver: CellDriver) -> Awaitable[str]:
        return driver.identify()

    async def ask(self, driver: CellDriver) -> object:
        assert await driver.identify()
        await driver.set_cells([2], 3.3)
        (volt,) = await driver.measure([2])
        return volt

    async def safe(self, driver: CellDriver) -> None:
        await driver.safe()

    def near(self, volts: Sequence[float], wanted: Sequence[float]) -> bool:
        return all(abs(a - b) < self.near_v for a, b in zip(volts, wanted, strict=True))

    async def all_at(self, desk: Cells, volt: float) -> list[float]:
        """Outputs on, every cell at `volt`; what is wanted at them."""
        wanted = [volt] * desk.driver.channels
        await desk.driver.set_all(wanted)
        await desk.driver.outputs_on()
        return wanted

    def test_cells_are_set_read_back_and_brought_to_their_safe_state(self, lane: str) -> None:
        async def check(desk: Cells) -> None:
            driver, sim, clock = desk.driver, desk.sim, desk.clock
            assert await driver.identify()
            assert driver.channels >= 5, "the suite needs five cells"
            high = min(7, driver.channels)
            wanted = [3.0 + 0.05 * (cell % 4) for cell in range(driver.channels)]
            await driver.set_all(wanted)
            await driver.outputs_on()
            seen = await driver.set_and_confirm([2, high], 4.2, 0.001)
            assert self.near(seen.readback_v, [4.2, 4.2])
            wanted[1] = wanted[high - 1] = 4.2
            await clock.sleep_until(clock.now_ns() + self.settle_ns)
            assert self.near(sim.output_v(clock.now_ns()), wanted)
            assert self.near(await driver.measure([high, 1, 3]), [4.2, 3.0, 3.1])
            await driver.safe()
            await driver.safe()  # a second way to the safe state is as good as the first
            assert all(not volt >= 0.1 for volt in sim.output_v(clock.now_ns()))

        self.hold(check, lane)

    def test_a_confirmation_brackets_the_true_change(self) -> None:
        async def check(desk: Cells) -> None:
            driver, sim, clock = desk.driver, desk.sim, desk.clock
            await self.all_at(desk, 3.7)
            await clock.sleep_until(clock.now_ns() + NS_PER_S)
            crossed: list[int] = []

            def look() -> None:
                if abs(sim.output_v(clock.now_ns())[4] - 4.2) <= 0.002 and not crossed:
                    crossed.append(clock.now_ns())

            watch = clock.every(LOOK_NS, Phase.OBSERVE, look, first_ns=clock.now_ns())
            seen = await driver.set_and_confirm([5], 4.2, 0.002)
            watch.cancel()
            assert crossed, "confirmed, and the output never got there"
            assert seen.low_ns < crossed[0] <= seen.high_ns + LOOK_NS
            wider_ns, narrower_ns = self.bracket_ns
            assert wider_ns < seen.high_ns - seen.low_ns < narrower_ns

        self.hold(check)

    def test_steps_down_are_confirmed_too(self) -> None:
        async def check(desk: Cells) -> None:
            driver, clock = desk.driver, desk.clock
            await self.all_at(desk, 4.0)
            await driver.set_and_confirm([1], 4.0, 0.001)
            seen = await driver.set_and_confirm([1], 2.5, 0.001)
            assert self.near(seen.readback_v, [2.5])
            assert self.near(desk.sim.output_v(clock.now_ns())[:2], [2.5, 4.0])

        self.hold(check)

    @pytest.mark.parametrize("fault", [WireFault.OPEN, WireFault.SHORT, WireFault.REVERSED])
    def test_faults_of_a_wire_are_made_mended_and_told(self, fault: WireFault) -> None:
        async def check(desk: Cells) -> None:
            driver, sim, clock = desk.driver, desk.sim, desk.clock
            wanted = await self.all_at(desk, 3.7)
            await driver.set_and_confirm([1], 3.7, 0.001)
            if fault not in driver.wire_faults:
                with pytest.raises(InstrumentError, match=self.says("fault").format(fault=fault.value)):
                    await driver.insert([3], fault)
                return
            began_ns = clock.now_ns()
            done = await driver.insert([3, 5], fault)
            await clock.sleep_until(clock.now_ns() + 20 * NS_PER_MS)
            assert began_ns <= done.low_ns < done.high_ns <= clock.now_ns()
            volts = sim.output_v(clock.now_ns())
            expected = {WireFault.OPEN: math.nan, WireFault.SHORT: 0.0, WireFault.REVERSED: -3.7}[fault]
            for cell in (3, 5):
                assert volts[cell - 1] == pytest.approx(expected, abs=0.001, nan_ok=True)
            assert volts[3] == pytest.approx(3.7, abs=0.001), "a fault is at no other cell"
            assert await driver.wires([2, 3, 5]) == [WireFault.NONE, fault, fault]
            if fault is WireFault.OPEN:
                assert math.isnan((await driver.measure([3]))[0])
            await driver.mend([3, 5])
            await clock.sleep_until(clock.now_ns() + 20 * NS_PER_MS)
            assert self.near(sim.output_v(clock.now_ns()), wanted)

        self.hold(check)

    def test_safe_works_with_a_fault_in_the_wires_and_from_any_state(self) -> None:
        async def check(desk: Cells) -> None:
            driver = desk.driver
            await driver.safe()
            await self.all_at(desk, 4.0)
            if driver.wire_faults:
                await driver.insert([1], sorted(driver.wire_faults)[-1])
            await driver.safe()
            assert all(not abs(volt) >= 0.1 for volt in desk.sim.output_v(desk.clock.now_ns()))

        self.hold(check)

    def test_only_an_instrument_with_a_dead_man_lets_it_be_armed(self) -> None:
        async def check(desk: Cells) -> None:
            driver, clock = desk.driver, desk.clock
            if not driver.has_dead_man:
                await driver.arm_dead_man(0)
                with pytest.raises(InstrumentError, match=self.says("dead_man")):
                    await driver.arm_dead_man(2 * NS_PER_S)
                return
            await self.all_at(desk, 3.7)
            await driver.arm_dead_man(2 * NS_PER_S)
            await clock.sleep_until(clock.now_ns() + 3 * NS_PER_S)
            off = [not volt >= 0.1 for volt in desk.sim.output_v(clock.now_ns())]
            assert all(off), "armed, silent for longer, and outputs are on"

        self.hold(check)

    def test_a_set_point_beyond_the_limits_is_an_error_and_changes_nothing(self) -> None:
        async def check(desk: Cells) -> None:
            driver, clock = desk.driver, desk.clock
            wanted = await self.all_at(desk, 3.7)
            assert driver.highest_v < self.beyond_v, "beyond_v: expected more than highest_v"
            with pytest.raises(InstrumentError, match=self.says("beyond")):
                await driver.set_cells([4], self.beyond_v)
            await clock.sleep_until(clock.now_ns() + max(50 * NS_PER_MS, self.settle_ns))
            assert self.near(desk.sim.output_v(clock.now_ns()), wanted)

        self.hold(check)
