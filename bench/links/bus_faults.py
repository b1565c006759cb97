"""What can be done to a node of a CAN bus whose wires the bench owns. Three different things a DUT can tell apart."""

from typing import Protocol


class BusFaults(Protocol):
    """Nodes by name: "bench", "dut", "afe". LinkError for a node that is not there."""

    def mute(self, node: str, muted: bool = True, /) -> None:
        """It sends nothing any more, but hears and acknowledges: a dead task behind a live controller."""

    def cut(self, node: str, cut: bool = True) -> None:
        """Its wires are off: it neither sends nor hears nor acknowledges."""

    def corrupt(self, node: str, corrupt: bool = True) -> None:
        """Every frame it sends is destroyed by errors, which brings it to bus-off again and again."""
