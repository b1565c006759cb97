"""What a cell loses by itself: a leak that warmth speeds up, booked now and then, and at most until it is empty."""

import numpy as np

from bench.plant.chemistry import Chemistry
from bench.plant.source import FloatArray

_BOOKED_S = 10.0  # 1e-7 of the charge at 3 % a month


class SelfDischarge:
    """`waiting_s`: time that has passed and is not booked yet; whoever steps the cells adds to it."""

    def __init__(self, chemistry: Chemistry) -> None:
        self._rate_1_s = chemistry.self_discharge_1_s
        self._ea_j_mol = chemistry.self_discharge_ea_j_mol
        # Nothing is left there that could drive a leak.
        self._empty_soc = float(np.interp(0.0, chemistry.ocv.value, chemistry.ocv.soc))
        self.waiting_s = 0.0

    @property
    def due(self) -> bool:
        return self.waiting_s >= _BOOKED_S

    def left(self, soc: FloatArray, inverse_rt: FloatArray) -> FloatArray:
        """What is left of `soc` after the time that waited; `inverse_rt` = (1/T - 1/T_ref)/R.

        A leak empties a cell, and does not reverse it.
        """
        lost = self._rate_1_s * self.waiting_s
        self.waiting_s = 0.0
        result: FloatArray = soc - lost * np.exp(-self._ea_j_mol * inverse_rt)
        return np.maximum(result, np.minimum(soc, self._empty_soc), out=result)
