"""Cells in series, all in one vector: open-circuit voltage, R0, charge transfer, two RC pairs, heat, abuse."""

import math
import random

import numpy as np
import numpy.typing as npt

from bench.plant.aqueous import Aqueous
from bench.plant.cell_curves import CellCurves
from bench.plant.charge_range import ChargeRange
from bench.plant.charging import span_of, stored_a
from bench.plant.chemistry import Chemistry, FloatArray
from bench.plant.limiting import LimitingCurrent
from bench.plant.polarisation import Polarisation
from bench.plant.runaway import CellAtWork, Runaway
from bench.plant.self_discharge import SelfDischarge
from bench.plant.settable import Settable
from bench.plant.shunts import Drive, Shunts, short_heat_w
from bench.plant.spread import Ageing, Spread, scattered
from bench.plant.surface import SurfaceLag
from bench.plant.temperature import TemperatureFactors
from bench.plant.thermal import ThermalNetwork

ZERO_C_IN_K = 273.15

# How often the cells are looked at for what changes slowly; margin for rounding.
_LOOK_S = 0.1 - 1e-9
_SAME_CHARGE = 3e-5  # of the capacity: 50 A for 0.1 s; no parameter of the RC pairs moves noticeably with it
MAX_STEP_S = 1.0
_RELAXED_S = 3600.0  # standing: many time constants of the slowest RC pair
POLARISED_S = 300  # most of what a long current does has happened after five minutes


class Cells:
    """State of `count` cells. The arrays are live: they change in place with every step; copy what must last.

    Current > 0 discharges. Each cell can be given `heat_w` (heat from outside), `short_ohm` (an internal short,
    whose heat stays in the cell; inf: none) and `balance_ohm` (a bleed outside the cell; inf: none). `capacity_ah`
    and `resistance_scale` can be set too. The next step uses the new values.
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
        self.chemistry = chemistry
        self.count = count
        self.thermal = ThermalNetwork(chemistry, count, temp_c, coolant_k_w)
        self.soc: FloatArray = np.full(count, soc, dtype=np.float64)
        self.temp_c: FloatArray = np.full(count, temp_c, dtype=np.float64)
        self.voltage_v: FloatArray = np.zeros(count)
        self.heat_w: FloatArray = np.zeros(count)
        fresh = scattered(count, spread.capacity, rng)
        self._settable = Settable(4, count)
        self.capacity_ah, self.resistance_scale, self.short_ohm, self.balance_ohm = self._settable.rows
        self.capacity_ah[:] = chemistry.capacity_ah * (1.0 - ageing.capacity_fade) * fresh
        self.resistance_scale[:] = (1.0 + ageing.resistance_growth) * scattered(count, spread.resistance, rng)
        self._shunts = Shunts(self._settable.rows[2:])
        # What leaves each cell's chemistry, with shorts and bleeds.
        self.cell_current_a: FloatArray = np.zeros(count)

        ocv = chemistry.ocv
        self._curves = CellCurves(chemistry, count)
        self._leak = SelfDischarge(chemistry)
        self._factors = TemperatureFactors(chemistry.circuit, count)
        wanted = chemistry.hysteresis is not None and chemistry.hysteresis.enabled
        self._hysteresis = chemistry.hysteresis if (wanted if hysteresis is None else hysteresis) else None
        self.hysteresis_state: FloatArray = np.zeros(count)  # -1 discharge branch .. +1 charge branch

        self._surface = None if chemistry.diffusion is None else SurfaceLag(chemistry.diffusion, ocv, count)
        self._pairs = Polarisation(count)
        self._corrected: FloatArray = np.zeros((2, count))
        self._entropic_v, self._r0_ohm = self._corrected
        self._inverse_2i0: FloatArray = np.zeros(count)
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
        self.limit = LimitingCurrent(chemistry.abuse.limit, self.capacity_ah)
        self._abused = self._hot = False
        self._range = ChargeRange()
        self._current_a: float | FloatArray = 0.0
        self._most_a = 0.0  # of it
        self._age_s = 0.0  # since the last look
        self._moved_as = 0.0  # since the RC pairs' parameters were looked up
        self._same_as = _SAME_CHARGE * chemistry.capacity_ah * 3600.0
        self._dt_s = _LOOK_S
        self._refresh()
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
        share: FloatArray = self.capacity_ah / self.chemistry.capacity_ah
        return share

    def step(self, dt_s: float, current_a: float | FloatArray) -> None:
        """Hold `current_a` (one for all, or one per cell) for `dt_s`. ValueError unless 0 < dt_s <= 1 s."""
        if not 0.0 < dt_s <= MAX_STEP_S:
            raise ValueError(f"step of {dt_s} s; expected more than 0 and at most {MAX_STEP_S} s")
        span_a = span_of(current_a)
        if not (math.isfinite(span_a[0]) and math.isfinite(span_a[1])):
            raise ValueError(f"current of {current_a} A; expected a finite number")
        self._current_a, self._most_a = current_a, span_a[1]
        if self._settable.changed():
            self._refresh()
        elif self._age_s >= _LOOK_S:
            self._look()
        if dt_s != self._dt_s:
            self._hold(dt_s)
        self._age_s += dt_s
        self._leak.waiting_s += dt_s
        parallel = self._parallel
        through_a = current_a
        if parallel:
            through_a = self._through(current_a)
            span_a = span_of(through_a)
        largest_a = max(-span_a[0], span_a[1])
        self._moved_as += dt_s * largest_a
        self._range.moved_as += dt_s * largest_a
        self._move_charge(dt_s, through_a, span_a)
        through_a = np.asarray(through_a)  # numpy takes an array of no dimension sooner than a float
        self._pairs.advance(through_a)
        if self._surface is not None:
            self._surface.advance(through_a, self._curves.share)
        self._evaluate(through_a)
        if parallel and (self._surface is not None or self.voltage_v.min() < 0.0):
            # Solid diffusion moved in this step, so what a short leaves at the terminals did too. Solved with the drop
            # of the step before, a dead short would end below 0 V, where no passive cell goes.
            at, _, volt_v = self._shared(current_a)
            self.voltage_v[at] = volt_v
        if self.limit.noticed(largest_a):
            self.limit.advance(through_a)
        self._warm(dt_s, through_a, parallel)

    def set_soc(self, cell: int, soc: float) -> None:
        """Put one cell (0-based) at a state of charge, relaxed. Outside 0..1 is abuse."""
        self._check(cell)
        self.soc[cell] = soc
        self._pairs.relax_one(cell)
        if self._surface is not None:
            self._surface.lag[cell] = 0.0
        self._refresh()
        self._evaluate(self._current_a)

    def settle(self) -> None:
        """Take over, at once, what was written into the arrays: relaxed, at no current."""
        self._pairs.relax()
        if self._surface is not None:
            self._surface.lag[:] = 0.0
        self._current_a = self._most_a = 0.0
        self._refresh()
        self._evaluate(0.0)

    def polarise(self, current_a: float) -> None:
        """As `current_a` (> 0 discharges) leaves them after POLARISED_S, at the state of charge they have now."""
        wanted = self.soc.copy()
        self.soc += current_a * POLARISED_S / 3600.0 / self.capacity_ah
        for _ in range(POLARISED_S):
            self.step(1.0, current_a)
        self.soc[:] = wanted  # but for losses it is there already
        self._current_a = self._most_a = 0.0
        self._refresh()
        self._evaluate(0.0)

    def stand(self, duration_s: float) -> None:
        """No pack current for this long (s): relaxing, cooling, self-discharge, and the currents of shorts and
        bleeds.

        It is computed in steps for the first hour, and to the end where a cell is shorted, bled or abused. Else the
        rest of each leak is computed in one step.
        """
        left_s = duration_s
        while left_s > 0.0:
            at_rest = duration_s - left_s >= _RELAXED_S and not self._shunts.any()
            if at_rest and not self._abused and not self.heat_w.any():
                break
            dt_s = min(MAX_STEP_S, left_s)
            self.step(dt_s, 0.0)
            left_s -= dt_s
        if left_s > 0.0:
            self.temp_c[:] = self.thermal.rest_c()
            self._factors.follow(self.temp_c)
            self._leak.waiting_s += left_s
            self._lose_charge()
            self.settle()

    def set_temp(self, cell: int, temp_c: float) -> None:
        """Put one cell (0-based) at a temperature in degC."""
        self._check(cell)
        self.temp_c[cell] = temp_c
        self._refresh()

    def voltage_at(self, current_a: float | FloatArray) -> FloatArray:
        """Terminal voltages if `current_a` flowed now, in V; changes nothing."""
        drop = np.arcsinh(self._inverse_2i0 * current_a) * self._factors.two_rt_f_v
        drop += self._r0_ohm * current_a
        result: FloatArray = self._inner_v() - drop
        if self.limit.awake:
            result -= self.limit.drop_v(current_a, result)
        return result if self.alive is None else result * self.alive

    @property
    def alive(self) -> FloatArray | None:
        """The share of its voltage that each cell has kept; None where all have all of it."""
        return self.runaway.survival if self._abused and self.runaway is not None else None

    def _inner_v(self) -> FloatArray:
        """Behind R0 and charge transfer: open circuit less what the RC pairs and solid diffusion hold."""
        inner: FloatArray = self.open_circuit_v - self._pairs.fast_v - self._pairs.slow_v
        return inner if self._surface is None else inner - self._surface.drop_v

    def slope_ohm(self, current_a: float | FloatArray) -> FloatArray:
        """-dV/dI of each cell at `current_a`, instantaneous, in ohm."""
        bent = self._inverse_2i0 * current_a
        bend_ohm = self._factors.two_rt_f_v * self._inverse_2i0
        result: FloatArray = self._r0_ohm + bend_ohm / np.sqrt(1.0 + bent * bent)
        if self.limit.awake:
            result = result + self.limit.ohm * (current_a > self.limit.free_a)
        return result if self.alive is None else result * self.alive

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
        at = self._shunts.cells()
        emf_v = self._inner_v()[at]
        if self._abused and self.runaway is not None:
            emf_v *= self.runaway.survival[at]
        drive = Drive(
            emf_v=emf_v,
            r0_ohm=self._r0_ohm[at],
            two_rt_f_v=self._factors.two_rt_f_v[at],
            bend=self._inverse_2i0[at],
            starved_ohm=self.limit.ohm if self.limit.awake else 0.0,
            free_a=self.limit.free_a[at],
        )
        demanded_a = current_a[at] if isinstance(current_a, np.ndarray) else current_a
        return at, *self._shunts.meet(at, drive, demanded_a)

    def _move_charge(self, dt_s: float, current_a: float | FloatArray, span_a: tuple[float, float]) -> None:
        a = self._a
        stored = stored_a(current_a, span_a, self.chemistry.coulombic_efficiency)
        np.multiply(self._soc_per_as, stored * -dt_s, out=a)
        self.soc += a
        if self._hysteresis is not None:
            shape = self._hysteresis
            share = np.minimum(1.0, np.abs(a) / shape.decay_soc)
            self.hysteresis_state += share * (np.sign(a) - self.hysteresis_state)

    def _evaluate(self, current_a: float | FloatArray) -> None:
        """Terminal voltage from SoC, RC state and current."""
        a, drop = self._a, self._drop_v
        curves, factors = self._curves, self._factors
        curves.at(self.soc)
        ocv_v = curves.ocv_v
        np.multiply(curves.entropic_r0, factors.entropic_r0, out=self._corrected)
        np.add(ocv_v, self._entropic_v, out=self.open_circuit_v)
        if self._hysteresis is not None:
            self.open_circuit_v += self._hysteresis.half_width_v * self.hysteresis_state
        np.divide(factors.inverse_i0, curves.double_i0_a, out=self._inverse_2i0)
        np.multiply(self._inverse_2i0, current_a, out=a)
        np.arcsinh(a, out=drop)
        drop *= factors.two_rt_f_v
        np.multiply(self._r0_ohm, current_a, out=a)
        drop += a
        drop += self._pairs.fast_v
        drop += self._pairs.slow_v
        if self._surface is not None:
            drop += self._surface.below(self.soc, ocv_v)
        if self.limit.awake:
            drop += self.limit.drop_v(current_a, self.open_circuit_v - drop)
        np.subtract(self.open_circuit_v, drop, out=self.voltage_v)
        if self._abused and self.runaway is not None:
            self.voltage_v *= self.runaway.survival

    def _warm(self, dt_s: float, current_a: float | FloatArray, parallel: bool) -> None:
        """Irreversible and reversible heat, a short's heat, outside heat; then the network."""
        a, b = self._a, self._b
        np.multiply(self._factors.kelvin, self._curves.entropic_v_k, out=b)
        np.subtract(self._drop_v, b, out=a)
        a *= current_a
        a += self.heat_w
        if parallel:
            a += short_heat_w(self.voltage_v, self.short_ohm)
        if self._abused:
            a += self._abuse_w(dt_s, current_a)
        self.thermal.warm(self.temp_c, a, dt_s)
        if self._abused:
            self.limit.shut(self.temp_c, self.short_ohm < math.inf)
            if self.aqueous is not None and self.aqueous.boil(self.temp_c, self.thermal.capacity_j_k):
                self.limit.keep(self.aqueous.moist)

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

    def _refresh(self) -> None:
        """Compute everything again, whatever was written into the arrays."""
        self._soc_per_as = np.divide(1.0 / 3600.0, self.capacity_ah)
        self._parallel = self._shunts.any()
        self._curves.at(self.soc)
        self._moved_as = self._range.moved_as = math.inf
        self._look(written=True)

    def _look(self, written: bool = False) -> None:
        """What changes slowly, and only where it has changed since the last look."""
        if self._leak.due:
            self._lose_charge()
        warmer = self._factors.follow(self.temp_c)
        if warmer or written:
            self._hot = not self.beyond.cool(self.temp_c)
        was_abused, self._abused = self._abused, self._hot or self._range.left(self.soc, self.capacity_ah)
        anew = warmer or written or self._abused or was_abused
        if anew:
            self._factors.scale(self.resistance_scale, self._growth() if self._abused else None)
        if anew or self._moved_as >= self._same_as:
            self._look_up_pairs()
            self._hold(self._dt_s)
        self._age_s = 0.0

    def _lose_charge(self) -> None:
        self._range.moved_as = math.inf
        left = self._leak.left(self.soc, self._factors.inverse_rt)
        if self.aqueous is not None:
            self.aqueous.corrode((self.soc - left) * self.capacity_ah * 3600.0, self.temp_c)
        self.soc[:] = left

    def _look_up_pairs(self) -> None:
        """Both RC pairs, at the SoC half-way on."""
        ahead_s = -0.5 * max(self._dt_s, _LOOK_S)
        reference = self._curves.pairs_beside(self._soc_per_as, self._current_a * ahead_s)
        self._pairs.follow(reference, self._factors.pairs)
        self._moved_as = 0.0

    def _hold(self, dt_s: float) -> None:
        """Steps of this length from now on."""
        self._pairs.hold(dt_s)
        if dt_s != self._dt_s:
            self._dt_s = dt_s
            self.limit.hold(dt_s)
        if self._surface is not None:
            self._surface.refresh(dt_s, self._factors.inverse_rt, self._soc_per_as)

    def _growth(self) -> FloatArray:
        """Factor on every resistance beyond the normal range: overcharge, and passivation of zinc."""
        over = np.maximum(0.0, self.soc - 1.0)
        grown: FloatArray = 1.0 + self.chemistry.abuse.r_growth_per_10pct * over / 0.1
        return grown if self.aqueous is None else grown * self.aqueous.passivation(self.soc)
