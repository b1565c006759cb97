"""A node sends nothing any more but still acknowledges: a dead task behind a live controller."""

from dataclasses import dataclass
from typing import Any

from bench.faults.node import ONSET, NodeFault, node_shape
from bench.faults.port import Kind, Terminals
from bench.links.bus_faults import BusFaults


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSilent(NodeFault):
    def disturb(self, bus: BusFaults, on: bool) -> None:
        bus.mute(self.node, on)


def _resolve(shape: Any, at: Terminals) -> NodeSilent:
    return NodeSilent(channel=shape.channel, node=shape.node, shows=at.absence(shape.shown_by, "shown_by"))


KIND = Kind(
    name="node_silent",
    fault_class="communication",
    variants={"node_silent": "a node sends nothing, but still acknowledges"},
    shape=node_shape,
    resolve=_resolve,
    onset=ONSET,
)
