"""Drivers that lie about what they switch: relay cards and cell emulators that ask, and do not look at the answer."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

from bench.errors import InstrumentError
from bench.instruments.ports import Confirmation, Switched
from bench.units import NS_PER_MS, NS_PER_S


class Lying:
    """A true driver, but for what a subclass says otherwise."""

    def __init__(self, link: Any, clock: Any, true: Any) -> None:
        self.link, self.clock, self.true = link, clock, true

    def __getattr__(self, name: str) -> Any:
        return getattr(self.true, name)


class ConstantName(Lying):
    async def identify(self) -> str:
        return "Acme, one, 1.0"


class RememberedName(Lying):
    name = ""

    async def identify(self) -> str:
        self.name = self.name or await self.true.identify()
        return self.name


# -- relay cards ---------------------------------------------------------------------------------------------------


class SafeUnread(Lying):
    """Asks, and does not look at the answer."""

    async def safe(self) -> None:
        await self.true.states()
        with suppress(InstrumentError):
            await self.true.safe()
        await self.true.states()


class SafeLooksAtFour(SafeUnread):
    async def safe(self) -> None:
        await super().safe()
        if any((await self.true.states())[:4]):
            raise InstrumentError("still on")


class SafeLooksAtAllButTheLast(SafeUnread):
    async def safe(self) -> None:
        await super().safe()
        if any((await self.true.states())[:-1]):
            raise InstrumentError("still on")


class SafeUntilOneSticks(Lying):
    """Releases one after the other, and leaves the rest on where one does not move."""

    async def safe(self) -> None:
        for relay in range(1, self.true.relays + 1):
            await self.true.switch(relay, False)


class SwitchUnread(Lying):
    async def switch(self, relay: int, on: bool) -> Switched:
        low_ns = self.clock.now_ns()
        await self.true.states()
        with suppress(InstrumentError):
            await self.true.switch(relay, on)
        return Switched(low_ns=low_ns, high_ns=self.clock.now_ns())


class SwitchOffUnread(SwitchUnread):
    async def switch(self, relay: int, on: bool) -> Switched:
        return await (self.true if on else super()).switch(relay, on)


class SwitchLooksAtFour(SwitchUnread):
    async def switch(self, relay: int, on: bool) -> Switched:
        return await (self.true if relay <= 4 else super()).switch(relay, on)


class SwitchedFromZero(Lying):
    async def switch(self, relay: int, on: bool) -> Switched:
        return replace(await self.true.switch(relay, on), low_ns=0)


class SwitchedTooLate(Lying):
    """From when it was read back, not from when it was told."""

    async def switch(self, relay: int, on: bool) -> Switched:
        done = await self.true.switch(relay, on)
        return replace(done, low_ns=done.high_ns - NS_PER_MS)


class SwitchedInTheFuture(Lying):
    async def switch(self, relay: int, on: bool) -> Switched:
        done = await self.true.switch(relay, on)
        return replace(done, high_ns=done.high_ns + NS_PER_S)


class SwitchedOnlyWhenAcknowledged(Lying):
    """The line's answer is taken for the contacts."""

    async def switch(self, relay: int, on: bool) -> Switched:
        done = await self.true.switch(relay, on)
        return replace(done, high_ns=done.low_ns + 5 * NS_PER_MS)


# -- cell emulators ------------------------------------------------------------------------------------------------


class OffUnread(Lying):
    async def safe(self) -> None:
        every = range(1, self.true.channels + 1)
        await self.true.measure(every)
        with suppress(InstrumentError):
            await self.true.safe()
        self.volts = await self.true.measure(every)


class OffLooksAtFour(OffUnread):
    async def safe(self) -> None:
        await super().safe()
        if any(volt >= 0.1 for volt in self.volts[:4]):
            raise InstrumentError("still on")


class OffLooksAtAllButTheLast(OffUnread):
    async def safe(self) -> None:
        await super().safe()
        if any(volt >= 0.1 for volt in self.volts[:-1]):
            raise InstrumentError("still on")


class ConfirmsUnread(Lying):
    """Sets, waits, asks, and says what it wanted."""

    async def set_and_confirm(self, cells: Any, voltage_v: float, tolerance_v: float) -> Confirmation:
        low_ns = self.clock.now_ns()
        try:
            return await self.true.set_and_confirm(cells, voltage_v, tolerance_v)
        except InstrumentError:
            await self.true.measure(cells)
            high_ns = self.clock.now_ns()
            return Confirmation(low_ns=low_ns, high_ns=high_ns, readback_v=(voltage_v,) * len(cells))


class ConfirmsTheFirst(Lying):
    """Looks at the first of the cells that it was asked for."""

    async def set_and_confirm(self, cells: Any, voltage_v: float, tolerance_v: float) -> Confirmation:
        await self.true.set_cells(cells[1:] or cells, voltage_v)
        seen = await self.true.set_and_confirm(cells[:1], voltage_v, tolerance_v)
        return replace(seen, readback_v=seen.readback_v * len(cells))


class ConfirmsCellsOneToFour(ConfirmsUnread):
    async def set_and_confirm(self, cells: Any, voltage_v: float, tolerance_v: float) -> Confirmation:
        looks = self.true if max(cells) <= 4 else super()
        return await looks.set_and_confirm(cells, voltage_v, tolerance_v)


class MeasuresWhatItSet(Lying):
    """Set points for readings, once something was read."""

    volts: Any = None

    async def set_all(self, volts: Any) -> None:
        self.volts = dict(enumerate(volts, 1))
        await self.true.set_all(volts)

    async def set_cells(self, cells: Any, voltage_v: float) -> None:
        await self.true.set_cells(cells, voltage_v)
        self.volts = {**(self.volts or {}), **dict.fromkeys(cells, voltage_v)}

    async def set_and_confirm(self, cells: Any, voltage_v: float, tolerance_v: float) -> Confirmation:
        self.volts = {**(self.volts or {}), **dict.fromkeys(cells, voltage_v)}
        seen: Confirmation = await self.true.set_and_confirm(cells, voltage_v, tolerance_v)
        return seen

    async def measure(self, cells: Any) -> list[float]:
        volts: list[float] = await self.true.measure(cells)
        return [
            self.volts.get(cell, volt) if self.volts and volt == volt else volt
            for cell, volt in zip(cells, volts, strict=True)
        ]


class MeasuresFour(Lying):
    """The cells above repeat the readings of those below."""

    async def measure(self, cells: Any) -> list[float]:
        volts: list[float] = await self.true.measure([(cell - 1) % 4 + 1 for cell in cells])
        return volts


class ConfirmedFromZero(Lying):
    async def set_and_confirm(self, cells: Any, voltage_v: float, tolerance_v: float) -> Confirmation:
        return replace(await self.true.set_and_confirm(cells, voltage_v, tolerance_v), low_ns=0)


class ConfirmedFromBefore(Lying):
    async def set_and_confirm(self, cells: Any, voltage_v: float, tolerance_v: float) -> Confirmation:
        seen = await self.true.set_and_confirm(cells, voltage_v, tolerance_v)
        return replace(seen, low_ns=seen.low_ns - 100 * NS_PER_MS)


class ConfirmedInTheFuture(Lying):
    async def set_and_confirm(self, cells: Any, voltage_v: float, tolerance_v: float) -> Confirmation:
        seen = await self.true.set_and_confirm(cells, voltage_v, tolerance_v)
        return replace(seen, high_ns=seen.high_ns + 100 * NS_PER_MS)


class FaultFromZero(Lying):
    async def insert(self, cells: Any, fault: Any) -> Switched:
        return replace(await self.true.insert(cells, fault), low_ns=0)


class FaultTooLate(Lying):
    async def insert(self, cells: Any, fault: Any) -> Switched:
        done = await self.true.insert(cells, fault)
        return replace(done, low_ns=done.high_ns - 1)


class FaultTooEarly(Lying):
    async def insert(self, cells: Any, fault: Any) -> Switched:
        done = await self.true.insert(cells, fault)
        return replace(done, high_ns=done.low_ns + 1)


class FaultToldAtTheFirst(Lying):
    """Told when the first cell has it."""

    async def insert(self, cells: Any, fault: Any) -> Switched:
        done: Switched = await self.true.insert(cells[:1], fault)
        if cells[1:]:
            await self.true.insert(cells[1:], fault)
        return done


class ArmsTooShort(Lying):
    async def arm_dead_man(self, timeout_ns: int) -> None:
        await self.true.arm_dead_man(timeout_ns // 4)


class NeverDisarms(Lying):
    async def arm_dead_man(self, timeout_ns: int) -> None:
        if timeout_ns:
            await self.true.arm_dead_man(timeout_ns)
