"""The curves of many cells: at every step only those that every step needs, the RC pairs' when they are looked up."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from bench.plant.cell_curves import CellCurves
from bench.plant.chemistry import Chemistry
from bench.plant.source import FloatArray
from bench.plant.tables import GRID_PER_SOC

_EACH_STEP = 4  # the first rows: OCV, exchange current, entropy, R0
_PAIRS = 4  # and then those of the RC pairs
_GRID: FloatArray = np.array(float(GRID_PER_SOC))  # numpy takes an array of no dimension sooner than a float


class LeanCurves(CellCurves):
    """As CellCurves; a gather of half the rows is what a step of a thousand cells saves most by, or of none at all
    where no cell has come to another knot since.
    """

    def __init__(self, chemistry: Chemistry, count: int) -> None:
        super().__init__(chemistry, count)
        rows = len(self.row)
        asked = [
            *range(_EACH_STEP),
            *range(_EACH_STEP + _PAIRS, rows),
        ]  # of solid diffusion there may be one more
        self._each_step = _Gather(self._table, asked, rows, count)
        self._pairs = _Gather(self._table, range(_EACH_STEP, _EACH_STEP + _PAIRS), rows, count)
        row = self._each_step.row
        self.ocv_v, self.double_i0_a = row[0], row[1]
        self.entropic_r0, self.entropic_v_k = row[2:4], row[2]
        if rows > _EACH_STEP + _PAIRS:
            self.share = row[_EACH_STEP]
        self._soc: FloatArray = np.zeros(count)

    def at(self, soc: FloatArray) -> FloatArray:
        self._soc = soc
        return self._look_up(self._each_step, soc)

    def _look_up(self, gather: "_Gather", soc: FloatArray) -> FloatArray:
        place, whole = self._place, self._whole
        np.multiply(soc, _GRID, out=place)
        place += self._first
        np.floor(place, out=whole)
        place -= whole
        return gather.at(whole, place, self._index)

    def pairs_beside(self, soc_per_as: FloatArray, gained_as: float | FloatArray) -> FloatArray:
        row = self._look_up(self._pairs, self._soc)
        return self._pairs.beside(row, soc_per_as * (gained_as * GRID_PER_SOC))


class _Gather:
    """Some of the rows of a table: value and slope at each cell's knot, kept until a cell is at another one."""

    def __init__(self, table: FloatArray, asked: Iterable[int], rows: int, count: int) -> None:
        asked = list(asked)
        self._table: FloatArray = np.ascontiguousarray(table[[*asked, *(rows + k for k in asked)]])
        self._found: FloatArray = np.zeros((2 * len(asked), count))
        self._value: FloatArray = self._found[: len(asked)]
        self._slope: FloatArray = self._found[len(asked) :]
        self.row: FloatArray = np.zeros((len(asked), count))
        self._beside: FloatArray = np.zeros((len(asked), count))
        self._seen = b""

    def at(self, whole: FloatArray, place: FloatArray, index: npt.NDArray[np.intp]) -> FloatArray:
        """`row` at the knots `whole` and the share `place` of the way to the next; `index` is only written."""
        now = whole.tobytes()
        if now != self._seen:
            self._seen = now
            index[:] = whole
            self._table.take(index, axis=1, out=self._found, mode="clip")
        np.multiply(self._slope, place, out=self.row)
        self.row += self._value
        return self.row

    def beside(self, row: FloatArray, knots: FloatArray) -> FloatArray:
        """`row` at this number of knots further on. The array is reused by the next call."""
        np.multiply(self._slope, knots, out=self._beside)
        self._beside += row
        return self._beside
