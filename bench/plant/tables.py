"""Curves of a chemistry on one uniform grid of SoC, so that a look-up is a single gather for all cells."""

import numpy as np
import numpy.typing as npt

from bench.plant.source import Curve, FloatArray

GRID_PER_SOC = 200  # 0.005, the finest knot spacing of the shipped tables: the uniform grid hits every knot


class Tables:
    """`curves` as rows. `at` fills one row of values per curve, linear in between, held at the ends."""

    def __init__(self, curves: list[Curve], low: float, high: float, count: int) -> None:
        last = round((high - low) * GRID_PER_SOC)
        knots = low + np.arange(last + 1) / GRID_PER_SOC
        self._low, self._last = low, float(last) - 1e-9
        self._value: FloatArray = np.array([curve.at(knots) for curve in curves])
        self._step: FloatArray = np.append(np.diff(self._value, axis=1), np.zeros((len(curves), 1)), axis=1)
        self._index: npt.NDArray[np.intp] = np.zeros(count, dtype=np.intp)
        self._place: FloatArray = np.zeros(count)
        self._whole: FloatArray = np.zeros(count)
        self._rise: FloatArray = np.zeros((len(curves), count))
        self.row: FloatArray = np.zeros((len(curves), count))

    def at(self, soc: FloatArray) -> FloatArray:
        """Values at `soc`, one row per curve. The array is reused by the next call."""
        place, whole, index = self._place, self._whole, self._index
        np.subtract(soc, self._low, out=place)
        place *= GRID_PER_SOC
        np.maximum(place, 0.0, out=place)
        np.minimum(place, self._last, out=place)
        np.floor(place, out=whole)
        place -= whole
        index[:] = whole
        self._value.take(index, axis=1, out=self.row, mode="clip")
        self._step.take(index, axis=1, out=self._rise, mode="clip")
        self._rise *= place
        self.row += self._rise
        return self.row
