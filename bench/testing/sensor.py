"""What every current sensor promises."""

import re
from collections.abc import Awaitable
from typing import ClassVar

import pytest

from bench.errors import InstrumentError
from bench.instruments.ports import CurrentSensor
from bench.testing.desk import Desk
from bench.testing.suite import InstrumentSuite
from bench.units import NS_PER_MS

Sensors = Desk[CurrentSensor, object]


class SensorSuite(InstrumentSuite[CurrentSensor, object]):
    """A sensor that reports by itself, and a simulator that measures `self.current_a`, whatever that is at the moment.

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

    def test_no_reading_is_made_up(self) -> None:
        async def check(desk: Desk[CurrentSensor, None]) -> None:
            with pytest.raises(InstrumentError):
                await desk.driver.read()

        self.hold_opposite_nobody(check)
