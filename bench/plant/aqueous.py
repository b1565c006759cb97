"""A water-based cell (zinc, chitosan gel) beyond its limits: hydrogen, boiling and dry-out, dendrites, passivation.

There is no combustion path inside the cell; the hydrogen it vents burns outside. Figures are of the chemistry's file,
only what is marked here is of this file, and is an engineering estimate.
"""

import numpy as np

from bench.plant.abuse_facts import AbuseFacts, Water
from bench.plant.runaway import (
    FARADAY_C_MOL,
    GAS_CONSTANT_J_MOL_K,
    ZERO_C_IN_K,
    BoolArray,
    CellAtWork,
    Variation,
    per_cell,
)
from bench.plant.source import FloatArray

_QUIET_C = 55.0
_REDUCED_AT_SOC = -0.03  # from here on all of an over-discharging current makes hydrogen
_ESCAPE_TAU_S = (
    3600.0  # slow recombination and permeation: at 25 degC corrosion gas stays below a tenth of the vent
)
_PASSIVE_GROWTH = 4.0  # the zinc surface passivates: resistance grows by this at SoC -0.1
_LITRE_PER_MOL = 24.47  # 25 degC, 1 bar


class Aqueous:
    """State per cell: gas in the headspace, hydrogen made, water lost. `vented`: the valve has opened."""

    def __init__(self, facts: AbuseFacts, water: Water, count: int) -> None:
        self.facts = facts
        self.water = water
        self.count = count
        self.vented: BoolArray = np.zeros(count, dtype=np.bool_)
        self.boiled: BoolArray = np.zeros(count, dtype=np.bool_)
        self.dry: BoolArray = np.zeros(count, dtype=np.bool_)
        self.gas_mol: FloatArray = np.zeros(count)
        self.hydrogen_mol: FloatArray = np.zeros(count)
        self.lost_kg: FloatArray = np.zeros(count)
        self.extra_w: FloatArray = np.zeros(count)
        self.vary(Variation())

    def vary(self, variation: Variation) -> None:
        self._side_v = per_cell(variation.side_shift_v, self.count)
        self._headspace_m3 = self.water.headspace_m3 * per_cell(variation.headspace, self.count)

    @property
    def hydrogen_l(self) -> FloatArray:
        """Hydrogen made so far, in litres at 25 degC and 1 bar."""
        return self.hydrogen_mol * _LITRE_PER_MOL

    def cool(self, temp_c: FloatArray) -> bool:
        """Whether no cell is so warm that anything of this could matter while its charge is between 0 and 1."""
        return bool(temp_c.max() < _QUIET_C)

    def step(self, cell: CellAtWork, short_ohm: FloatArray) -> FloatArray:
        """Heat in W for this step (negative where water boils); writes `short_ohm` where dendrites bridge."""
        water, dt_s = self.water, cell.dt_s
        facts = self.facts
        share = (cell.voltage_v - self._side_v - facts.v_side_start) / (
            facts.v_side_full - facts.v_side_start
        )
        splitting_a = np.clip(share, 0.0, 1.0) * np.maximum(0.0, -cell.current_a)
        reduced = np.clip(cell.soc / _REDUCED_AT_SOC, 0.0, 1.0)
        evolving_a = reduced * np.maximum(0.0, cell.current_a)
        kelvin = np.minimum(cell.temp_c, water.boiling_c) + ZERO_C_IN_K
        wet = 1.0 - np.minimum(1.0, self.lost_kg / water.water_kg)  # dry zinc does not corrode
        corroding_a: FloatArray = water.corrosion_a_25c * np.exp(
            -water.corrosion_ea_j_mol / GAS_CONSTANT_J_MOL_K * (1.0 / kelvin - 1.0 / 298.15)
        )
        corroding_a *= wet
        per_as = (1.0 - water.recombination) / (2.0 * FARADAY_C_MOL)
        hydrogen = (splitting_a + evolving_a + corroding_a) * per_as * dt_s
        self.hydrogen_mol += hydrogen
        self.gas_mol += hydrogen + 0.5 * splitting_a * per_as * dt_s  # oxygen only from splitting water
        self.gas_mol *= 1.0 - min(1.0, dt_s / _ESCAPE_TAU_S)
        gauge_pa = self.gas_mol * GAS_CONSTANT_J_MOL_K * (cell.temp_c + ZERO_C_IN_K)
        gauge_pa /= self._headspace_m3
        opens = gauge_pa >= water.vent_gauge_pa
        self.vented |= opens
        self.gas_mol[opens] = 0.0
        dendrite = cell.soc > water.dendrite_soc
        if dendrite.any():
            np.minimum(short_ohm, water.dendrite_ohm, out=short_ohm, where=dendrite)
        stored_v = (1.0 - water.recombination) * water.thermoneutral_v
        self.extra_w = splitting_a * np.maximum(0.0, cell.voltage_v - stored_v)
        return self.extra_w

    def boil(self, temp_c: FloatArray, capacity_j_k: FloatArray) -> None:
        """What is above the boiling point evaporates water instead, until the cell is dry. Writes `temp_c`."""
        water = self.water
        above_k = temp_c - water.boiling_c
        boiling = (above_k > 0.0) & (self.lost_kg < water.water_kg)
        if not boiling.any():
            return
        self.boiled |= boiling
        wanted_kg = np.where(boiling, above_k, 0.0) * capacity_j_k / water.latent_j_kg
        lost_kg = np.minimum(wanted_kg, water.water_kg - self.lost_kg)
        self.lost_kg += lost_kg
        temp_c -= lost_kg * water.latent_j_kg / capacity_j_k
        self.dry |= self.lost_kg >= water.dryout_fraction * water.water_kg

    @staticmethod
    def passivation(soc: FloatArray) -> FloatArray:
        """Factor on resistance: the zinc surface passivates in deep discharge."""
        result: FloatArray = 1.0 + _PASSIVE_GROWTH * np.clip(-soc / 0.1, 0.0, 1.0)
        return result
