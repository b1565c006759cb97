"""The wires between the cells and the front end's inputs."""

from typing import Protocol

from bench.rig.capabilities.actuation import Actuation

WIRE_VARIANTS = {
    "open": "open_wire",
    "short": "cell_short",
    "reversed": "reversed_polarity",
    "high_ohm": "high_ohm_wire",
    "swapped": "swapped_wires",
}
"""What can be wrong with a wire, and what a scenario's `needs` calls it."""


class SenseWires(Protocol):
    """Cells from 1. wire: one of WIRE_VARIANTS.

    `kinds`: those that this rig can do. "swapped": the tap above the one cell and the tap above its neighbour.
    """

    @property
    def kinds(self) -> frozenset[str]: ...

    async def change(self, cells: tuple[int, ...], wire: str) -> Actuation:
        """InstrumentError where it is refused, or not in `kinds`."""

    async def mend(self, cells: tuple[int, ...], wire: str) -> None: ...
