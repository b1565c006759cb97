"""The wires of a node are cut: it neither sends, hears nor acknowledges. The other nodes repeat their frames without
end.
"""

from dataclasses import dataclass

from bench.faults.node import ONSET, NodeFault, NodeShape
from bench.faults.port import Kind, Terminals
from bench.links.bus_faults import BusFaults


@dataclass(frozen=True, slots=True, kw_only=True)
class BusCut(NodeFault):
    """A node whose wires are cut, until the fault is cleared."""

    def disturb(self, bus: BusFaults, node: str, on: bool) -> None:
        bus.cut(node, on)

    def silences(self, channel: str) -> bool:
        """The remaining node on the bus repeats its frame without end, so the DUT cannot be heard there either."""
        return channel == self.channel


class BusCutShape(NodeShape):
    def resolve(self, at: Terminals) -> BusCut:
        node = self.known_node(at)
        return BusCut(channel=self.channel, node=node, shows=at.absence(self.shown_by, "shown_by"))


KIND = Kind(
    name="bus_cut",
    fault_class="communication",
    variants={
        "bus_cut": "a node (bench, restbus, afe, dut) is cut off: it neither sends, hears nor acknowledges"
    },
    shape=BusCutShape,
    onset=ONSET,
)
