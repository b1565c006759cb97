"""What every insulation monitor promises."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar

import pytest

from bench.errors import InstrumentError
from bench.instruments.ports import InsulationMonitor
from bench.testing.desk import Desk
from bench.testing.suite import InstrumentSuite
from bench.timing.clock import Phase
from bench.units import NS_PER_S

READINGS = 20  # after a change, one of so many shows it
Monitors = Desk[InsulationMonitor, object]


class MonitorSuite(InstrumentSuite[InsulationMonitor, object]):
    """A monitor, and a simulator that measures `self.r_iso_ohm`, whatever that is at the moment.

    Needed of the simulator, or skipped: `stick(1, now_ns)`, of what it is set to, and `ail()`.
    Keys of `told`: torn. `named`: a regular expression that its name holds.
    """

    r_iso_ohm: float = 3.2e6
    fault_ohm: ClassVar[float] = 150_000.0
    warning_ohm: ClassVar[float] = 400_000.0
    near: ClassVar[float] = 0.02  # a reading, as a share of what is true
    readings: ClassVar[int] = 1  # after a change, this many arrive until one is of now
    named: ClassVar[str] = "."

    def identify(self, driver: InsulationMonitor) -> Awaitable[str]:
        return driver.identify()

    def verbs(self) -> Mapping[str, Callable[[InsulationMonitor], Awaitable[object]]]:
        return {
            **super().verbs(),
            "set_thresholds": lambda monitor: monitor.set_thresholds(
                fault_ohm=self.fault_ohm, warning_ohm=self.warning_ohm
            ),
            "self_test": lambda monitor: monitor.self_test(),
            "measuring(False)": lambda monitor: monitor.measuring(False),
            "measuring(True)": lambda monitor: monitor.measuring(True),
        }

    async def ask(self, driver: InsulationMonitor) -> object:
        return await driver.identify()

    async def settled(self, monitor: InsulationMonitor) -> tuple[float, bool, bool, bool]:
        """The reading of now: (ohm, fault, warning, valid)."""
        for _ in range(self.readings):
            seen = await monitor.read()
        return seen.r_iso_ohm, seen.fault, seen.warning, seen.valid

    def test_it_reads_and_tells_fault_and_warning(self, lane: str) -> None:
        async def check(desk: Monitors) -> None:
            monitor = desk.driver
            assert re.search(self.named, await monitor.identify())
            await monitor.set_thresholds(fault_ohm=self.fault_ohm, warning_ohm=self.warning_ohm)
            between_ohm = (self.fault_ohm + self.warning_ohm) / 2
            healthy_ohm = self.r_iso_ohm
            for true_ohm, fault, warning in (
                (between_ohm, False, True),
                (self.fault_ohm * 0.8, True, True),
                (healthy_ohm, False, False),
            ):
                self.r_iso_ohm = true_ohm
                ohm, *told = await self.settled(monitor)
                assert ohm == pytest.approx(true_ohm, rel=self.near)
                assert told == [fault, warning, True], f"fault, warning and valid at {true_ohm:.0f} ohm"

        self.hold(check, lane)

    def test_one_that_does_not_measure_is_not_believed(self) -> None:
        async def check(desk: Monitors) -> None:
            await desk.driver.measuring(False)
            assert not (await self.settled(desk.driver))[-1]
            await desk.driver.measuring(True)
            assert (await self.settled(desk.driver))[-1]

        self.hold(check)

    def test_readings_come_in_the_order_of_time(self) -> None:
        async def check(desk: Monitors) -> None:
            await desk.clock.sleep_until(desk.clock.now_ns() + NS_PER_S)
            asked_ns = desk.clock.now_ns()
            first, second = await desk.driver.read(), await desk.driver.read()
            assert asked_ns <= first.t_ns < second.t_ns <= desk.clock.now_ns()

        self.hold(check)

    def test_a_reading_is_stamped_when_it_was_taken(self) -> None:
        async def check(desk: Monitors) -> None:
            monitor, clock = desk.driver, desk.clock
            await monitor.read()  # the next one is a period away
            before, changed_ns = self.r_iso_ohm, clock.now_ns() + 1_000
            clock.call_at(changed_ns, Phase.PLANT, self._halve)
            for _ in range(READINGS):
                seen = await monitor.read()
                assert seen.t_ns <= clock.now_ns(), "stamped later than it was told"
                if seen.r_iso_ohm != pytest.approx(before, rel=self.near):
                    break
            else:
                pytest.fail(f"{READINGS} readings after a change, and none shows it")
            assert seen.t_ns >= changed_ns, "stamped before what it shows"

        self.hold(check)

    def _halve(self) -> None:
        self.r_iso_ohm /= 2

    def test_what_it_does_not_take_is_told(self) -> None:
        async def check(desk: Monitors) -> None:
            monitor, fault_ohm, warning_ohm = desk.driver, self.fault_ohm, self.warning_ohm
            await monitor.set_thresholds(fault_ohm=fault_ohm, warning_ohm=warning_ohm)
            self.stick(desk.sim, 1, desk.clock.now_ns())
            for fault, warning in ((1.2 * fault_ohm, warning_ohm), (fault_ohm, 1.2 * warning_ohm)):
                told = await self._refused(monitor.set_thresholds(fault_ohm=fault, warning_ohm=warning))
                assert told, f"thresholds of {fault:.0f} and {warning:.0f} ohm were not taken"
            told = await self._refused(monitor.measuring(False))
            assert (await self.settled(monitor))[-1], "stick: it has stopped measuring"
            assert told, "it measures, and was told not to"

        self.hold(check)

    def test_one_that_has_failed_is_told(self) -> None:
        async def check(desk: Monitors) -> None:
            self.ail(desk.sim)
            assert not (await self.settled(desk.driver))[-1], "it says that it has failed, and is believed"
            assert await self._refused(desk.driver.self_test()), (
                "its self-test has failed, and is called passed"
            )

        self.hold(check)

    def test_a_healthy_one_passes_its_self_test(self) -> None:
        async def check(desk: Monitors) -> None:
            await desk.driver.self_test()
            assert (await self.settled(desk.driver))[-1], "it measures afterwards"

        self.hold(check)

    def test_no_reading_is_made_up(self) -> None:
        async def check(desk: Desk[InsulationMonitor, None]) -> None:
            with pytest.raises(InstrumentError):
                await desk.driver.read()

        self.hold_opposite_nobody(check)
