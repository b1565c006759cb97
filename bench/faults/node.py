"""What befalls nodes of a bus whose wires the bench owns: frames destroyed, wires off, a task dead."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from bench.errors import choices, nearest
from bench.faults.port import Actuation, Fault, OnsetTest, Terminals
from bench.faults.shapes import InjectShape
from bench.links.bus_faults import BusFaults
from bench.rig.capabilities import BusWires, Timers
from bench.trace.irregular import Irregularity

ONSET = "the first missed due time of the message named by shown_by"
ALL, RESTBUS, FRONT_END, DUT = "bench", "restbus", "afe", "dut"
NODES = {
    ALL: "all that the bench plays on this bus, the front end and simulated instruments too",
    RESTBUS: "the [[play]] messages that are the bench's own: VCU, charger, sensors",
    FRONT_END: 'the [[play]] messages by = "emulator": the cells',
    DUT: "the DUT itself",
}
_ON_THE_BUS = {RESTBUS: "bench"}  # the name that the node has in the trace, where it has another


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFault(Fault):
    """A fault of one of NODES."""

    channel: str
    node: str
    shows: tuple[Irregularity, ...]

    unshown: ClassVar[str] = (
        "the bench holds the wires of the bus: without shown_by its actuation is the onset"
    )

    @abstractmethod
    def disturb(self, bus: BusFaults, node: str, on: bool) -> None:
        """Make it real at a node of the bus, or take it away."""

    async def apply(self, wires: BusWires, timers: Timers) -> Actuation:
        now_ns = timers.now_ns()
        self._disturb_all(wires.of(self.channel), True)
        return Actuation(low_ns=now_ns, high_ns=now_ns, readback=f"{self.node} on {self.channel}")

    async def clear(self, wires: BusWires) -> None:
        self._disturb_all(wires.of(self.channel), False)

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:  # noqa: ARG002
        return self.shows

    def silences(self, channel: str) -> bool:
        return channel == self.channel and self.node == DUT

    def _disturb_all(self, bus: BusFaults, on: bool) -> None:
        for node in self._meant(bus):
            self.disturb(bus, node, on)

    def _meant(self, bus: BusFaults) -> Iterator[str]:
        if self.node == ALL:
            yield from (one for one in bus.nodes() if one != DUT)
        else:
            yield _ON_THE_BUS.get(self.node, self.node)


class NodeShape(InjectShape):
    """The keys of such a fault: `shown_by` is the message whose absence shows it."""

    channel: str
    node: str
    shown_by: str | None = None

    MEANS: ClassVar = {
        "channel": "the bus, by its name in the bench file",
        "node": "who is affected on that bus: bench, restbus, afe or dut",
        "shown_by": "the message whose absence shows the fault to the DUT; absent: the bench chooses one",
    }

    def known_node(self, at: Terminals) -> str:
        """`node`; tells of a channel or a node that this bench does not have."""
        channel = at.known_channel(self.channel)
        cells_on = {play.channel for play in at.profile.plays if play.by == "emulator"}
        known = [one for one in NODES if one != FRONT_END or channel in cells_on]
        if self.node not in known:
            at.tell(
                "node",
                f"found '{self.node}'; expected one of {choices(self.node, known)} on '{channel}'"
                f"{nearest(self.node, known)}",
            )
        return self.node
