"""Lithium- and sodium-ion cells beyond their limits: Arrhenius self-heating, separator collapse, venting, plating.

Every rate and heat is of the chemistry's file; only what is marked below is of this file. Runaway is counted from
1 K/s of self-heating (T2 of Feng 2018), T1 from 0.02 K/min.
"""

from dataclasses import dataclass

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

BoolArray = npt.NDArray[np.bool_]


@dataclass(slots=True, kw_only=True)
class Variation:
    """How each cell differs from its chemistry's abuse figures. One value for all, or one per cell."""

    reaction_heat: float | FloatArray = 1.0
    reaction_rate: float | FloatArray = 1.0
    trigger_shift_k: float | FloatArray = 0.0
    vent_shift_k: float | FloatArray = 0.0
    side_shift_v: float | FloatArray = 0.0
    headspace: float | FloatArray = 1.0


def per_cell(value: float | FloatArray, count: int) -> FloatArray:
    return np.broadcast_to(np.asarray(value, dtype=np.float64), (count,)).copy()


@dataclass(slots=True, kw_only=True)
class CellAtWork:
    """What the electrical model hands over for one step; all arrays have one entry per cell."""

    dt_s: float
    temp_c: FloatArray
    soc: FloatArray
    voltage_v: FloatArray
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
        self._layer: FloatArray = np.array([[r.z0] * count for r in facts.reactions]).reshape(shape)
        self._short_j: FloatArray = np.zeros(count)
        self._plated_mol: FloatArray = np.zeros(count)
        self._plated_soc: FloatArray = np.full(count, facts.plating_soc)
        self.vary(Variation())

    def vary(self, variation: Variation) -> None:
        """Let the cells differ from the file from now on."""
        self._heat = per_cell(variation.reaction_heat, self.count)
        self._rate = per_cell(variation.reaction_rate, self.count)
        self._trigger_c = self.facts.isc_trigger_c + per_cell(variation.trigger_shift_k, self.count)
        self._vent_c = self.facts.t_vent_c + per_cell(variation.vent_shift_k, self.count)
        self._side_v = per_cell(variation.side_shift_v, self.count)

    def quiet(self, temp_c: FloatArray, soc: FloatArray) -> bool:
        """Whether nothing of this can matter now: no cell is hot, over- or deep-discharged."""
        return bool(temp_c.max() < _WARMEST_QUIET_C and soc.max() <= 1.0 and soc.min() >= 0.0)

    def step(self, cell: CellAtWork, short_ohm: FloatArray) -> FloatArray:
        """Heat of abuse in W for this step; writes `short_ohm` where copper has dissolved."""
        facts = self.facts
        heat_w = self._side_heat(cell)
        over = cell.soc > self._plated_soc
        if over.any():
            grown = np.where(over, cell.soc - self._plated_soc, 0.0)
            self._plated_mol += grown * cell.capacity_ah * 3600.0 / FARADAY_C_MOL
            np.maximum(self._plated_soc, cell.soc, out=self._plated_soc)
        copper = cell.soc < facts.overdischarge_isc_soc
        if copper.any():
            np.minimum(short_ohm, COPPER_SHORT_OHM, out=short_ohm, where=copper)
        self.vented |= cell.temp_c >= self._vent_c
        self.extra_w[:] = 0.0
        hot = np.flatnonzero((cell.temp_c > _WARMEST_QUIET_C) | (self._short_j > 1.0))
        if hot.size:
            released_j = self._react(hot, cell)
            self.extra_w[hot] = released_j / cell.dt_s
            self.runaway[hot] |= self.extra_w[hot] / cell.capacity_j_k[hot] > RUNAWAY_K_S
        return heat_w + self.extra_w

    def _side_heat(self, cell: CellAtWork) -> FloatArray:
        """Overcharge: above V_side_start a rising share of the current does not charge but heats."""
        facts = self.facts
        share = (cell.voltage_v - self._side_v - facts.v_side_start) / max(
            1e-6, facts.v_side_full - facts.v_side_start
        )
        charging_a = np.maximum(0.0, -cell.current_a)
        result: FloatArray = np.clip(share, 0.0, 1.0) * charging_a * cell.voltage_v
        return result

    def _react(self, hot: npt.NDArray[np.intp], cell: CellAtWork) -> FloatArray:
        """Joule that the reactions of the `hot` cells release in this step, in sub-steps short enough for runaway."""
        temp_c, capacity = cell.temp_c[hot].copy(), cell.capacity_j_k[hot]
        total_j = np.zeros(hot.size)
        remaining_s, sub_s = cell.dt_s, cell.dt_s
        smallest_s = cell.dt_s / _MAX_SUBSTEPS
        speed_k_s = float((self.extra_w[hot] / capacity).max())
        while remaining_s > 1e-12:
            if speed_k_s > 0.0:
                sub_s = max(smallest_s, _STEP_K / speed_k_s)
            sub_s = min(sub_s, remaining_s)
            before = (self.left[:, hot], self._layer[:, hot], self._short_j[hot], self._plated_mol[hot])
            state = (self.survival[hot], self.collapsed[hot])
            released_j = self._substep(hot, temp_c, sub_s)
            rise_k = float((np.abs(released_j) / capacity).max())
            if rise_k > 4.0 * _STEP_K and sub_s > smallest_s:
                self.left[:, hot], self._layer[:, hot], self._short_j[hot], self._plated_mol[hot] = before
                self.survival[hot], self.collapsed[hot] = state
                speed_k_s = rise_k / sub_s
                continue
            speed_k_s = rise_k / sub_s
            total_j += released_j
            temp_c = np.minimum(temp_c + released_j / capacity, _HOTTEST_C)
            remaining_s -= sub_s
        return total_j

    def _substep(self, hot: npt.NDArray[np.intp], temp_c: FloatArray, dt_s: float) -> FloatArray:
        kelvin = temp_c + ZERO_C_IN_K
        inverse_rt = 1.0 / (GAS_CONSTANT_J_MOL_K * kelvin)
        released_j = np.zeros(hot.size)
        sei_left = np.ones(hot.size)
        anode_used = np.zeros(hot.size)
        regenerating: tuple[int, float] | None = None
        for row, reaction in enumerate(self.facts.reactions):
            if reaction.order in (Order.FIRST, Order.SEI_REGEN) and reaction.name == "sei":
                sei_left = self.left[row, hot]
                if reaction.order is Order.SEI_REGEN:
                    regenerating = (row, reaction.regen)
            used = self._advance(row, reaction, hot, temp_c, inverse_rt, dt_s, sei_left)
            if reaction.order in (Order.SEI_LIMITED_C, Order.SEI_LIMITED_Z):
                anode_used = used
            released_j += used * reaction.heat_j
        if regenerating is not None:
            row, per_anode = regenerating
            self.left[row, hot] = np.minimum(1.0, self.left[row, hot] + per_anode * anode_used)
        released_j += self._burn_plated(hot, inverse_rt, dt_s)
        released_j *= self._heat[hot]
        released_j += self._collapse(hot, temp_c, dt_s)
        return released_j

    def _advance(
        self,
        row: int,
        reaction: Reaction,
        hot: npt.NDArray[np.intp],
        temp_c: FloatArray,
        inverse_rt: FloatArray,
        dt_s: float,
        sei_left: FloatArray,
    ) -> FloatArray:
        """Share of the reactant used in `dt_s`; each law integrated exactly for a constant temperature."""
        factor = np.where(temp_c < reaction.t_switch_c, reaction.a_1_s, reaction.a2_1_s)
        turns = factor * np.exp(-reaction.ea_j_mol * inverse_rt) * dt_s * self._rate[hot]
        turns = np.where(temp_c >= reaction.t_on_c, turns, 0.0)
        left = self.left[row, hot]
        if reaction.order is Order.AUTOCATALYTIC:  # `left` holds what has reacted
            after = left / (left + (1.0 - left) * np.exp(-np.minimum(turns, 700.0)))
            self.left[row, hot] = after
            used: FloatArray = after - left
            return used
        if reaction.order is Order.SEI_LIMITED_Z:
            layer = self._layer[row, hot]
            grown = reaction.z0 * np.log1p(turns * left / reaction.z0 * np.exp(-layer / reaction.z0))
            used = np.minimum(left, grown)
            self._layer[row, hot] = layer + used
        elif reaction.order is Order.SEI_LIMITED_C:
            used = -left * np.expm1(-turns * np.exp(-sei_left))
        else:
            used = -left * np.expm1(-turns)
        self.left[row, hot] = left - used
        return used

    def _burn_plated(self, hot: npt.NDArray[np.intp], inverse_rt: FloatArray, dt_s: float) -> FloatArray:
        plated = self._plated_mol[hot]
        if not plated.any():
            return np.zeros(hot.size)
        facts = self.facts
        turns = facts.plated_a_1_s * np.exp(-facts.plated_ea_j_mol * inverse_rt) * dt_s * self._rate[hot]
        used = -plated * np.expm1(-turns)
        self._plated_mol[hot] = plated - used
        result: FloatArray = used * facts.plated_h_j_mol
        return result

    def _collapse(self, hot: npt.NDArray[np.intp], temp_c: FloatArray, dt_s: float) -> FloatArray:
        """The separator fails: a share of the cell's electrical energy turns into heat, and its voltage dies."""
        facts = self.facts
        newly = (temp_c >= self._trigger_c[hot]) & ~self.collapsed[hot]
        if newly.any():
            cells = hot[newly]
            self.collapsed[cells] = True
            self._short_j[cells] = facts.isc_fraction * self.energy_j
        share = -np.expm1(-dt_s / facts.isc_tau_s)
        released: FloatArray = self._short_j[hot] * share
        self._short_j[hot] -= released
        dying = self.collapsed[hot]
        self.survival[hot] = np.where(dying, self.survival[hot] * (1.0 - share), self.survival[hot])
        return released
