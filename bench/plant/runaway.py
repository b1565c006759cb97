"""Lithium- and sodium-ion cells beyond their limits: Arrhenius self-heating, separator collapse, venting, plating.

Every rate and heat is of the chemistry's file; only what is marked below is of this file. Runaway is counted from
1 K/s of self-heating (T2 of Feng 2018), T1 from 0.02 K/min.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.plant.abuse_facts import AbuseFacts, Order, Reaction
from bench.plant.source import FloatArray

GAS_CONSTANT_J_MOL_K = 8.314462618
FARADAY_C_MOL = 96485.33212
ZERO_C_IN_K = 273.15
RUNAWAY_K_S = 1.0
_WARMEST_QUIET_C = 55.0  # below, no shipped reaction heats a cell by more than 1 mK/min
_STEP_K = 2.0  # the temperature moves by at most about this within a sub-step
_MAX_SUBSTEPS = 400
# A cell that has dissolved copper carries a soft short: engineering estimate.
COPPER_SHORT_OHM = 0.5
_HOTTEST_C = 2000.0  # nothing below burns hotter; keeps a wrong file from overflowing

_SPENT_W = 1.0  # after the collapse, less than this means that everything has reacted

BoolArray = npt.NDArray[np.bool_]
Index = npt.NDArray[np.intp]


@dataclass(slots=True, kw_only=True)
class Variation:
    """How each cell differs from its chemistry's abuse figures. One value for all, or one per cell."""

    reaction_heat: float | FloatArray = 1.0
    reaction_rate: float | FloatArray = 1.0
    trigger_shift_k: float | FloatArray = 0.0
    vent_shift_k: float | FloatArray = 0.0
    side_shift_v: float | FloatArray = 0.0
    headspace: float | FloatArray = 1.0
    limit: float | FloatArray = 1.0  # on the most a cell can give
    each_heat: FloatArray | None = (
        None  # beside reaction_heat: a row for each reaction, a column for each cell
    )
    each_rate: FloatArray | None = None  # likewise
    plated_heat: float | FloatArray = 1.0
    plating_shift: float | FloatArray = 0.0  # of the charge at which lithium plates
    short_heat: float | FloatArray = 1.0  # of the share that a collapsed separator turns into heat
    gas: float | FloatArray = 1.0  # of what does not recombine, in a water-based cell


def per_cell(value: float | FloatArray, count: int) -> FloatArray:
    """A new array with one value per cell."""
    return np.broadcast_to(np.asarray(value, dtype=np.float64), (count,)).copy()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Laws:
    """The reactions as columns, so that one expression serves them all; rows of those with a law of their own."""

    a_1_s: FloatArray
    a2_1_s: FloatArray
    ea_j_mol: FloatArray
    t_on_c: FloatArray
    t_switch_c: FloatArray
    heat_j: FloatArray
    sign: FloatArray  # -1 where `left` counts what has reacted
    autocatalytic: tuple[int, ...]
    limited_c: tuple[int, ...]
    limited_z: tuple[int, ...]
    sei: int | None

    @classmethod
    def of(cls, reactions: tuple[Reaction, ...]) -> "_Laws":
        def rows(order: Order) -> tuple[int, ...]:
            return tuple(k for k, r in enumerate(reactions) if r.order is order)

        def column(values: list[float]) -> FloatArray:
            return np.array(values).reshape(len(reactions), 1)

        sei = [k for k, r in enumerate(reactions) if r.order is Order.SEI_REGEN or r.name == "sei"]
        return cls(
            a_1_s=column([r.a_1_s for r in reactions]),
            a2_1_s=column([r.a2_1_s for r in reactions]),
            ea_j_mol=column([r.ea_j_mol for r in reactions]),
            t_on_c=column([r.t_on_c for r in reactions]),
            t_switch_c=column([r.t_switch_c for r in reactions]),
            heat_j=np.array([r.heat_j for r in reactions]),
            sign=column([-1.0 if r.order is Order.AUTOCATALYTIC else 1.0 for r in reactions]),
            autocatalytic=rows(Order.AUTOCATALYTIC),
            limited_c=rows(Order.SEI_LIMITED_C),
            limited_z=rows(Order.SEI_LIMITED_Z),
            sei=sei[0] if sei else None,
        )


@dataclass(slots=True, kw_only=True)
class CellAtWork:
    """What the electrical model hands over for one step; all arrays have one entry per cell."""

    dt_s: float
    temp_c: FloatArray
    soc: FloatArray
    voltage_v: FloatArray
    open_circuit_v: FloatArray
    current_a: FloatArray
    capacity_j_k: FloatArray
    capacity_ah: FloatArray


class Runaway:
    """State of every cell's decomposition. `extra_w` is the reaction heat of the last step, `left` what can react.

    `energy_j` is the electrical energy of a full cell; `survival` (1 healthy .. 0) how much of its voltage is left.
    """

    def __init__(self, facts: AbuseFacts, count: int, energy_j: float) -> None:
        self.facts = facts
        self.count = count
        self.energy_j = energy_j
        self.vented: BoolArray = np.zeros(count, dtype=np.bool_)
        self.runaway: BoolArray = np.zeros(count, dtype=np.bool_)
        self.collapsed: BoolArray = np.zeros(count, dtype=np.bool_)
        self.survival: FloatArray = np.ones(count)
        self.extra_w: FloatArray = np.zeros(count)
        shape = (len(facts.reactions), count)
        self.left: FloatArray = np.array([[r.c0] * count for r in facts.reactions]).reshape(shape)
        limited = [r.z0 for r in facts.reactions if r.order is Order.SEI_LIMITED_Z]
        self._layer: FloatArray = np.full(count, limited[0] if limited else 1.0)
        self._short_j: FloatArray = np.zeros(count)
        self._plated_mol: FloatArray = np.zeros(count)
        self._plated_soc: FloatArray = np.full(count, facts.plating_soc)
        self._spent: BoolArray = np.zeros(count, dtype=np.bool_)
        self._laws = _Laws.of(facts.reactions)
        self.vary(Variation())

    def vary(self, variation: Variation) -> None:
        """Let the cells differ from the file from now on."""
        self._heat = per_cell(variation.reaction_heat, self.count)
        self._rate = per_cell(variation.reaction_rate, self.count)
        self._trigger_c = self.facts.isc_trigger_c + per_cell(variation.trigger_shift_k, self.count)
        self._vent_c = self.facts.t_vent_c + per_cell(variation.vent_shift_k, self.count)
        self._side_v = per_cell(variation.side_shift_v, self.count)
        self._each_heat, self._each_rate = variation.each_heat, variation.each_rate
        self._plated_heat = per_cell(variation.plated_heat, self.count)
        self._short_heat = per_cell(variation.short_heat, self.count)
        self._plated_soc += per_cell(variation.plating_shift, self.count)

    def cool(self, temp_c: FloatArray) -> bool:
        """Whether no cell is so warm that anything of this could matter while its charge is between 0 and 1."""
        return bool(temp_c.max() < _WARMEST_QUIET_C)

    def step(self, cell: CellAtWork, short_ohm: FloatArray) -> FloatArray:
        """Heat of abuse in W for this step; writes `short_ohm` where copper has dissolved."""
        facts = self.facts
        share = self._side_share(cell)
        charging_a = np.maximum(0.0, -cell.current_a)
        heat_w: FloatArray = share * charging_a * cell.open_circuit_v
        over = cell.soc > self._plated_soc
        if over.any():
            grown = np.where(over, cell.soc - self._plated_soc, 0.0) * (1.0 - share)
            self._plated_mol += grown * cell.capacity_ah * 3600.0 / FARADAY_C_MOL
            np.maximum(self._plated_soc, cell.soc, out=self._plated_soc)
        copper = cell.soc < facts.overdischarge_isc_soc
        if copper.any():
            np.minimum(short_ohm, COPPER_SHORT_OHM, out=short_ohm, where=copper)
        self.vented |= cell.temp_c >= self._vent_c
        active = (cell.temp_c > _WARMEST_QUIET_C) | (self._short_j > 1.0) | (self._plated_mol > 0.0)
        active &= ~self._spent
        hot = np.flatnonzero(active)
        if hot.size:
            released_w = self._react(hot, cell) / cell.dt_s
            self.runaway[hot] |= released_w / cell.capacity_j_k[hot] > RUNAWAY_K_S
            self._spent[hot] |= self.collapsed[hot] & (released_w < _SPENT_W)
            self.extra_w[:] = 0.0
            self.extra_w[hot] = released_w
        elif self.extra_w.any():
            self.extra_w[:] = 0.0
        return heat_w + self.extra_w

    def _side_share(self, cell: CellAtWork) -> FloatArray:
        """Overcharge: above V_side_start a rising share of the current neither charges nor plates but heats."""
        facts = self.facts
        span_v = max(1e-6, facts.v_side_full - facts.v_side_start)
        return np.clip((cell.voltage_v - self._side_v - facts.v_side_start) / span_v, 0.0, 1.0)

    def _react(self, hot: Index, cell: CellAtWork) -> FloatArray:
        """Joule that the reactions of the `hot` cells release in this step; cells in runaway go in sub-steps."""
        capacity = cell.capacity_j_k[hot]
        speed_k_s = self.extra_w[hot] / capacity
        released_j = np.zeros(hot.size)
        slow = speed_k_s * cell.dt_s < _STEP_K
        if slow.any():
            cells = hot[slow]
            kept = self._keep(cells)
            released_j[slow] = self._substep(cells, cell.temp_c[cells], cell.dt_s)
            jumped = np.abs(released_j[slow]) / capacity[slow] > 2.0 * _STEP_K
            if jumped.any():  # they took off within this step: once more, finely
                self._restore(cells, kept, jumped)
                again = np.flatnonzero(slow)[jumped]
                speed_k_s[again] = released_j[again] / capacity[again] / cell.dt_s
                slow[again] = False
        fast = np.flatnonzero(~slow)
        if fast.size:
            cells = hot[fast]
            released_j[fast] = self._react_finely(
                cells, cell.temp_c[cells].copy(), capacity[fast], cell.dt_s, float(speed_k_s[fast].max())
            )
        return released_j

    def _react_finely(
        self, cells: Index, temp_c: FloatArray, capacity: FloatArray, dt_s: float, speed_k_s: float
    ) -> FloatArray:
        total_j = np.zeros(cells.size)
        remaining_s, smallest_s = dt_s, dt_s / _MAX_SUBSTEPS
        while remaining_s > 1e-12:
            sub_s = min(remaining_s, max(smallest_s, _STEP_K / max(speed_k_s, 1e-9)))
            kept = self._keep(cells)
            released_j = self._substep(cells, temp_c, sub_s)
            rise_k = float((np.abs(released_j) / capacity).max())
            speed_k_s = rise_k / sub_s
            if rise_k > 4.0 * _STEP_K and sub_s > smallest_s:
                self._restore(cells, kept, np.ones(cells.size, dtype=np.bool_))
                continue
            total_j += released_j
            temp_c = np.minimum(temp_c + released_j / capacity, _HOTTEST_C)
            remaining_s -= sub_s
        return total_j

    def _keep(self, cells: Index) -> tuple[Any, ...]:
        return (
            self.left[:, cells],
            self._layer[cells],
            self._short_j[cells],
            self._plated_mol[cells],
            self.survival[cells],
            self.collapsed[cells],
        )

    def _restore(self, cells: Index, kept: tuple[Any, ...], which: BoolArray) -> None:
        back = cells[which]
        self.left[:, back] = kept[0][:, which]
        rest = (self._layer, self._short_j, self._plated_mol, self.survival)
        for values, old in zip(rest, kept[1:5]):
            values[back] = old[which]
        self.collapsed[back] = kept[5][which]

    def _substep(self, cells: Index, temp_c: FloatArray, dt_s: float) -> FloatArray:
        """Each law integrated exactly for a constant temperature. Returns the joule released."""
        laws, facts = self._laws, self.facts
        inverse_rt = 1.0 / (GAS_CONSTANT_J_MOL_K * (temp_c + ZERO_C_IN_K))
        rate = self._rate[cells]
        turns = np.exp(laws.ea_j_mol * -inverse_rt)
        turns *= np.where(temp_c < laws.t_switch_c, laws.a_1_s, laws.a2_1_s)
        turns *= rate * dt_s
        if self._each_rate is not None:
            turns *= self._each_rate[:, cells]
        turns[temp_c < laws.t_on_c] = 0.0
        left = self.left[:, cells]
        used = -left * np.expm1(-turns)
        for row in laws.autocatalytic:  # `left` holds what has reacted
            reacted = left[row]
            used[row] = (
                reacted / (reacted + (1.0 - reacted) * np.exp(-np.minimum(turns[row], 700.0))) - reacted
            )
        for row in laws.limited_z:
            z0 = facts.reactions[row].z0
            layer = self._layer[cells]
            grown = z0 * np.log1p(turns[row] * left[row] / z0 * np.exp(-layer / z0))
            used[row] = np.minimum(left[row], grown)
            self._layer[cells] = layer + used[row]
        sei = laws.sei
        for row in laws.limited_c:
            shield = left[sei] if sei is not None else 1.0
            used[row] = -left[row] * np.expm1(-turns[row] * np.exp(-shield))
        left -= used * laws.sign
        if sei is not None and facts.reactions[sei].regen:
            for row in laws.limited_c:
                left[sei] = np.minimum(1.0, left[sei] + facts.reactions[sei].regen * used[row])
        self.left[:, cells] = left
        released_j: FloatArray = laws.heat_j @ used
        if self._each_heat is not None:
            released_j = laws.heat_j @ (used * self._each_heat[:, cells])
        plated = self._plated_mol[cells]
        if plated.any():
            burning = np.exp(-facts.plated_ea_j_mol * inverse_rt) * facts.plated_a_1_s * rate * dt_s
            burnt = -plated * np.expm1(-burning)
            self._plated_mol[cells] = plated - burnt
            burnt *= self._plated_heat[cells]
            released_j += burnt * facts.plated_h_j_mol
        released_j *= self._heat[cells]
        released_j += self._collapse(cells, temp_c, dt_s)
        return released_j

    def _collapse(self, hot: Index, temp_c: FloatArray, dt_s: float) -> FloatArray:
        """The separator fails: a share of the cell's electrical energy turns into heat, and its voltage dies."""
        facts = self.facts
        newly = (temp_c >= self._trigger_c[hot]) & ~self.collapsed[hot]
        if newly.any():
            cells = hot[newly]
            self.collapsed[cells] = True
            self._short_j[cells] = facts.isc_fraction * self.energy_j
            self._short_j[cells] *= self._short_heat[cells]
        share = -np.expm1(-dt_s / facts.isc_tau_s)
        released: FloatArray = self._short_j[hot] * share
        self._short_j[hot] -= released
        dying = self.collapsed[hot]
        self.survival[hot] = np.where(dying, self.survival[hot] * (1.0 - share), self.survival[hot])
        return released
