"""What befalls one node of a bus whose wires the bench owns: its frames destroyed, its wires off, its task dead."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

from bench.faults.port import Actuation, Fault, OnsetTest, Terminals
from bench.faults.shapes import InjectShape
from bench.links.bus_faults import BusFaults
from bench.rig.capabilities import BusWires, Timers
from bench.trace.irregular import Irregularity

ONSET = "the first missed due time of the message named by shown_by"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFault(Fault):
    """A fault of the node "bench" (which plays VCU, charger and sensors), "afe" or "dut"."""

    channel: str
    node: str
    shows: tuple[Irregularity, ...]

    unshown: ClassVar[str] = (
        "the bench holds the wires of the bus: without shown_by its actuation is the onset"
    )

    @abstractmethod
    def disturb(self, bus: BusFaults, on: bool) -> None:
        """Make it real at `self.node`, or take it away."""

    async def apply(self, wires: BusWires, timers: Timers) -> Actuation:
        now_ns = timers.now_ns()
        self.disturb(wires.of(self.channel), True)
        return Actuation(low_ns=now_ns, high_ns=now_ns, readback=f"{self.node} on {self.channel}")

    async def clear(self, wires: BusWires) -> None:
        self.disturb(wires.of(self.channel), False)

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:  # noqa: ARG002
        return self.shows

    def silences(self, channel: str) -> bool:
        return channel == self.channel and self.node == "dut"


class NodeShape(InjectShape):
    """The keys of such a fault: `shown_by` is the message whose absence shows it."""

    channel: Literal["vehicle", "sense"]
    node: Literal["bench", "dut", "afe"]
    shown_by: str | None = None
