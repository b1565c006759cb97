"""Drivers that lie about what they set and read: pack supplies, insulation monitors, current sensors."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

from suite_lies_of_switches import Lying

from bench.errors import InstrumentError
from bench.instruments.ports import SupplyReading
from bench.units import NS_PER_S


class OutputUnread(Lying):
    async def output(self, on: bool) -> None:
        await self.true.measure()
        with suppress(InstrumentError):
            await self.true.output(on)


class OutputOffUnread(OutputUnread):
    async def output(self, on: bool) -> None:
        if on:
            await self.true.output(on)
        else:
            await super().output(on)


class SafeUnread(Lying):
    async def safe(self) -> None:
        await self.true.measure()
        with suppress(InstrumentError):
            await self.true.safe()
        self.seen = await self.true.measure()


class SafeByCurrent(SafeUnread):
    """Nothing flows, so it is off."""

    async def safe(self) -> None:
        await super().safe()
        if abs(self.seen.current_a) > 0.2:
            raise InstrumentError("still on")


class MeasuresWhatItIsLimitedTo(Lying):
    """While it has been told to be on, the limit is what flows."""

    limits: Any = None
    on = False

    async def limit(self, *, voltage_v: float, source_a: float, sink_a: float) -> None:
        await self.true.limit(voltage_v=voltage_v, source_a=source_a, sink_a=sink_a)
        self.limits = voltage_v, source_a, sink_a

    async def output(self, on: bool) -> None:
        self.on = on
        await self.true.output(on)

    async def safe(self) -> None:
        self.on = False
        await self.true.safe()

    async def measure(self) -> SupplyReading:
        seen: SupplyReading = await self.true.measure()
        if not self.on or self.limits is None:
            return replace(seen, current_a=0.0, power_w=0.0)
        wanted_v, source_a, sink_a = self.limits
        current_a = source_a if wanted_v > 360.0 else -sink_a
        return replace(seen, current_a=current_a, power_w=current_a * seen.voltage_v)


class LimitsNobody(Lying):
    """Nobody has to acknowledge a limit."""

    async def limit(self, *, voltage_v: float, source_a: float, sink_a: float) -> None:
        try:
            await self.true.limit(voltage_v=voltage_v, source_a=source_a, sink_a=sink_a)
        except InstrumentError as error:
            if "no answer" not in str(error) and "nothing complete" not in str(error):
                raise


class ThresholdsUnread(Lying):
    async def set_thresholds(self, *, fault_ohm: float, warning_ohm: float) -> None:
        await self.true.identify()
        with suppress(InstrumentError):
            await self.true.set_thresholds(fault_ohm=fault_ohm, warning_ohm=warning_ohm)


class FaultThresholdOnlyRead(Lying):
    async def set_thresholds(self, *, fault_ohm: float, warning_ohm: float) -> None:
        try:
            await self.true.set_thresholds(fault_ohm=fault_ohm, warning_ohm=warning_ohm)
        except InstrumentError as error:
            if "0x022: 29" not in str(error):
                raise


class MeasuringUnread(Lying):
    async def measuring(self, on: bool) -> None:
        await self.true.identify()
        with suppress(InstrumentError):
            await self.true.measuring(on)


class PassesAnySelfTest(Lying):
    async def self_test(self) -> None: ...


class SelfTestUnread(Lying):
    async def self_test(self) -> None:
        await self.true.identify()
        with suppress(InstrumentError):
            await self.true.self_test()


class ValidWhileItMeasures(Lying):
    """Believes a monitor that says that it has failed."""

    on = True

    async def measuring(self, on: bool) -> None:
        await self.true.measuring(on)
        self.on = on

    async def read(self) -> Any:
        return replace(await self.true.read(), valid=self.on)


class StampedFromZero(Lying):
    """As many ns as there were readings."""

    count = 0

    async def read(self) -> Any:
        self.count += 1
        return replace(await self.true.read(), t_ns=self.count)


class StampedWhenAsked(Lying):
    async def read(self) -> Any:
        asked_ns = self.clock.now_ns()
        return replace(await self.true.read(), t_ns=asked_ns)


class StampedInTheFuture(Lying):
    async def read(self) -> Any:
        seen = await self.true.read()
        return replace(seen, t_ns=seen.t_ns + NS_PER_S)


class PeriodUnread(Lying):
    async def set_period(self, period_ns: int) -> None:
        await self.true.identify()
        with suppress(InstrumentError):
            await self.true.set_period(period_ns)


class AlwaysValid(Lying):
    async def read(self) -> Any:
        return replace(await self.true.read(), valid=True)


class StampedLongAgo(Lying):
    """The sensor's own seconds, not those of the run."""

    async def read(self) -> Any:
        seen = await self.true.read()
        return replace(seen, t_ns=seen.t_ns - 10 * NS_PER_S)
