"""Curves of a chemistry on one uniform grid of SoC, so that a look-up is a single gather for all cells."""

import numpy as np
import numpy.typing as npt

from bench.plant.source import Curve, FloatArray

GRID_PER_SOC = 200  # 0.005, the finest knot spacing of the shipped tables: the uniform grid hits every knot


class Tables:
    """`curves` as rows. `at` fills one row of values per curve, linear in between, held at the ends.

    The grid has one knot more at each end, from which nothing rises: there an index beyond is clipped to.
    """

    def __init__(self, curves: list[Curve], low: float, high: float, count: int) -> None:
        last = round((high - low) * GRID_PER_SOC)
        knots = low + np.arange(last + 1) / GRID_PER_SOC
        inside: FloatArray = np.array([curve.at(knots) for curve in curves])
        flat = np.zeros((len(curves), 1))
        self._value: FloatArray = np.append(inside[:, :1], inside, axis=1)
        self._step: FloatArray = np.concatenate((flat, np.diff(inside, axis=1), flat), axis=1)
        self._first = 1.0 - low * GRID_PER_SOC
        self._index: npt.NDArray[np.intp] = np.zeros(count, dtype=np.intp)
        self._place: FloatArray = np.zeros(count)
        self._whole: FloatArray = np.zeros(count)
        self._rise: FloatArray = np.zeros((len(curves), count))
        self._slope: FloatArray = np.zeros((len(curves), count))
        self.row: FloatArray = np.zeros((len(curves), count))

    def at(self, soc: FloatArray) -> FloatArray:
        """Values at `soc`, one row per curve. The array is reused by the next call."""
        place, whole, index = self._place, self._whole, self._index
        np.multiply(soc, GRID_PER_SOC, out=place)
        place += self._first
        np.floor(place, out=whole)
        place -= whole
        index[:] = whole
        self._value.take(index, axis=1, out=self.row, mode="clip")
        self._step.take(index, axis=1, out=self._slope, mode="clip")
        np.multiply(self._slope, place, out=self._rise)
        self.row += self._rise
        return self.row

    def beside(self, first: int, by_soc: FloatArray) -> FloatArray:
        """The curves from the `first` on at `by_soc` from where `at` has looked, as steep as they are there."""
        shifted = self._rise[first:]
        np.multiply(self._slope[first:], by_soc, out=shifted)
        shifted *= GRID_PER_SOC
        shifted += self.row[first:]
        return shifted
