"""The wires of a node are off: it neither sends nor hears nor acknowledges, and who is left repeats for ever."""

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
class BusCut(Fault):
    """Of "bench" (which plays VCU, charger and sensors), "afe" or "dut"."""

    channel: str
    node: str
    shows: tuple[Irregularity, ...]

    async def apply(self, rig: Rig) -> Actuation:
        now_ns = rig.clock.now_ns()
        self._bus(rig).cut(self.node, True)
        return Actuation(low_ns=now_ns, high_ns=now_ns, readback=f"{self.node} on {self.channel}")

    async def clear(self, rig: Rig) -> None:
        self._bus(rig).cut(self.node, False)

    def _bus(self, rig: Rig) -> BusFaults:
        if self.channel not in rig.buses:
            raise InstrumentError(f"bus '{self.channel}': this rig does not own its wires")
        return rig.buses[self.channel]

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:  # noqa: ARG002
        return self.shows

    @property
    def silences(self) -> bool:
        return True


def _shape() -> "type[InjectShape]":
    from bench.faults.shapes import InjectShape

    class BusCutShape(InjectShape):
        channel: Literal["vehicle", "sense"]
        node: Literal["bench", "dut", "afe"]
        shown_by: str | None = None

    return BusCutShape


def _resolve(shape: Any, at: Terminals) -> BusCut:
    return BusCut(channel=shape.channel, node=shape.node, shows=at.absence(shape.shown_by, "shown_by"))


KIND = Kind(
    name="bus_cut",
    fault_class="communication",
    variants={"bus_cut": "a node is cut off: it neither sends, hears nor acknowledges"},
    shape=_shape,
    resolve=_resolve,
    onset="the first missed due time of the message named by shown_by",
)
