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

_QUIET_C = 55.0  # below, steam adds less than 0.2 bar to what is looked at whenever gas is made
_REDUCED_AT_SOC = -0.03  # from here on all of an over-discharging current makes hydrogen
_PASSIVE_GROWTH = 4.0  # the zinc surface passivates: resistance grows by this at SoC -0.1
_LITRE_PER_MOL = 24.47  # 25 degC, 1 bar
_AIR_PA = 101325.0
_WATER_KG_MOL = 0.018015
_CLOSED_AT_K = 298.15  # the can was closed at 25 degC, with air in it


class Aqueous:
    """State per cell: gas in the headspace, hydrogen made, water lost. `vented`: the valve has opened.

    The can is closed. Its gauge pressure is that of air, gas and steam; at the valve's pressure the valve lets all but
    the steam out and closes again. From then on water boils where its steam alone opens the valve.
    """

    def __init__(self, facts: AbuseFacts, water: Water, count: int) -> None:
        self.facts = facts
        self.water = water
        self.count = count
        self.vented: BoolArray = np.zeros(count, dtype=np.bool_)
        self.boiled: BoolArray = np.zeros(count, dtype=np.bool_)
        self.dry: BoolArray = np.zeros(count, dtype=np.bool_)
        self.gas_mol: FloatArray = np.zeros(count)  # made, and still in the can
        self.hydrogen_mol: FloatArray = np.zeros(count)
        self.lost_kg: FloatArray = np.zeros(count)
        self.extra_w: FloatArray = np.zeros(count)
        self._molar_heat_k = water.latent_j_kg * _WATER_KG_MOL / GAS_CONSTANT_J_MOL_K  # Clausius-Clapeyron
        inverse_k = 1.0 / (water.boiling_c + ZERO_C_IN_K)
        inverse_k -= np.log1p(water.vent_gauge_pa / _AIR_PA) / self._molar_heat_k
        self.boils_at_c = float(1.0 / inverse_k) - ZERO_C_IN_K
        self.vary(Variation())

    def vary(self, variation: Variation) -> None:
        self._side_v = per_cell(variation.side_shift_v, self.count)
        self._gas = per_cell(variation.gas, self.count)
        self._headspace_m3 = self.water.headspace_m3 * per_cell(variation.headspace, self.count)
        self._air_mol = _AIR_PA * self._headspace_m3 / (GAS_CONSTANT_J_MOL_K * _CLOSED_AT_K)

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
        per_as = (1.0 - water.recombination) / (2.0 * FARADAY_C_MOL)
        hydrogen = (splitting_a + evolving_a) * per_as * dt_s
        hydrogen *= self._gas
        self.hydrogen_mol += hydrogen
        self.gas_mol += hydrogen + 0.5 * splitting_a * per_as * dt_s  # oxygen only from splitting water
        self._relieve(cell.temp_c)
        dendrite = cell.soc > water.dendrite_soc
        if dendrite.any():
            np.minimum(short_ohm, water.dendrite_ohm, out=short_ohm, where=dendrite)
        stored_v = (1.0 - water.recombination) * water.thermoneutral_v
        self.extra_w = splitting_a * np.maximum(0.0, cell.voltage_v - stored_v)
        return self.extra_w

    def corrode(self, lost_as: FloatArray, temp_c: FloatArray) -> None:
        """Self-discharge is corrosion of the zinc: what charge is lost makes hydrogen, as far as it is wet."""
        hydrogen = lost_as * self.moist * (1.0 - self.water.recombination) / (2.0 * FARADAY_C_MOL)
        self.hydrogen_mol += hydrogen
        self.gas_mol += hydrogen
        self._relieve(temp_c)

    def gauge_pa(self, temp_c: FloatArray) -> FloatArray:
        """The pressure in each can above that of the air."""
        kelvin = temp_c + ZERO_C_IN_K
        pressure_pa: FloatArray = (self._air_mol + self.gas_mol) * GAS_CONSTANT_J_MOL_K * kelvin
        pressure_pa /= self._headspace_m3
        above = 1.0 / (self.water.boiling_c + ZERO_C_IN_K) - 1.0 / kelvin
        wet = self.lost_kg < self.water.water_kg
        pressure_pa += _AIR_PA * np.exp(np.minimum(self._molar_heat_k * above, 20.0)) * wet
        return pressure_pa - _AIR_PA

    def _relieve(self, temp_c: FloatArray) -> None:
        opens = self.gauge_pa(temp_c) >= self.water.vent_gauge_pa
        self.vented |= opens
        self.gas_mol[opens] = self._air_mol[opens] = 0.0

    @property
    def moist(self) -> FloatArray:
        """How much of the water is left that a cell can lose before it is dry: 1 as made, 0 dry."""
        left: FloatArray = 1.0 - self.lost_kg / (self.water.dryout_fraction * self.water.water_kg)
        return np.maximum(0.0, left)

    def boil(self, temp_c: FloatArray, capacity_j_k: FloatArray) -> bool:
        """What is above the boiling point in the can leaves as steam instead, until no water is left. Whether any did.

        Writes `temp_c`.
        """
        water = self.water
        above_k = temp_c - self.boils_at_c
        boiling = (above_k > 0.0) & (self.lost_kg < water.water_kg)
        if not boiling.any():
            return False
        self.boiled |= boiling
        self.vented |= boiling
        self.gas_mol[boiling] = self._air_mol[boiling] = 0.0
        wanted_kg = np.where(boiling, above_k, 0.0) * capacity_j_k / water.latent_j_kg
        lost_kg = np.minimum(wanted_kg, water.water_kg - self.lost_kg)
        self.lost_kg += lost_kg
        temp_c -= lost_kg * water.latent_j_kg / capacity_j_k
        self.dry |= self.lost_kg >= water.dryout_fraction * water.water_kg
        return True

    @staticmethod
    def passivation(soc: FloatArray) -> FloatArray:
        """Factor on resistance: the zinc surface passivates in deep discharge."""
        result: FloatArray = 1.0 + _PASSIVE_GROWTH * np.clip(-soc / 0.1, 0.0, 1.0)
        return result
