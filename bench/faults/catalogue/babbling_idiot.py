"""A node floods the bus with frames of high priority, up to a share of its time."""

from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.faults.shapes import InjectShape, Percent
from bench.links.bit_timing import frame_time_ns
from bench.rig.capabilities import BusTraffic
from bench.trace.events import CanFrame

DATA = bytes(8)


@dataclass(frozen=True, slots=True, kw_only=True)
class BabblingIdiot(Fault):
    """Frames of 8 bytes with `can_id`, one every `period_ns`."""

    channel: str
    can_id: int
    period_ns: int

    unshown: ClassVar[str] = "the flood's frames are the bench's own, and stand in the trace"

    async def apply(self, traffic: BusTraffic) -> Actuation:
        return await traffic.flood(self.channel, CanFrame(self.can_id, DATA), self.period_ns)

    async def clear(self, traffic: BusTraffic) -> None:
        await traffic.quiet(self.channel)


class BabblingIdiotShape(InjectShape):
    channel: str
    load: Percent = Field(gt=0, lt=100)
    can_id: int = Field(ge=0, le=0x7FF)

    MEANS: ClassVar = {
        "channel": "the bus, by its name in the bench file",
        "load": "share of the bus time that the extra frames take",
        "can_id": "identifier of the extra frames; a low one wins the arbitration",
    }

    def resolve(self, at: Terminals) -> BabblingIdiot:
        bitrate = at.bitrates.get(at.known_channel(self.channel), 500_000)
        frame_ns = frame_time_ns(CanFrame(self.can_id, DATA), bitrate)
        return BabblingIdiot(
            channel=self.channel, can_id=self.can_id, period_ns=round(frame_ns / (self.load / 100))
        )


KIND = Kind(
    name="babbling_idiot",
    fault_class="communication",
    variants={"babbling_idiot": "a node floods the bus with one identifier at a load (%)"},
    shape=BabblingIdiotShape,
    onset="its actuation",
)
