"""What the bench sends on the DUT's buses, and the wires of those it owns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bench.errors import InstrumentError
from bench.instruments.afe import AnalogueFrontEnd
from bench.links.bus_faults import BusFaults
from bench.links.ports import CanLink
from bench.restbus.cyclic import CyclicMessage
from bench.restbus.disturbance import Disturbance
from bench.rig.capabilities import Actuation, Timers
from bench.timing.clock import Phase
from bench.trace.events import CanFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchTraffic:
    """Provides BusTraffic. of_emulator: (identifier, extended) of what the cell emulator shows, by channel and name."""

    links: Mapping[str, CanLink]
    restbus: Sequence[CyclicMessage]
    timers: Timers
    afe: AnalogueFrontEnd | None = None
    of_emulator: Mapping[tuple[str, str], tuple[int, bool]] = field(default_factory=dict)

    async def flood(self, channel: str, frame: CanFrame, period_ns: int) -> Actuation:
        now_ns, link = self.timers.now_ns(), self.links[channel]

        def send() -> None:
            link.send(frame)

        self.timers.every(_owner(channel), period_ns, Phase.RESTBUS, send, first_ns=now_ns + period_ns)
        return Actuation(low_ns=now_ns, high_ns=now_ns, readback=f"0x{frame.can_id:X} every {period_ns} ns")

    async def quiet(self, channel: str) -> None:
        self.timers.stop(_owner(channel))

    async def disturb(
        self, channel: str, message: str, make: Callable[[], Disturbance], error: str
    ) -> Actuation:
        now_ns, sent = self.timers.now_ns(), self._sent(channel, message)
        if not sent and (key := self.of_emulator.get((channel, message))) is not None:
            if self.afe is None:
                raise InstrumentError(
                    f"{message}: another process plays it on '{channel}'; expected simulated time, where it can be "
                    "disturbed"
                )
            self.afe.disturbed[key] = make()
        elif not sent:
            raise InstrumentError(f"{message}: not sent by this bench on '{channel}'")
        for one in sent:
            one.disturbance = make()
        return Actuation(low_ns=now_ns, high_ns=now_ns, readback=f"{error}: {message}")

    async def calm(self, channel: str, message: str) -> None:
        for one in self._sent(channel, message):
            one.disturbance = None
        key = self.of_emulator.get((channel, message))
        if self.afe is not None and key is not None:
            self.afe.disturbed.pop(key, None)

    def _sent(self, channel: str, message: str) -> list[CyclicMessage]:
        return [one for one in self.restbus if (one.channel, one.message.name) == (channel, message)]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnWires:
    """Provides BusWires."""

    buses: Mapping[str, BusFaults]

    def of(self, channel: str) -> BusFaults:
        if channel not in self.buses:
            raise InstrumentError(f"bus '{channel}': this rig does not own its wires")
        return self.buses[channel]


def _owner(channel: str) -> str:
    return f"flood of {channel}"
