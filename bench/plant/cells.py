"""Cells in series, all in one vector: open-circuit voltage, R0, charge transfer, two RC pairs, heat, abuse."""

import math
import random
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.plant.aqueous import Aqueous
from bench.plant.chemistry import Chemistry, Curve, FloatArray
from bench.plant.runaway import CellAtWork, Runaway
from bench.plant.surface import SurfaceLag
from bench.plant.tables import Tables
from bench.plant.thermal import ThermalNetwork

GAS_CONSTANT_J_MOL_K = 8.314462618
FARADAY_C_MOL = 96485.33212
REFERENCE_K = 298.15
ZERO_C_IN_K = 273.15

# How often the cells are looked at for what changes slowly or from outside; margin for rounding.
_REFRESH_S = 0.1 - 1e-9
_SAME_CHARGE = 3e-5  # of the capacity: 50 A for 0.1 s; no parameter of the RC pairs moves noticeably with it
MAX_STEP_S = 1.0
_NEWTON_ROUNDS = 8
_RELAXED_S = 3600.0  # standing: many time constants of the slowest RC pair
POLARISED_S = 300  # most of what a long current does has happened after five minutes
_SMALLEST_OHM = 1e-6  # a dead short
_NO_CHARGE_TRANSFER_A = 1e9  # asinh(I / 2e9) is nothing
_SAME_K = 0.01  # temperature factors are kept for so long: 0.06 % of a parameter, 0.2 mV of 300 mV


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Cell-to-cell variation as relative standard deviations, cut at three sigma."""

    capacity: float = 0.01
    resistance: float = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Ageing:
    """How far the cells are from new: relative loss of capacity (SoH = 1 - fade), relative growth of resistance."""

    capacity_fade: float = 0.0
    resistance_growth: float = 0.0


class Cells:
    """State of `count` cells. The arrays are live: they change in place with every step; copy what must last.

    Current > 0 discharges. Settable per cell: `heat_w` (outside heat), `short_ohm` (internal short, its heat stays
    in the cell; inf: none), `balance_ohm` (bleed outside the cell; inf: none), `capacity_ah`, `resistance_scale`.
    Ambient, coolant and heat between neighbours are in `thermal`.
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
        ageing: Ageing | None = None,
        coolant_k_w: float = math.inf,
        hysteresis: bool | None = None,
    ) -> None:
        if count < 1:
            raise ValueError(f"{count} cells; expected at least 1")
        ageing = ageing if ageing is not None else Ageing()
        if not 0.0 <= ageing.capacity_fade < 1.0 or ageing.resistance_growth < 0.0:
            raise ValueError(f"{ageing}; expected a fade of 0..1 and a growth of 0 or more")
        self.chemistry = chemistry
        self.count = count
        self.thermal = ThermalNetwork(chemistry, count, temp_c, coolant_k_w)
        self.soc: FloatArray = np.full(count, soc, dtype=np.float64)
        self.temp_c: FloatArray = np.full(count, temp_c, dtype=np.float64)
        self.voltage_v: FloatArray = np.zeros(count)
        self.heat_w: FloatArray = np.zeros(count)
        fresh = _spread(count, spread.capacity, rng)
        self.capacity_ah: FloatArray = chemistry.capacity_ah * (1.0 - ageing.capacity_fade) * fresh
        self.resistance_scale: FloatArray = (1.0 + ageing.resistance_growth) * _spread(
            count, spread.resistance, rng
        )
        self._parallel_ohm: FloatArray = np.full((2, count), math.inf)
        self.short_ohm: FloatArray = self._parallel_ohm[0]
        self.balance_ohm: FloatArray = self._parallel_ohm[1]
        self.cell_current_a: FloatArray = np.zeros(
            count
        )  # with shorts and bleeding: what leaves the chemistry

        circuit, ocv = chemistry.circuit, chemistry.ocv
        i0_a = circuit.i0_a
        if i0_a is None:
            i0_a = Curve(
                soc=circuit.r0_ohm.soc, value=np.full(circuit.r0_ohm.soc.size, _NO_CHARGE_TRANSFER_A)
            )
        low, high = float(ocv.soc[0]), float(ocv.soc[-1])
        self._empty_soc = float(np.interp(0.0, ocv.value, ocv.soc))  # nothing is left that could drive a leak
        self._fast = Tables([ocv, circuit.r0_ohm, i0_a, chemistry.entropic_v_k], low, high, count)
        self._slow = Tables([circuit.r1_ohm, circuit.r2_ohm, circuit.tau1_s, circuit.tau2_s], 0.0, 1.0, count)
        energies = (circuit.ea_r1_j_mol, circuit.ea_r2_j_mol, circuit.ea_r0_j_mol, circuit.ea_i0_j_mol)
        self._energies_j_mol: FloatArray = np.array(energies).reshape(4, 1)
        wanted = chemistry.hysteresis is not None and chemistry.hysteresis.enabled
        self._hysteresis = chemistry.hysteresis if (wanted if hysteresis is None else hysteresis) else None
        self.hysteresis_state: FloatArray = np.zeros(count)  # -1 discharge branch .. +1 charge branch

        self._surface = None if chemistry.diffusion is None else SurfaceLag(chemistry.diffusion, ocv, count)
        self._u_v: FloatArray = np.zeros((2, count))  # both RC pairs
        self._rc_v: FloatArray = np.zeros((2, count))
        self._factors_at_c: FloatArray = np.full(count, math.nan)
        self.open_circuit_v: FloatArray = np.zeros(count)
        self._drop_v: FloatArray = np.zeros(count)
        self._a: FloatArray = np.zeros(count)
        self._b: FloatArray = np.zeros(count)
        full_j = chemistry.capacity_ah * 3600.0 * float(ocv.at(np.linspace(0.0, 1.0, 101)).mean())
        water = chemistry.abuse.water
        self.beyond: Runaway | Aqueous = (
            Runaway(chemistry.abuse, count, full_j)
            if water is None
            else Aqueous(chemistry.abuse, water, count)
        )
        self.runaway = self.beyond if isinstance(self.beyond, Runaway) else None
        self.aqueous = self.beyond if isinstance(self.beyond, Aqueous) else None
        self._abused = False
        self._current_a: float | FloatArray = 0.0
        self._age_s = 0.0
        self._moved_as = 0.0  # since the RC pairs' parameters were looked up
        self._same_as = _SAME_CHARGE * chemistry.capacity_ah * 3600.0
        self._dt_s = _REFRESH_S
        self._refresh(self._dt_s)
        self._evaluate(0.0)

    @property
    def ambient_c(self) -> float:
        return self.thermal.ambient_c

    @ambient_c.setter
    def ambient_c(self, temp_c: float) -> None:
        self.thermal.ambient_c = temp_c

    @property
    def soh(self) -> FloatArray:
        """Capacity over nominal capacity."""
        return self.capacity_ah / self.chemistry.capacity_ah

    def step(self, dt_s: float, current_a: float | FloatArray) -> None:
        """Hold `current_a` (one for all, or one per cell) for `dt_s`. ValueError unless 0 < dt_s <= 1 s."""
        if not 0.0 < dt_s <= MAX_STEP_S:
            raise ValueError(f"step of {dt_s} s; expected more than 0 and at most {MAX_STEP_S} s")
        if not (
            math.isfinite(current_a) if isinstance(current_a, int | float) else np.isfinite(current_a).all()
        ):
            raise ValueError(f"current of {current_a} A; expected a finite number")
        self._current_a = current_a
        if dt_s != self._dt_s:
            self._refresh(dt_s)
        elif self._age_s >= _REFRESH_S:
            self._refresh(dt_s, moved=self._abused or self._moved_as >= self._same_as)
        self._age_s += dt_s
        parallel = self._parallel_ohm.min() < math.inf
        through_a = self._through(current_a) if parallel else current_a
        self._moved_as += dt_s * (abs(through_a) if isinstance(through_a, int | float) else math.inf)
        self._move_charge(dt_s, through_a)
        u_v, rc_v = self._u_v, self._rc_v
        u_v *= self._decay
        np.multiply(self._gain_ohm, through_a, out=rc_v)
        u_v += rc_v
        if self._surface is not None:
            self._surface.advance(through_a)
        self._evaluate(through_a)
        if parallel and (self._surface is not None or self.voltage_v.min() < 0.0):
            # Solid diffusion moved in this step, so what a short leaves at the terminals did too. Solved with the drop
            # of the step before, a dead short would end below 0 V, where no passive cell goes.
            at, _, volt_v = self._shared(current_a)
            self.voltage_v[at] = volt_v
        self._warm(dt_s, through_a, parallel)

    def set_soc(self, cell: int, soc: float) -> None:
        """Put one cell (0-based) at a state of charge, relaxed. Outside 0..1 is abuse."""
        self._check(cell)
        self.soc[cell] = soc
        self._u_v[:, cell] = 0.0
        if self._surface is not None:
            self._surface.lag[cell] = 0.0
        self._refresh(self._dt_s)
        self._evaluate(self._current_a)

    def settle(self) -> None:
        """Take over, at once, what was written into the arrays: relaxed, at no current."""
        self._u_v[:] = 0.0
        if self._surface is not None:
            self._surface.lag[:] = 0.0
        self._current_a = 0.0
        self._refresh(self._dt_s)
        self._evaluate(0.0)

    def polarise(self, current_a: float) -> None:
        """As `current_a` (> 0 discharges) leaves them after POLARISED_S, at the state of charge they have now."""
        wanted = self.soc.copy()
        self.soc += current_a * POLARISED_S / 3600.0 / self.capacity_ah
        for _ in range(POLARISED_S):
            self.step(1.0, current_a)
        self.soc[:] = wanted  # but for losses it is there already
        self._current_a = 0.0
        self._refresh(self._dt_s)
        self._evaluate(0.0)

    def stand(self, duration_s: float) -> None:
        """No pack current for so long: relaxing, cooling, self-discharge, and what shorts and bleeds draw.

        Stepped for the first hour, and to the end where a cell is shorted, bled or abused; then each leak in one.
        """
        left_s = duration_s
        while left_s > 0.0:
            at_rest = duration_s - left_s >= _RELAXED_S and self._parallel_ohm.min() == math.inf
            if at_rest and not self._abused and not self.heat_w.any():
                break
            dt_s = min(MAX_STEP_S, left_s)
            self.step(dt_s, 0.0)
            left_s -= dt_s
        if left_s > 0.0:
            self.temp_c[:] = self.thermal.rest_c()
            self._refresh_temperature()
            lost = self.chemistry.self_discharge_1_s * left_s * self._leak_factor
            np.maximum(self.soc - lost, np.minimum(self.soc, self._empty_soc), out=self.soc)
            self.settle()

    def set_temp(self, cell: int, temp_c: float) -> None:
        """Put one cell (0-based) at a temperature in degC."""
        self._check(cell)
        self.temp_c[cell] = temp_c
        self._refresh(self._dt_s)

    def voltage_at(self, current_a: float | FloatArray) -> FloatArray:
        """Terminal voltages if `current_a` flowed now, in V; changes nothing."""
        drop = np.arcsinh(self._inverse_2i0 * current_a) * self._two_rt_f
        drop += self._r0_ohm * current_a
        result: FloatArray = self._inner_v() - drop
        return result

    def _inner_v(self) -> FloatArray:
        """Behind R0 and charge transfer: open circuit less what the RC pairs and solid diffusion hold."""
        inner: FloatArray = self.open_circuit_v - self._u_v[0] - self._u_v[1]
        return inner if self._surface is None else inner - self._surface.drop_v

    def slope_ohm(self, current_a: float | FloatArray) -> FloatArray:
        """-dV/dI of each cell at `current_a`, instantaneous, in ohm."""
        bent = self._inverse_2i0 * current_a
        result: FloatArray = self._r0_ohm + self._two_rt_f * self._inverse_2i0 / np.sqrt(1.0 + bent * bent)
        return result

    def _check(self, cell: int) -> None:
        if not 0 <= cell < self.count:
            raise ValueError(f"cell index {cell}; expected 0..{self.count - 1}")

    def _through(self, current_a: float | FloatArray) -> FloatArray:
        """The current through each cell's chemistry when shorts and bleeds take theirs: I = I_pack + V(I)/R."""
        through: FloatArray = np.full(self.count, current_a, dtype=np.float64)
        at, here_a, _ = self._shared(current_a)
        through[at] = here_a
        self.cell_current_a = through
        return through

    def _shared(self, current_a: float | FloatArray) -> tuple[npt.NDArray[np.intp], FloatArray, FloatArray]:
        """The cells with a short or a bleed, the current through each one's chemistry, and its terminal voltage."""
        at = np.flatnonzero(self._parallel_ohm.min(axis=0) < math.inf)
        siemens = (1.0 / np.maximum(self._parallel_ohm[:, at], _SMALLEST_OHM)).sum(axis=0)
        emf_v = self._inner_v()[at]
        if self._abused and self.runaway is not None:
            emf_v *= self.runaway.survival[at]
        r0_ohm, bend, two_rt_f = self._r0_ohm[at], self._inverse_2i0[at], self._two_rt_f[at]
        demanded_a = current_a[at] if isinstance(current_a, np.ndarray) else current_a
        here_a: FloatArray = np.zeros(at.size)
        for _ in range(_NEWTON_ROUNDS):  # from 0, where the slope is largest: no overshoot
            bent = bend * here_a
            volt = emf_v - r0_ohm * here_a - two_rt_f * np.arcsinh(bent)
            slope_ohm = r0_ohm + two_rt_f * bend / np.sqrt(1.0 + bent * bent)
            here_a -= (here_a - demanded_a - siemens * volt) / (1.0 + siemens * slope_ohm)
        if emf_v.min() < 0.0:
            # Only a current that others drive takes a cell below 0 V: what an exhausted one still has of polarisation
            # has nothing to draw on, and drives none back through its short.
            np.maximum(here_a, np.minimum(demanded_a, 0.0), out=here_a)
        return at, here_a, (here_a - demanded_a) / siemens

    def _move_charge(self, dt_s: float, current_a: float | FloatArray) -> None:
        a, efficiency = self._a, self.chemistry.coulombic_efficiency
        if isinstance(current_a, int | float):
            stored_a: float | FloatArray = current_a * efficiency if current_a < 0.0 else current_a
        else:
            stored_a = np.where(current_a < 0.0, current_a * efficiency, current_a)
        np.multiply(self._soc_per_as, stored_a, out=a)
        a *= -dt_s
        self.soc += a
        if self._hysteresis is not None:
            shape = self._hysteresis
            share = np.minimum(1.0, np.abs(a) / shape.decay_soc)
            self.hysteresis_state += share * (np.sign(a) - self.hysteresis_state)

    def _evaluate(self, current_a: float | FloatArray) -> None:
        """Terminal voltage from SoC, RC state and current."""
        a, drop = self._a, self._drop_v
        ocv_v, r0_ohm, i0_a, entropic = self._fast.at(self.soc)
        np.multiply(entropic, self._above_reference_k, out=self.open_circuit_v)
        self.open_circuit_v += ocv_v
        if self._hysteresis is not None:
            self.open_circuit_v += self._hysteresis.half_width_v * self.hysteresis_state
        self._r0_ohm = np.multiply(r0_ohm, self._factor0, out=r0_ohm)
        self._inverse_2i0 = np.divide(self._factor_i0, i0_a, out=i0_a)
        np.multiply(self._inverse_2i0, current_a, out=a)
        np.arcsinh(a, out=drop)
        drop *= self._two_rt_f
        np.multiply(r0_ohm, current_a, out=a)
        drop += a
        drop += self._u_v[0]
        drop += self._u_v[1]
        if self._surface is not None:
            drop += self._surface.below(self.soc, ocv_v)
        np.subtract(self.open_circuit_v, drop, out=self.voltage_v)
        if self._abused and self.runaway is not None:
            self.voltage_v *= self.runaway.survival

    def _warm(self, dt_s: float, current_a: float | FloatArray, parallel: bool) -> None:
        """Irreversible and reversible heat, a short's heat, outside heat; then the network."""
        a, b = self._a, self._b
        np.add(self.temp_c, ZERO_C_IN_K, out=b)
        b *= self._fast.row[3]
        np.subtract(self._drop_v, b, out=a)
        a *= current_a
        a += self.heat_w
        if parallel:
            a += self.voltage_v**2 / np.maximum(self.short_ohm, _SMALLEST_OHM)
        if self._abused:
            a += self._abuse_w(dt_s, current_a)
        self.thermal.warm(self.temp_c, a, dt_s)
        if self._abused and self.aqueous is not None:
            self.aqueous.boil(self.temp_c, self.thermal.capacity_j_k)

    def _abuse_w(self, dt_s: float, current_a: float | FloatArray) -> FloatArray:
        """Heat of side reactions and decomposition, W per cell."""
        state = CellAtWork(
            dt_s=dt_s,
            temp_c=self.temp_c,
            soc=self.soc,
            voltage_v=self.voltage_v,
            open_circuit_v=self.open_circuit_v,
            current_a=np.broadcast_to(np.asarray(current_a, dtype=np.float64), (self.count,)),
            capacity_j_k=self.thermal.capacity_j_k,
            capacity_ah=self.capacity_ah,
        )
        return self.beyond.step(state, self.short_ohm)

    def _refresh(self, dt_s: float, moved: bool = True) -> None:
        """What changes slowly, for this step length. `moved`: so has the charge, or nobody knows."""
        chemistry = self.chemistry
        self._soc_per_as = np.divide(1.0 / 3600.0, self.capacity_ah)
        if self._refresh_temperature() or moved:
            self._refresh_pairs(dt_s)
        scale = self.resistance_scale
        self._gain_ohm = self._nominal_gain_ohm * scale
        self._factor0: FloatArray = self._r0_factor * scale
        self._factor_i0: FloatArray = self._i0_factor * scale
        if self._surface is not None:
            self._surface.refresh(dt_s, self._inverse_t, self._soc_per_as)
        self.thermal.refresh()
        self._abused = not self.beyond.quiet(self.temp_c, self.soc)
        if self._abused:
            grown = self._growth()
            self._gain_ohm *= grown
            self._factor0 *= grown
            self._factor_i0 *= grown
        lost = chemistry.self_discharge_1_s * self._age_s
        if lost:
            # A leak empties a cell, and does not reverse it.
            np.maximum(
                self.soc - lost * self._leak_factor, np.minimum(self.soc, self._empty_soc), out=self.soc
            )
        self._dt_s = dt_s
        self._age_s = 0.0

    def _refresh_pairs(self, dt_s: float) -> None:
        """Both RC pairs, at the SoC half-way on."""
        ahead_s = 0.5 * max(dt_s, _REFRESH_S)
        slow = self._slow.at(self.soc - self._soc_per_as * (self._current_a * ahead_s))
        tau_s = slow[2:]
        tau_s *= self._warm_factors
        decay = self._decay = np.exp(np.divide(-dt_s, tau_s, out=tau_s))
        gain = self._nominal_gain_ohm = slow[:2] * self._warm_factors
        gain *= 1.0 - decay
        self._moved_as = 0.0

    def _refresh_temperature(self) -> bool:
        """Arrhenius factors, where a temperature has moved; whether one has."""
        moved_k = np.subtract(self.temp_c, self._factors_at_c, out=self._a)
        if np.abs(moved_k, out=moved_k).max() < _SAME_K:  # nan the first time: not smaller
            return False
        self._factors_at_c[:] = self.temp_c
        kelvin = self.temp_c + ZERO_C_IN_K
        self._inverse_t = (1.0 / kelvin - 1.0 / REFERENCE_K) / GAS_CONSTANT_J_MOL_K
        factors = np.exp(self._energies_j_mol * self._inverse_t)
        self._warm_factors = factors[:2]
        self._r0_factor = factors[2]
        self._i0_factor = 0.5 * factors[3]
        self._leak_factor = np.exp(-self.chemistry.self_discharge_ea_j_mol * self._inverse_t)
        self._two_rt_f = 2.0 * GAS_CONSTANT_J_MOL_K / FARADAY_C_MOL * kelvin
        self._above_reference_k = kelvin - REFERENCE_K
        return True

    def _growth(self) -> FloatArray:
        """Factor on every resistance beyond the normal range: overcharge, and passivation of zinc."""
        over = np.maximum(0.0, self.soc - 1.0)
        grown: FloatArray = 1.0 + self.chemistry.abuse.r_growth_per_10pct * over / 0.1
        return grown if self.aqueous is None else grown * self.aqueous.passivation(self.soc)


def _spread(count: int, sigma: float, rng: random.Random) -> FloatArray:
    if not 0.0 <= sigma <= 0.2:
        raise ValueError(f"spread {sigma}; expected a relative standard deviation of 0..0.2")
    return np.array([1.0 + sigma * min(3.0, max(-3.0, rng.gauss(0.0, 1.0))) for _ in range(count)])
