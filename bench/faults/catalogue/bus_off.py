"""Errors on every frame of a node bring it to bus-off, again and again, until the fault is cleared."""

from dataclasses import dataclass

from bench.faults.node import ONSET, NodeFault, NodeShape
from bench.faults.port import Kind, Terminals
from bench.links.bus_faults import BusFaults


@dataclass(frozen=True, slots=True, kw_only=True)
class BusOff(NodeFault):
    """A node whose frames are all destroyed, until the fault is cleared."""

    def disturb(self, bus: BusFaults, node: str, on: bool) -> None:
        bus.corrupt(node, on)


class BusOffShape(NodeShape):
    def resolve(self, at: Terminals) -> BusOff:
        node = self.known_node(at)
        return BusOff(channel=self.channel, node=node, shows=at.absence(self.shown_by, "shown_by"))


KIND = Kind(
    name="bus_off",
    fault_class="communication",
    variants={"bus_off": "every frame of a node (bench, restbus, afe, dut) destroyed: bus-off"},
    shape=BusOffShape,
    onset=ONSET,
)
