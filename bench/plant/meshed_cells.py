"""Cells that share currents with others: what each shows at its terminals, and heat between groups."""

import math
import random

import numpy as np

from bench.plant.cells import Cells
from bench.plant.chemistry import Chemistry
from bench.plant.group_thermal import GroupThermal
from bench.plant.lean_curves import LeanCurves
from bench.plant.source import FloatArray
from bench.plant.spread import Ageing, Spread

_LEAST_OHM = 1e-6  # a dead short
_NEAR = 1.5


class MeshedCells(Cells):
    """`strings` x `series` x `parallel` of them: cell k of group g is at k * strings * series + g."""

    def __init__(
        self,
        chemistry: Chemistry,
        *,
        strings: int,
        series: int,
        parallel: int,
        soc: float,
        temp_c: float,
        rng: random.Random,
        spread: Spread,
        ageing: Ageing | None = None,
        coolant_k_w: float = math.inf,
        hysteresis: bool | None = None,
    ) -> None:
        super().__init__(
            chemistry,
            count=strings * series * parallel,
            soc=soc,
            temp_c=temp_c,
            rng=rng,
            spread=spread,
            ageing=ageing,
            coolant_k_w=coolant_k_w,
            hysteresis=hysteresis,
        )
        self.thermal = GroupThermal(
            chemistry,
            strings=strings,
            series=series,
            parallel=parallel,
            ambient_c=temp_c,
            coolant_k_w=coolant_k_w,
        )

        self._curves = LeanCurves(chemistry, self.count)
        self.settle()
        self._ohm: FloatArray = np.zeros(self.count)
        self._c: FloatArray = np.zeros(self.count)

    @property
    def bent(self) -> bool:
        """Whether some cell is shorted, bled, near its limit or dying: no longer a source behind its own resistance."""
        return self._parallel or self.starved or self.alive is not None

    @property
    def starved(self) -> bool:
        """Whether some cell's current is near what it can give."""
        limit = self.limit
        if not limit.awake:
            return False
        if limit.least_share < 1.0:
            return True
        return bool(np.minimum.reduce(limit.free_a) < _NEAR * self._most_a)

    def at_terminals(self, current_a: FloatArray, *, shown: bool = True) -> tuple[FloatArray, FloatArray]:
        """Voltage, and -dI/dV in S, of each cell if this current left its terminals now; changes nothing.

        Shorts and bleeds included. A dying cell loses its source and keeps its resistance: its neighbours feed it.
        shown: what a limit costs ends with the cell's voltage. Not so on the way to the currents that fit each other:
        there the curve has to fall on, or the way does not lead back.
        """
        through_a = current_a
        shunt_s: float | FloatArray = 0.0
        if self._parallel:
            through_a = current_a.copy()
            at, here_a, _ = self._shared(current_a)
            through_a[at] = here_a
            shunt_s = (1.0 / np.maximum(self._settable.rows[2:], _LEAST_OHM)).sum(axis=0)
        bent = self._inverse_2i0 * through_a
        two_rt_f_v = self._factors.two_rt_f_v
        inner_v = self._inner_v()
        if self.alive is not None:
            inner_v = inner_v * self.alive
        volt: FloatArray = inner_v - two_rt_f_v * np.arcsinh(bent) - self._r0_ohm * through_a
        ohm = self._r0_ohm + two_rt_f_v * self._inverse_2i0 / np.sqrt(1.0 + bent * bent)
        if self.limit.awake:
            beyond_a = np.maximum(0.0, through_a - np.maximum(0.0, self.limit.free_a))
            lost_v = self.limit.ohm * beyond_a
            volt -= np.minimum(lost_v, np.maximum(volt, 0.0)) if shown else lost_v
            ohm = ohm + self.limit.ohm * (beyond_a > 0.0)
        return volt, 1.0 / ohm + shunt_s

    def siemens_at(self, current_a: FloatArray) -> FloatArray:
        """-dI/dV of each cell at this current, where nothing is `bent`. The array is reused by the next call."""
        root, ohm = self._c, self._ohm
        np.multiply(self._inverse_2i0, current_a, out=root)
        root *= root
        root += 1.0
        np.sqrt(root, out=root)
        np.multiply(self._factors.two_rt_f_v, self._inverse_2i0, out=ohm)
        ohm /= root
        ohm += self._r0_ohm
        np.divide(1.0, ohm, out=ohm)
        return ohm
