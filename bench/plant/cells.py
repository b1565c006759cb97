"""Cells in series, all in one vector: open-circuit voltage, R0, two RC pairs, heat to ambient."""

import math
import random
from dataclasses import dataclass

import numpy as np

from bench.plant.chemistry import Chemistry, FloatArray

GAS_CONSTANT_J_MOL_K = 8.314462618
REFERENCE_K = 298.15
ZERO_C_IN_K = 273.15

# Resistances follow SoC and temperature slowly; at 3C the SoC moves by 2e-5 in this time.
_REFRESH_S = (
    0.1 - 1e-9
)  # no parameter moves noticeably: 50 A for 0.1 s are 3e-5 of the charge; margin for rounding
_GRID_PER_SOC = 200  # 0.005, the finest knot spacing of the shipped tables: the uniform grid hits every knot

# Stable at any length. Halving one of 0.1 s moves a voltage by < 1 mV, one of 1 s by up to 6 mV near empty.
MAX_STEP_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Cell-to-cell variation as relative standard deviations, cut at three sigma."""

    capacity: float = 0.01
    resistance: float = 0.03


class Cells:
    """State of `count` cells. The arrays are live: they change in place with every step; copy what must last.

    Current > 0 discharges. `heat_w` adds outside heat to a cell, `ambient_c` is settable. Left out:
    coulombic losses, reversible heat and heat between neighbours.
    """

    def __init__(
        self,
        chemistry: Chemistry,
        *,
        count: int,
        soc: float,
        temp_c: float,
        rng: random.Random,
        spread: Spread,
    ) -> None:
        if count < 1:
            raise ValueError(f"{count} cells; expected at least 1")
        self.chemistry = chemistry
        self.count = count
        self.ambient_c = temp_c
        self.soc: FloatArray = np.full(count, soc, dtype=np.float64)
        self.temp_c: FloatArray = np.full(count, temp_c, dtype=np.float64)
        self.voltage_v: FloatArray = np.zeros(count)
        self.heat_w: FloatArray = np.zeros(count)
        self.capacity_ah: FloatArray = chemistry.capacity_ah * _spread(count, spread.capacity, rng)
        self._resistance_scale = _spread(count, spread.resistance, rng)
        self._soc_per_as = 1.0 / (3600.0 * self.capacity_ah)

        grid = chemistry.ocv.soc
        self._soc_low = float(grid[0])
        last = round((float(grid[-1]) - self._soc_low) * _GRID_PER_SOC)
        knots = self._soc_low + np.arange(last + 1) / _GRID_PER_SOC
        self._last = float(last) - 1e-9
        self._ocv_v = chemistry.ocv.at(knots)
        self._ocv_step_v = np.append(np.diff(self._ocv_v), 0.0)

        self._u1_v: FloatArray = np.zeros(count)
        self._u2_v: FloatArray = np.zeros(count)
        self._rest_v: FloatArray = np.zeros(count)
        self._drop_v: FloatArray = np.zeros(count)
        self._a: FloatArray = np.zeros(count)
        self._b: FloatArray = np.zeros(count)
        self._index = np.zeros(count, dtype=np.intp)
        self._current_a = 0.0
        self._age_s = 0.0
        self._dt_s = _REFRESH_S
        self._refresh(self._dt_s)
        self._evaluate(0.0)

    def step(self, dt_s: float, current_a: float) -> None:
        """Hold `current_a` for `dt_s`, exact for the RC pairs. ValueError unless 0 < dt_s <= 1 s."""
        if not 0.0 < dt_s <= MAX_STEP_S:
            raise ValueError(f"step of {dt_s} s; expected more than 0 and at most {MAX_STEP_S} s")
        if not math.isfinite(current_a):
            raise ValueError(f"current of {current_a} A; expected a finite number")
        if dt_s != self._dt_s or self._age_s >= _REFRESH_S:
            self._refresh(dt_s)
        self._age_s += dt_s
        self._current_a = current_a
        a = self._a
        np.multiply(self._soc_per_as, -current_a * dt_s, out=a)
        self.soc += a
        self._u1_v *= self._decay1
        np.multiply(self._gain1_ohm, current_a, out=a)
        self._u1_v += a
        self._u2_v *= self._decay2
        np.multiply(self._gain2_ohm, current_a, out=a)
        self._u2_v += a
        self._evaluate(current_a)
        # Exact towards the temperature that the present losses would settle at.
        np.multiply(self._drop_v, current_a, out=a)
        a += self.heat_w
        a *= self.chemistry.r_thermal_ambient_k_w
        a += self.ambient_c
        a -= self.temp_c
        a *= self._thermal_gain
        self.temp_c += a

    def set_soc(self, cell: int, soc: float) -> None:
        """Put one cell (0-based) at a state of charge, relaxed. Outside 0..1 is abuse."""
        self._check(cell)
        self.soc[cell] = soc
        self._u1_v[cell] = self._u2_v[cell] = 0.0
        self._refresh(self._dt_s)
        self._evaluate(self._current_a)

    def set_temp(self, cell: int, temp_c: float) -> None:
        """Put one cell (0-based) at a temperature in degC."""
        self._check(cell)
        self.temp_c[cell] = temp_c
        self._refresh(self._dt_s)

    def _check(self, cell: int) -> None:
        if not 0 <= cell < self.count:
            raise ValueError(f"cell index {cell}; expected 0..{self.count - 1}")

    def _evaluate(self, current_a: float) -> None:
        """Terminal voltage from SoC, RC state and current: one gather on the uniform grid."""
        a, b, index = self._a, self._b, self._index
        np.subtract(self.soc, self._soc_low, out=a)
        a *= _GRID_PER_SOC
        np.maximum(a, 0.0, out=a)
        np.minimum(a, self._last, out=a)
        index[:] = a  # truncates, and all are >= 0
        a -= index
        self._ocv_v.take(index, out=self._rest_v, mode="clip")
        self._ocv_step_v.take(index, out=b, mode="clip")
        b *= a
        self._rest_v += b
        np.multiply(self._r0_ohm, current_a, out=self._drop_v)
        self._drop_v += self._u1_v
        self._drop_v += self._u2_v
        np.subtract(self._rest_v, self._drop_v, out=self.voltage_v)

    def _refresh(self, dt_s: float) -> None:
        """Resistances and RC factors for the present SoC and temperature, and for this step length."""
        circuit = self.chemistry.circuit
        soc = self.soc  # interpolation holds the end values outside 0..1
        inverse_t = 1.0 / (self.temp_c + ZERO_C_IN_K) - 1.0 / REFERENCE_K
        k0, k1, k2 = (
            np.exp(ea_j_mol / GAS_CONSTANT_J_MOL_K * inverse_t)
            for ea_j_mol in (circuit.ea_r0_j_mol, circuit.ea_r1_j_mol, circuit.ea_r2_j_mol)
        )
        self._r0_ohm = circuit.r0_ohm.at(soc) * k0 * self._resistance_scale
        self._decay1 = np.exp(-dt_s / (circuit.tau1_s.at(soc) * k1))
        self._decay2 = np.exp(-dt_s / (circuit.tau2_s.at(soc) * k2))
        self._gain1_ohm = circuit.r1_ohm.at(soc) * k1 * self._resistance_scale * (1.0 - self._decay1)
        self._gain2_ohm = circuit.r2_ohm.at(soc) * k2 * self._resistance_scale * (1.0 - self._decay2)
        c = self.chemistry
        self._thermal_gain = -float(
            np.expm1(-dt_s / (c.r_thermal_ambient_k_w * c.mass_kg * c.heat_capacity_j_kg_k))
        )
        self._dt_s = dt_s
        self._age_s = 0.0


def _spread(count: int, sigma: float, rng: random.Random) -> FloatArray:
    if not 0.0 <= sigma <= 0.2:
        raise ValueError(f"spread {sigma}; expected a relative standard deviation of 0..0.2")
    return np.array([1.0 + sigma * min(3.0, max(-3.0, rng.gauss(0.0, 1.0))) for _ in range(count)])
