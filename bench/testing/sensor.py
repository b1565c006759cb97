"""What every current sensor promises."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar

import pytest

from bench.errors import InstrumentError
from bench.instruments.ports import CurrentSensor
from bench.testing.desk import Desk
from bench.testing.suite import InstrumentSuite
from bench.timing.clock import Phase
from bench.units import NS_PER_MS, NS_PER_S

READINGS = 20  # after a change, one of so many shows it

Sensors = Desk[CurrentSensor, object]


class SensorSuite(InstrumentSuite[CurrentSensor, object]):
    """A sensor that reports by itself, and a simulator that measures `self.current_a`, whatever that is at the moment.

    Needed of the simulator, or skipped: `stick(1, now_ns)`, of what it is set to, and `ail()`.
    Keys of `told`: torn. `named`: a regular expression that its name holds.
    """

    current_a: float = -123.456
    near_a: ClassVar[float] = 0.001
    readings: ClassVar[int] = 1  # after a change, this many arrive until one is of now
    periods_ns: ClassVar[tuple[int, ...]] = (100 * NS_PER_MS, 50 * NS_PER_MS)
    late_ns: ClassVar[int] = 100_000  # how far a period is from what was set, in simulated time
    late_on_host_ns: ClassVar[int] = 60 * NS_PER_MS
    named: ClassVar[str] = "."

    def identify(self, driver: CurrentSensor) -> Awaitable[str]:
        return driver.identify()

    def verbs(self) -> Mapping[str, Callable[[CurrentSensor], Awaitable[object]]]:
        return {**super().verbs(), "set_period": lambda sensor: sensor.set_period(self.periods_ns[0])}

    async def ask(self, driver: CurrentSensor) -> object:
        return await driver.identify()

    def test_it_reads_both_signs_and_changes_its_period(self, lane: str) -> None:
        late_ns = self.late_ns if lane == "simulated" else self.late_on_host_ns

        async def check(desk: Sensors) -> None:
            sensor = desk.driver
            assert re.search(self.named, await sensor.identify())
            for true_a in (self.current_a, -self.current_a, 0.0):
                self.current_a = true_a
                for _ in range(self.readings):
                    reading = await sensor.read()
                assert reading.current_a == pytest.approx(true_a, abs=self.near_a) and reading.valid
            for period_ns in self.periods_ns:
                await sensor.set_period(period_ns)
                first, second = await sensor.read(), await sensor.read()
                assert second.t_ns - first.t_ns == pytest.approx(period_ns, abs=late_ns)

        self.hold(check, lane)

    def test_readings_come_in_the_order_of_time(self) -> None:
        async def check(desk: Sensors) -> None:
            await desk.clock.sleep_until(desk.clock.now_ns() + NS_PER_S)
            asked_ns = desk.clock.now_ns()
            first, second = await desk.driver.read(), await desk.driver.read()
            assert asked_ns <= first.t_ns < second.t_ns <= desk.clock.now_ns()

        self.hold(check)

    def test_a_reading_is_stamped_when_it_was_taken(self) -> None:
        async def check(desk: Sensors) -> None:
            sensor, clock = desk.driver, desk.clock
            await sensor.read()  # the next one is a period away
            before, changed_ns = self.current_a, clock.now_ns() + 1_000
            clock.call_at(changed_ns, Phase.PLANT, self._halve)
            for _ in range(READINGS):
                seen = await sensor.read()
                assert seen.t_ns <= clock.now_ns(), "stamped later than it was told"
                if seen.current_a != pytest.approx(before, abs=self.near_a):
                    break
            else:
                pytest.fail(f"{READINGS} readings after a change, and none shows it")
            assert seen.t_ns >= changed_ns, "stamped before what it shows"

        self.hold(check)

    def _halve(self) -> None:
        self.current_a /= 2

    def test_a_period_that_it_does_not_take_is_told(self) -> None:
        async def check(desk: Sensors) -> None:
            await desk.driver.set_period(self.periods_ns[0])
            self.stick(desk.sim, 1, desk.clock.now_ns())
            assert await self._refused(desk.driver.set_period(self.periods_ns[1])), "the period was not taken"
            assert (await desk.driver.read()).valid, "it goes on reporting"

        self.hold(check)

    def test_one_that_has_failed_is_not_believed(self) -> None:
        async def check(desk: Sensors) -> None:
            assert (await desk.driver.read()).valid
            self.ail(desk.sim)
            for _ in range(self.readings):
                seen = await desk.driver.read()
            assert not seen.valid, "it says that it has failed, and is believed"

        self.hold(check)

    def test_no_reading_is_made_up(self) -> None:
        async def check(desk: Desk[CurrentSensor, None]) -> None:
            with pytest.raises(InstrumentError):
                await desk.driver.read()

        self.hold_opposite_nobody(check)
