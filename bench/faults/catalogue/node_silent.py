"""A node sends nothing any more but still acknowledges: a dead task behind a live controller."""

from dataclasses import dataclass

from bench.faults.node import ONSET, NodeFault, NodeShape
from bench.faults.port import Kind, Terminals
from bench.links.bus_faults import BusFaults


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSilent(NodeFault):
    """A node that sends nothing but still acknowledges, until the fault is cleared."""

    def disturb(self, bus: BusFaults, node: str, on: bool) -> None:
        bus.mute(node, on)


class NodeSilentShape(NodeShape):
    def resolve(self, at: Terminals) -> NodeSilent:
        node = self.known_node(at)
        return NodeSilent(channel=self.channel, node=node, shows=at.absence(self.shown_by, "shown_by"))


KIND = Kind(
    name="node_silent",
    fault_class="communication",
    variants={"node_silent": "a node (bench, restbus, afe, dut) sends nothing, but still acknowledges"},
    shape=NodeSilentShape,
    onset=ONSET,
)
