"""What a cell's temperature does to its parameters: one Arrhenius factor each, for all cells in one block."""

import numpy as np

from bench.plant.chemistry import EquivalentCircuit
from bench.plant.source import FloatArray

GAS_CONSTANT_J_MOL_K = 8.314462618
FARADAY_C_MOL = 96485.33212
REFERENCE_K = 298.15
ZERO_C_IN_K = 273.15
_SAME_K = 0.01  # factors are kept for so long: 0.06 % of a parameter, 0.2 mV of 300 mV

_TO_KELVIN: FloatArray = np.array(ZERO_C_IN_K)  # numpy takes arrays of no dimension sooner than floats
_REFERENCE: FloatArray = np.array(REFERENCE_K)
_TWO_R_F: FloatArray = np.array(2.0 * GAS_CONSTANT_J_MOL_K / FARADAY_C_MOL)
_INVERSE_R: FloatArray = np.array(1.0 / GAS_CONSTANT_J_MOL_K)
_REFERENCE_INVERSE_RT: FloatArray = np.array(1.0 / (GAS_CONSTANT_J_MOL_K * REFERENCE_K))


class TemperatureFactors:
    """Factors on the tables' values at 25 degC, one per cell; arrays are live.

    `entropic_r0`: kelvin above the reference, and the factor on R0. `pairs`: on R1, R2, tau1, tau2. `inverse_i0`: on
    1/I0. `inverse_rt`: (1/T - 1/T_ref)/R.
    """

    def __init__(self, circuit: EquivalentCircuit, count: int) -> None:
        energies = (circuit.ea_r0_j_mol, circuit.ea_r1_j_mol, circuit.ea_r2_j_mol, circuit.ea_i0_j_mol)
        self._energies_j_mol: FloatArray = np.array(energies).reshape(4, 1)
        self._arrhenius: FloatArray = np.zeros((4, count))
        factor = np.zeros((6, count))
        self.entropic_r0: FloatArray = factor[:2]
        self.pairs: FloatArray = factor[2:]
        self._above_reference_k, self._resistances, self._times = factor[0], factor[1:4], factor[4:]
        self.inverse_i0: FloatArray = np.zeros(count)
        self.kelvin: FloatArray = np.zeros(count)
        self.two_rt_f_v: FloatArray = np.zeros(count)
        self.inverse_rt: FloatArray = np.zeros(count)
        self._at_c: FloatArray = np.full(count, np.nan)
        self._moved_k: FloatArray = np.zeros(count)

    def follow(self, temp_c: FloatArray) -> bool:
        """Take over the temperatures if one has moved noticeably; whether one has. Then `scale` must follow."""
        moved_k = np.subtract(temp_c, self._at_c, out=self._moved_k)
        np.abs(moved_k, out=moved_k)
        if np.maximum.reduce(moved_k) < _SAME_K:  # nan the first time: not smaller
            return False
        self._at_c[:] = temp_c
        kelvin, inverse_rt = self.kelvin, self.inverse_rt
        np.add(temp_c, _TO_KELVIN, out=kelvin)
        np.multiply(kelvin, _TWO_R_F, out=self.two_rt_f_v)
        np.divide(_INVERSE_R, kelvin, out=inverse_rt)
        inverse_rt -= _REFERENCE_INVERSE_RT
        return True

    def scale(self, resistance: FloatArray, grown: FloatArray | None) -> None:
        """All factors; with each cell's own on its resistances, and by how much abuse has made those grow."""
        np.subtract(self.kelvin, _REFERENCE, out=self._above_reference_k)
        arrhenius = self._arrhenius
        np.multiply(self._energies_j_mol, self.inverse_rt, out=arrhenius)
        np.exp(arrhenius, out=arrhenius)
        own = resistance if grown is None else resistance * grown
        np.multiply(arrhenius[:3], own, out=self._resistances)
        np.multiply(arrhenius[3], own, out=self.inverse_i0)
        self._times[:] = arrhenius[1:3]
