"""The curves of many cells: at every step only those that every step needs, the RC pairs' when they are looked up."""

import numpy as np

from bench.plant.cell_curves import CellCurves
from bench.plant.chemistry import Chemistry
from bench.plant.source import FloatArray
from bench.plant.tables import GRID_PER_SOC, Tables

_EACH_STEP = 4  # the first rows: OCV, exchange current, entropy, R0


class LeanCurves(CellCurves):
    """As CellCurves; a gather of half the rows is what a step of a thousand cells saves most by."""

    def __init__(self, chemistry: Chemistry, count: int) -> None:
        super().__init__(chemistry, count)
        rows = len(self.row)
        asked = [*range(_EACH_STEP), *range(8, rows)]  # of solid diffusion there may be one more
        self._lean_table: FloatArray = np.ascontiguousarray(self._table[[*asked, *(rows + k for k in asked)]])
        self._lean_found: FloatArray = np.zeros((2 * len(asked), count))
        self._lean: FloatArray = self._lean_found[: len(asked)]
        self._lean_slope: FloatArray = self._lean_found[len(asked) :]
        self.ocv_v, self.double_i0_a = self._lean[0], self._lean[1]
        self.entropic_r0, self.entropic_v_k = self._lean[2:4], self._lean[2]
        if rows > 8:
            self.share = self._lean[4]
        self._soc: FloatArray = np.zeros(count)

    def at(self, soc: FloatArray) -> FloatArray:
        place, whole, index = self._place, self._whole, self._index
        np.multiply(soc, GRID_PER_SOC, out=place)
        place += self._first
        np.floor(place, out=whole)
        place -= whole
        index[:] = whole
        self._lean_table.take(index, axis=1, out=self._lean_found, mode="clip")
        self._lean_slope *= place
        self._lean += self._lean_slope
        self._soc = soc
        return self._lean

    def pairs_beside(self, soc_per_as: FloatArray, gained_as: float | FloatArray) -> FloatArray:
        Tables.at(self, self._soc)
        return super().pairs_beside(soc_per_as, gained_as)
