"""How the cells of a pack differ from each other, and from new ones."""

import random
from dataclasses import dataclass

import numpy as np

from bench.plant.source import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Cell-to-cell variation as relative standard deviations, cut at three sigma."""

    capacity: float = 0.01
    resistance: float = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Ageing:
    """How far the cells are from new: relative loss of capacity (SoH = 1 - fade), relative growth of resistance.

    ValueError unless 0 <= fade < 1 and growth >= 0.
    """

    capacity_fade: float = 0.0
    resistance_growth: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.capacity_fade < 1.0 or self.resistance_growth < 0.0:
            raise ValueError(f"{self}; expected a fade of 0..1 and a growth of 0 or more")


def scattered(count: int, sigma: float, rng: random.Random) -> FloatArray:
    """A factor for each cell, around 1. ValueError unless 0 <= sigma <= 0.2."""
    if not 0.0 <= sigma <= 0.2:
        raise ValueError(f"spread {sigma}; expected a relative standard deviation of 0..0.2")
    return np.array([1.0 + sigma * min(3.0, max(-3.0, rng.gauss(0.0, 1.0))) for _ in range(count)])
