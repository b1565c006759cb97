"""What every cell emulator and every fault unit promises."""

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import ClassVar, Protocol

import pytest

from bench.errors import InstrumentError
from bench.instruments.ports import CellEmulator, FaultUnit, WireFault
from bench.testing.desk import Desk
from bench.testing.suite import SwitchedOff
from bench.testing.truth import assert_contains, watching
from bench.units import NS_PER_MS, NS_PER_S


class CellDriver(CellEmulator, FaultUnit, Protocol):
    """Its `wire_faults` is empty where it has no relays."""


class PlayedCells(Protocol):
    """A cell emulator's simulator."""

    def output_v(self, now_ns: int) -> Sequence[float]:
        """What is at the outputs in V, cell 1 first; nan for an open wire."""


Cells = Desk[CellDriver, PlayedCells]
FAULTY: Mapping[WireFault, Callable[[float], bool]] = {
    WireFault.OPEN: math.isnan,
    WireFault.SHORT: lambda volt: abs(volt) < 0.1,
    WireFault.REVERSED: lambda volt: volt < 0.0,
}


class CellEmulatorSuite(SwitchedOff[CellDriver, PlayedCells]):
    """An emulator of at least five cells. Its simulator tells the truth by `output_v(now_ns)`.

    Needed of the simulator, or skipped: `stick(cell, now_ns)`.
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

    def verbs(self) -> Mapping[str, Callable[[CellDriver], Awaitable[object]]]:
        return {
            **super().verbs(),
            "measure": lambda driver: driver.measure([1]),
            "set_and_confirm": lambda driver: driver.set_and_confirm([1], 3.3, 0.001),
        }

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
            # Four levels, and no block of cells repeats the one before it: some emulators take a command a level.
            wanted = [3.0 + 0.05 * ((cell + cell // 4 + cell // 16) % 4) for cell in range(driver.channels)]
            await driver.set_all(wanted)
            await driver.outputs_on()
            seen = await driver.set_and_confirm([2, high], 4.2, 0.001)
            assert self.near(seen.readback_v, [4.2, 4.2])
            wanted[1] = wanted[high - 1] = 4.2
            await clock.sleep_until(clock.now_ns() + self.settle_ns)
            assert self.near(sim.output_v(clock.now_ns()), wanted)
            assert self.near(await driver.measure([high, 1, 3]), [4.2, 3.0, 3.1])
            assert self.near(await driver.measure(range(1, driver.channels + 1)), wanted)
            await driver.safe()
            await driver.safe()  # a second way to the safe state is as good as the first
            assert all(not volt >= 0.1 for volt in sim.output_v(clock.now_ns()))

        self.hold(check, lane)

    def test_a_confirmation_brackets_the_true_change(self) -> None:
        async def check(desk: Cells) -> None:
            driver, sim, clock = desk.driver, desk.sim, desk.clock
            await self.all_at(desk, 3.7)
            await clock.sleep_until(clock.now_ns() + NS_PER_S)
            began_ns = clock.now_ns()
            with watching(clock, lambda: abs(sim.output_v(clock.now_ns())[4] - 4.2) <= 0.002) as crossed:
                seen = await driver.set_and_confirm([5], 4.2, 0.002)
            assert_contains(seen, crossed, began_ns=began_ns, ended_ns=clock.now_ns())
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
            await self._insert(desk, fault)
            await clock.sleep_until(clock.now_ns() + 20 * NS_PER_MS)
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

    async def _insert(self, desk: Cells, fault: WireFault) -> None:
        """In the wires of cells 3 and 5, from 3.7 V: the first is disturbed, and both have it, within what is told."""
        clock = desk.clock

        def at() -> tuple[float, float]:
            volts = desk.sim.output_v(clock.now_ns())
            return volts[2], volts[4]

        began_ns = clock.now_ns()
        with (
            watching(clock, lambda: any(not abs(volt - 3.7) <= 0.1 for volt in at())) as disturbed,
            watching(clock, lambda: all(FAULTY[fault](volt) for volt in at())) as there,
        ):
            done = await desk.driver.insert([3, 5], fault)
        assert_contains(done, disturbed, began_ns=began_ns, ended_ns=clock.now_ns())
        assert_contains(done, there, began_ns=began_ns, ended_ns=clock.now_ns())

    def test_a_cell_that_does_not_move_is_never_confirmed(self) -> None:
        for cell in range(1, self._count() + 1):
            self._sticks_on_setting(cell)

    def test_a_cell_that_stays_on_is_never_called_safe(self) -> None:
        for cell in range(1, self._count() + 1):
            self._sticks_at_safe(cell)

    def _count(self) -> int:
        counted = []

        async def check(desk: Cells) -> None:
            counted.append(desk.driver.channels)

        self.hold(check)
        return counted[0]

    def _sticks_on_setting(self, cell: int) -> None:
        async def check(desk: Cells) -> None:
            driver, clock = desk.driver, desk.clock
            await self.all_at(desk, 3.7)
            await clock.sleep_until(clock.now_ns() + max(NS_PER_S, self.settle_ns))
            self.stick(desk.sim, cell, clock.now_ns())
            other = cell % driver.channels + 1
            told = await self._refused(
                driver.set_and_confirm([cell, other] if cell % 2 else [other, cell], 3.3, 0.002)
            )
            stays_v = desk.sim.output_v(clock.now_ns())[cell - 1]
            assert self.near([stays_v], [3.7]), "stick: the output has moved"
            assert told, f"cell {cell} is stuck, and was confirmed all the same"
            assert self.near(await driver.measure([cell]), [stays_v]), (
                f"cell {cell}: the set point for a reading"
            )

        self.hold(check)

    def _sticks_at_safe(self, cell: int) -> None:
        async def check(desk: Cells) -> None:
            clock = desk.clock
            await self.all_at(desk, 4.0)
            await clock.sleep_until(clock.now_ns() + max(NS_PER_S, self.settle_ns))
            self.stick(desk.sim, cell, clock.now_ns())
            told = await self._refused(desk.driver.safe())
            volts = desk.sim.output_v(clock.now_ns())
            assert volts[cell - 1] >= 0.1, "stick: the output has moved"
            assert told, f"cell {cell} is stuck on, and the instrument is called safe"
            on = [number for number, volt in enumerate(volts, 1) if volt >= 0.1]
            assert on == [cell], f"cell {cell} is stuck on, and others were left on"

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
            wanted = await self.all_at(desk, 3.7)
            await driver.arm_dead_man(2 * NS_PER_S)
            await driver.arm_dead_man(0)
            await clock.sleep_until(clock.now_ns() + 3 * NS_PER_S)
            assert self.near(desk.sim.output_v(clock.now_ns()), wanted), "disarmed, and it went off"
            await driver.arm_dead_man(2 * NS_PER_S)
            await clock.sleep_until(clock.now_ns() + NS_PER_S)
            assert self.near(desk.sim.output_v(clock.now_ns()), wanted), "it went off before its time"
            await clock.sleep_until(clock.now_ns() + 2 * NS_PER_S)
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
