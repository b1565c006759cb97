"""What the cells have at the DUT's sense inputs."""

from collections.abc import Iterable
from typing import Protocol

from bench.rig.capabilities.actuation import Actuation


class CellVoltages(Protocol):
    """Cells from 1. A forced cell no longer follows the plant."""

    async def force(self, cells: tuple[int, ...], voltage_v: float) -> Actuation:
        """Put the cells at a voltage at once, and read them back."""

    async def ramp(self, cells: tuple[int, ...], voltage_v: float, rate_v_s: float) -> Actuation:
        """Move the cells there at this rate, from where they are."""

    async def release(self, cells: Iterable[int]) -> None:
        """The cells follow the plant again."""

    def plant_v(self, cell: int) -> float:
        """What the plant has for the cell, forced or not."""
