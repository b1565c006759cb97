"""A node sends nothing any more but still acknowledges: a dead task behind a live controller."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from bench.errors import InstrumentError
from bench.faults.port import Actuation, Fault, Kind, OnsetTest, Terminals
from bench.links.bus_faults import BusFaults
from bench.rig.rig import Rig
from bench.trace.irregular import Irregularity

if TYPE_CHECKING:
    from bench.faults.shapes import InjectShape


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSilent(Fault):
    """Of "bench" (which plays VCU, charger and sensors), "afe" or "dut"."""

    channel: str
    node: str
    shows: tuple[Irregularity, ...]

    async def apply(self, rig: Rig) -> Actuation:
        now_ns = rig.clock.now_ns()
        self._bus(rig).mute(self.node, True)
        return Actuation(low_ns=now_ns, high_ns=now_ns, readback=f"{self.node} on {self.channel}")

    async def clear(self, rig: Rig) -> None:
        self._bus(rig).mute(self.node, False)

    def _bus(self, rig: Rig) -> BusFaults:
        if self.channel not in rig.buses:
            raise InstrumentError(f"bus '{self.channel}': this rig does not own its wires")
        return rig.buses[self.channel]

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:  # noqa: ARG002
        return self.shows

    @property
    def silences(self) -> bool:
        return self.node == "dut"


def _shape() -> "type[InjectShape]":
    from bench.faults.shapes import InjectShape

    class NodeSilentShape(InjectShape):
        channel: Literal["vehicle", "sense"]
        node: Literal["bench", "dut", "afe"]
        shown_by: str | None = None

    return NodeSilentShape


def _resolve(shape: Any, at: Terminals) -> NodeSilent:
    return NodeSilent(channel=shape.channel, node=shape.node, shows=at.absence(shape.shown_by, "shown_by"))


KIND = Kind(
    name="node_silent",
    fault_class="communication",
    variants={"node_silent": "a node sends nothing, but still acknowledges"},
    shape=_shape,
    resolve=_resolve,
    onset="the first missed due time of the message named by shown_by",
)
