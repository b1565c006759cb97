"""What can be done to a node of a CAN bus whose wires the bench owns. Three different things a DUT can tell apart."""

from typing import Protocol, runtime_checkable

from bench.links.ports import CanLink
from bench.trace.stamping import Stamping


class BusFaults(Protocol):
    """Nodes by name: "bench", "dut", "afe". LinkError for a node that is not there."""

    def nodes(self) -> tuple[str, ...]:
        """All that are connected, in the order in which they were."""

    def mute(self, node: str, muted: bool = True, /) -> None:
        """It sends nothing any more, but hears and acknowledges: a dead task behind a live controller."""

    def cut(self, node: str, cut: bool = True) -> None:
        """Its wires are off: it neither sends nor hears nor acknowledges."""

    def corrupt(self, node: str, corrupt: bool = True) -> None:
        """Every frame it sends is destroyed by errors, which brings it to bus-off again and again."""


@runtime_checkable
class OwnedNode(CanLink, Protocol):
    """A node of a bus in this process."""

    def beside(self, name: str, /) -> CanLink:
        """Another node, connected to the same bus."""


class OwnedBus(BusFaults, Protocol):
    """A bus in this process, to which nodes are connected by name."""

    @property
    def stamping(self) -> Stamping: ...

    def node(self, name: str) -> CanLink:
        """Connect a node; its name is the sender in the trace. LinkError for a name already in use."""

    def starts_ns(self) -> int:
        """When a frame that is offered now and wins every arbitration starts."""
