"""Whether a cell is beyond empty or full, looked at only once enough charge has flowed to take any there."""

import math

from bench.plant.source import FloatArray


class ChargeRange:
    """`moved_as`: charge that has flowed since the last look; whoever moves it adds to it, inf after a write."""

    def __init__(self) -> None:
        self.moved_as = math.inf
        self._room_as = 0.0
        self._left = False

    def left(self, soc: FloatArray, capacity_ah: FloatArray) -> bool:
        """Whether a cell has left 0..1."""
        if self._left or self.moved_as >= self._room_as:
            room = min(float(soc.min()), 1.0 - float(soc.max()))
            self._left = room < 0.0
            self._room_as = room * float(capacity_ah.min()) * 3600.0
            self.moved_as = 0.0
        return self._left
