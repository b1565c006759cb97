"""The hold that the bench has of its DUT."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from bench.codec.database import Database
from bench.dut.ports import Interruptible
from bench.rig.capabilities import Actuation, Timers
from bench.trace.events import CanFrame
from bench.units import format_ns


@runtime_checkable
class Tampered(Protocol):
    """A DUT between whose firmware and bus the bench can reach."""

    outgoing: Callable[[str, CanFrame], CanFrame | None] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldDut:
    """Provides DutProgram and DutReset."""

    dut: Interruptible
    timers: Timers

    async def stall(self, stall_ns: int) -> Actuation:
        now_ns = self.timers.now_ns()
        await self.dut.hang()
        high_ns = self.timers.now_ns()
        await self.timers.sleep_until(high_ns + stall_ns)
        await self.dut.go_on()
        return Actuation(low_ns=now_ns, high_ns=high_ns, readback=f"stood still for {format_ns(stall_ns)}")

    async def go_on(self) -> None:
        await self.dut.go_on()

    async def reset(self) -> Actuation:
        low_ns = self.timers.now_ns()
        await self.dut.reset()
        return Actuation(low_ns=low_ns, high_ns=self.timers.now_ns(), readback="reset line pulled and let go")


@dataclass(frozen=True, slots=True, kw_only=True)
class TamperedIdentity:
    """Provides DutIdentity."""

    dut: Tampered
    databases: Mapping[str, Database]
    timers: Timers

    async def hide(self, messages: tuple[tuple[str, str], ...]) -> Actuation:
        hidden = {self._key(*one) for one in messages}
        self.dut.outgoing = lambda channel, frame: None if (channel, frame.can_id) in hidden else frame
        return self._done("missing")

    async def falsify(self, bits: tuple[tuple[str, str, bytes], ...]) -> Actuation:
        masks = {self._key(channel, message): mask for channel, message, mask in bits}

        def change(channel: str, frame: CanFrame) -> CanFrame:
            mask = masks.get((channel, frame.can_id))
            if mask is None:
                return frame
            return frame._replace(data=bytes(a ^ b for a, b in zip(frame.data, mask)))

        self.dut.outgoing = change
        return self._done("wrong")

    async def leave(self) -> None:
        self.dut.outgoing = None

    def _key(self, channel: str, message: str) -> tuple[str, int]:
        return channel, self.databases[channel][message].can_id

    def _done(self, error: str) -> Actuation:
        now_ns = self.timers.now_ns()
        return Actuation(low_ns=now_ns, high_ns=now_ns, readback=f"build identity {error}")
