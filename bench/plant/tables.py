"""Curves of a chemistry on one uniform grid of SoC, so that a look-up is a single gather for all cells."""

import numpy as np
import numpy.typing as npt

from bench.plant.source import Curve, FloatArray

GRID_PER_SOC = 200  # 0.005, the finest knot spacing of the shipped tables: the uniform grid hits every knot
_GRID: FloatArray = np.array(float(GRID_PER_SOC))  # numpy takes an array of no dimension sooner than a float


class Tables:
    """`curves` as rows. `at` fills one row of values per curve, linear in between, held at the ends.

    The grid has one knot more at each end, from which nothing rises: there an index beyond is clipped to.
    """

    def __init__(self, curves: list[Curve], low: float, high: float, count: int) -> None:
        last = round((high - low) * GRID_PER_SOC)
        knots = low + np.arange(last + 1) / GRID_PER_SOC
        inside: FloatArray = np.array([curve.at(knots) for curve in curves])
        flat = np.zeros((len(curves), 1))
        value = np.append(inside[:, :1], inside, axis=1)
        step = np.concatenate((flat, np.diff(inside, axis=1), flat), axis=1)
        self._table: FloatArray = np.concatenate((value, step))
        self._first: FloatArray = np.array(1.0 - low * GRID_PER_SOC)
        self._index: npt.NDArray[np.intp] = np.zeros(count, dtype=np.intp)
        self._place: FloatArray = np.zeros(count)
        self._whole: FloatArray = np.zeros(count)
        self._rise: FloatArray = np.zeros((len(curves), count))
        self._found: FloatArray = np.zeros((2 * len(curves), count))
        self.row: FloatArray = self._found[: len(curves)]
        self._slope: FloatArray = self._found[len(curves) :]

    def at(self, soc: FloatArray) -> FloatArray:
        """Values at `soc`, one row per curve. The array is reused by the next call."""
        place, whole, index = self._place, self._whole, self._index
        np.multiply(soc, _GRID, out=place)
        place += self._first
        np.floor(place, out=whole)
        place -= whole
        index[:] = whole
        self._table.take(index, axis=1, out=self._found, mode="clip")
        np.multiply(self._slope, place, out=self._rise)
        self.row += self._rise
        return self.row

    def beside(self, first: int, soc_per_as: FloatArray, gained_as: float | FloatArray) -> FloatArray:
        """The curves from the `first` on, at a charge beside the one that `at` has looked at, with the slopes of
        that place.
        """
        shifted = self._rise[first:]
        np.multiply(self._slope[first:], soc_per_as * (gained_as * GRID_PER_SOC), out=shifted)
        shifted += self.row[first:]
        return shifted
