"""Runs the plant through every case and every sample of one chemistry at once, and notes when each stage came."""

import math
import random
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bench.hazard.cases import AbuseKind, Case
from bench.hazard.result import Band, CaseResult, HarmStage, hazard_of
from bench.hazard.sampling import Draw, draw
from bench.hazard.shares import shares_of
from bench.plant.cells import Cells
from bench.plant.chemistry import Chemistry, FloatArray
from bench.plant.runaway import per_cell
from bench.plant.spread import Spread

STEP_S = 1.0
AMBIENT_C = 25.0
_ALARM_K_S = 1.0 / 60.0  # a rise that a BMS may take for a thermal event: 1 K/min
_ALARM_FOR_S = 30.0
_HEATER_OFF_C = 400.0
_POOR_COOLING = 10.0  # inside a pack the way to the ambient is a tenth of that of a cell standing alone
_CYCLE_S = 60.0
_FULLEST, _EMPTIEST = 2.5, -1.0  # then the charger's voltage, or the rest of the pack, is exhausted

BoolArray = npt.NDArray[np.bool_]


class _Batch:
    """Pairs of cells: even index the victim, odd its neighbour. Cases one after the other, samples within."""

    def __init__(self, chemistry: Chemistry, cases: Sequence[Case], samples: int, seed: int) -> None:
        self.chemistry, self.cases, self.samples = chemistry, cases, samples
        self.pairs = len(cases) * samples
        water_based = chemistry.abuse.water is not None
        self.draw: Draw = draw(
            samples,
            len(cases),
            seed,
            water_based=water_based,
            reactions=len(chemistry.abuse.reactions),
        )
        self.cells = Cells(
            chemistry,
            count=2 * self.pairs,
            soc=1.0,
            temp_c=AMBIENT_C,
            rng=random.Random(seed),
            spread=Spread(capacity=0.0, resistance=0.0),
        )
        self.amps: FloatArray = np.zeros(2 * self.pairs)  # > 0 charges
        self.cycled = np.zeros(2 * self.pairs, dtype=np.bool_)
        self.rate_k_s: FloatArray = np.zeros(self.pairs)
        self.heater_w: FloatArray = np.zeros(self.pairs)
        self._vary()
        for k, case in enumerate(cases):
            self._arm(case, slice(k * samples, (k + 1) * samples))
        self.cells.settle()

    def _vary(self) -> None:
        cells, drawn = self.cells, self.draw
        cells.capacity_ah *= np.repeat(drawn.capacity, 2)
        cells.resistance_scale *= np.repeat(drawn.resistance, 2)
        thermal = cells.thermal
        thermal.capacity_j_k *= np.repeat(drawn.figures.heat_capacity, 2)
        thermal.ambient_k_w *= np.repeat(drawn.ambient_k_w, 2)
        thermal.barrier_k_w[0::2] *= drawn.barrier_k_w
        thermal.barrier_k_w[1::2] = math.inf
        variation = drawn.variation()
        cells.beyond.vary(variation)
        cells.limit.vary(per_cell(variation.limit, cells.count))

    def _arm(self, case: Case, rows: slice) -> None:
        cells, capacity = self.cells, self.chemistry.capacity_ah
        both = slice(2 * rows.start, 2 * rows.stop)
        victims = slice(2 * rows.start, 2 * rows.stop, 2)
        cells.soc[both] = case.soc
        if case.kind is AbuseKind.CURRENT:
            self.amps[both] = case.amount * capacity
        elif case.kind is AbuseKind.INTERNAL_SHORT:
            cells.short_ohm[victims] = case.amount
        elif case.kind is AbuseKind.EXTERNAL_SHORT:
            cells.balance_ohm[both] = case.amount
        elif case.kind is AbuseKind.HEAT_RATE:
            self.rate_k_s[rows] = case.amount
        elif case.kind is AbuseKind.HEAT_POWER:
            self.heater_w[rows] = case.amount
        else:
            self.amps[both] = case.amount * capacity
            self.cycled[both] = True
            cells.thermal.ambient_k_w[both] *= _POOR_COOLING

    def current_a(self, now_s: float, dead: BoolArray) -> FloatArray:
        """What leaves each cell; none through a cell that has run away, or once the source is exhausted."""
        soc = self.cells.soc
        sign = -1.0 if now_s % (2 * _CYCLE_S) < _CYCLE_S else 1.0
        result = np.where(self.cycled, sign * self.amps, -self.amps)
        exhausted = ((soc >= _FULLEST) & (result < 0.0)) | ((soc <= _EMPTIEST) & (result > 0.0))
        # A gel that is dry, or a separator that has shut: none drives on. A charger does: published cells under
        # overcharge did not stop at 130 degC.
        broken = self.cells.limit.share <= 0.0
        if self.cells.aqueous is None:
            broken &= result > 0.0
        result[exhausted | broken | np.repeat(dead, 2)] = 0.0
        return result

    def heat(self, dead: BoolArray) -> None:
        """The heaters, off for a cell that runs away or is very hot."""
        cells = self.cells
        on = ~dead & (cells.temp_c[0::2] < _HEATER_OFF_C)
        ramp_w = self.rate_k_s * cells.thermal.capacity_j_k[0::2]
        losses_w = np.where(self.rate_k_s > 0.0, -cells.thermal.flow_w(cells.temp_c)[0::2], 0.0)
        cells.heat_w[0::2] = np.where(on, ramp_w + losses_w + self.heater_w, 0.0)


class _Watch:
    """When each pair reached each stage, in seconds; infinity until it does."""

    def __init__(self, batch: _Batch) -> None:
        self.batch = batch
        self.at: dict[HarmStage, FloatArray] = {stage: np.full(batch.pairs, math.inf) for stage in HarmStage}
        self.peak_c: FloatArray = batch.cells.temp_c[0::2].copy()
        self.took_off_c: FloatArray = np.full(batch.pairs, math.inf)
        self._rising_s: FloatArray = np.zeros(batch.pairs)
        self._last_c: FloatArray = self.peak_c.copy()
        self._was_c: FloatArray = self._last_c
        self._discharging = batch.amps[0::2] < 0.0
        # Pairs whose neighbour suffers the same fault: what happens to it is no propagation.
        self.alike: BoolArray = (batch.amps[1::2] != 0.0) | np.isfinite(batch.cells.balance_ohm[1::2])

    def look(self, now_s: float) -> None:
        cells, chemistry = self.batch.cells, self.batch.chemistry
        volt, soc, temp_c = cells.voltage_v[0::2], cells.soc[0::2], cells.temp_c[0::2]
        fast = (temp_c - self._last_c) / STEP_S > _ALARM_K_S
        self._rising_s = np.where(fast, self._rising_s + STEP_S, 0.0)
        self._was_c = self._last_c
        self._last_c = temp_c.copy()
        np.maximum(self.peak_c, temp_c, out=self.peak_c)
        high_v = chemistry.v_alarm_high + self.batch.draw.alarm_v
        low_v = chemistry.v_alarm_low + self.batch.draw.alarm_v
        limit = (volt > high_v) | (volt < low_v)
        limit |= (temp_c >= chemistry.t_alarm_c + self.batch.draw.figures.alarm_k) | (
            self._rising_s >= _ALARM_FOR_S
        )
        self._note(HarmStage.LIMIT, limit, now_s)
        damage = (volt > chemistry.v_damage_high) | (soc > chemistry.soc_damage_high)
        # A shorted cell is not damaged by its low voltage but by what follows from it.
        damage |= self._discharging & (volt < chemistry.v_damage_low)
        damage |= (soc < chemistry.soc_damage_low) | (temp_c >= chemistry.t_damage_c)
        beyond = cells.beyond
        vented = beyond.vented[0::2]
        self._note(HarmStage.VENT, vented, now_s)
        damage |= vented
        neighbour = beyond.vented[1::2].copy()
        if cells.aqueous is not None:
            damage |= cells.aqueous.boiled[0::2]
            neighbour |= cells.aqueous.dry[1::2]
            self._note(HarmStage.DRY_OUT, cells.aqueous.dry[0::2], now_s)
        if cells.runaway is not None:
            ran_away = cells.runaway.runaway
            new = ran_away[0::2] & np.isinf(self.took_off_c)
            self.took_off_c[new] = self._was_c[new]
            damage |= ran_away[0::2]
            neighbour |= ran_away[1::2]
            self._note(HarmStage.RUNAWAY, ran_away[0::2], now_s)
            self._note(HarmStage.PROPAGATION, ran_away[1::2] & ~self.alike, now_s)
        self._note(HarmStage.NEIGHBOUR, neighbour & ~self.alike, now_s)
        self._note(HarmStage.DAMAGE, damage, now_s)

    def _note(self, stage: HarmStage, reached: BoolArray, now_s: float) -> None:
        times = self.at[stage]
        times[reached & np.isinf(times)] = now_s

    def finished(self) -> bool:
        """Every pair has come to its end: nothing more can be learnt."""
        last = HarmStage.NEIGHBOUR if self.batch.cells.runaway is None else HarmStage.PROPAGATION
        return bool(np.isfinite(self.at[last]).all())


def simulate(
    chemistry: Chemistry, cases: Sequence[Case], *, samples: int, seed: int, horizon_s: float
) -> tuple[CaseResult, ...]:
    """Every case from its onset to the horizon. The same seed gives the same samples for every case and chemistry."""
    batch = _Batch(chemistry, cases, samples, seed)
    watch = _Watch(batch)
    cells, now_s = batch.cells, 0.0
    dead = np.zeros(batch.pairs, dtype=np.bool_)
    while now_s < horizon_s and not watch.finished():
        batch.heat(dead)
        cells.step(STEP_S, batch.current_a(now_s, dead))
        now_s += STEP_S
        watch.look(now_s)
        if cells.runaway is not None:
            dead = cells.runaway.collapsed[0::2]
    return tuple(_result(batch, watch, k, horizon_s) for k in range(len(cases)))


def _drawn(batch: _Batch) -> dict[str, FloatArray]:
    return batch.draw.by_figure(tuple(one.name for one in batch.chemistry.abuse.reactions))


def _result(batch: _Batch, watch: _Watch, index: int, horizon_s: float) -> CaseResult:
    case, rows = batch.cases[index], slice(index * batch.samples, (index + 1) * batch.samples)
    times = {stage: values[rows] for stage, values in watch.at.items()}
    hazard_s, hazard_is = hazard_of(times)
    limit_s = times[HarmStage.LIMIT]
    seen = np.where(np.isfinite(limit_s), limit_s, hazard_s)  # a hazard nobody saw coming leaves no time
    with np.errstate(invalid="ignore"):
        left_s = np.where(np.isfinite(hazard_s), np.maximum(0.0, hazard_s - seen), math.inf)
        away_s = times[HarmStage.RUNAWAY]
        spread_s = np.where(np.isfinite(away_s), times[HarmStage.NEIGHBOUR] - away_s, math.inf)
    aqueous = batch.cells.aqueous
    return CaseResult(
        chemistry=batch.chemistry.id,
        case=case.id,
        title=case.title,
        goal=case.goal,
        stages={stage: Band.of(values) for stage, values in times.items()},
        hazard=Band.of(hazard_s),
        left=Band.of(left_s),
        hazard_is=hazard_is,
        peak_c=Band.of(watch.peak_c[rows]),
        hydrogen_l=0.0 if aqueous is None else float(np.median(aqueous.hydrogen_l[0::2][rows])),
        horizon_s=horizon_s,
        chemistry_has_water=aqueous is not None,
        neighbour_alike=bool(watch.alike[rows].any()),
        warns=case.warns,
        spread=Band.of(np.maximum(0.0, spread_s)),
        took_off_c=Band.of(watch.took_off_c[rows]),
        shares=shares_of(
            times[HarmStage.NEIGHBOUR] if case.warns else hazard_s,
            {name: values[rows] for name, values in _drawn(batch).items()},
        ),
    )
