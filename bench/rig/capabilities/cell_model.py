"""What is inside the cells."""

from typing import Protocol

from bench.rig.capabilities.actuation import Actuation


class CellModel(Protocol):
    """Cells from 1. Only a model of a cell can be changed so; nobody does it to a real pack."""

    async def set_soc(self, cells: tuple[int, ...], soc: float) -> Actuation:
        """A state of charge of their own: 0 to 1, and beyond."""

    async def level_soc(self, cells: tuple[int, ...]) -> None:
        """The state of charge of the rest of the pack."""

    async def scale(self, cells: tuple[int, ...], *, capacity: float, resistance: float) -> Actuation:
        """Multiply the capacity and the resistance of each."""

    async def bleed(self, cells: tuple[int, ...], resistance_ohm: float) -> Actuation:
        """A balancing resistor across each; infinite: none."""

    async def short(self, cells: tuple[int, ...], resistance_ohm: float) -> Actuation:
        """A short inside each; infinite: none."""

    async def leak(self, cells: tuple[int, ...], *, leaks: bool) -> Actuation:
        """Electrolyte runs out onto the housing, or no more does."""

    async def heat(self, cells: tuple[int, ...], power_w: float) -> Actuation:
        """Heat into each from outside."""
