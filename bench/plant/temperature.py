"""What a cell's temperature does to its parameters: one Arrhenius factor each, for all cells in one block."""

import numpy as np

from bench.plant.chemistry import EquivalentCircuit
from bench.plant.source import FloatArray

GAS_CONSTANT_J_MOL_K = 8.314462618
FARADAY_C_MOL = 96485.33212
REFERENCE_K = 298.15
ZERO_C_IN_K = 273.15
_SAME_K = 0.01  # factors are kept for so long: 0.06 % of a parameter, 0.2 mV of 300 mV

_ENTROPIC, _R0, _R1, _R2, _TAU1, _TAU2, _I0, _LEAK = range(8)


class TemperatureFactors:
    """Factors on the tables' values at 25 degC, one per cell; arrays are live.

    `entropic_r0`: kelvin above the reference, and the factor on R0. `pairs`: on R1, R2, tau1, tau2. `half_inverse_i0`:
    divided by I0 it gives 1/(2 I0). `leak`: on self-discharge. `inverse_rt`: (1/T - 1/T_ref)/R.
    """

    def __init__(self, circuit: EquivalentCircuit, leak_j_mol: float, count: int) -> None:
        pairs = (circuit.ea_r1_j_mol, circuit.ea_r2_j_mol)
        energies = (circuit.ea_r0_j_mol, *pairs, *pairs, circuit.ea_i0_j_mol, -leak_j_mol)
        self._energies_j_mol: FloatArray = np.array(energies).reshape(len(energies), 1)
        self._factor: FloatArray = np.zeros((8, count))
        self.entropic_r0: FloatArray = self._factor[:_R1]
        self.pairs: FloatArray = self._factor[_R1:_I0]
        self.half_inverse_i0: FloatArray = self._factor[_I0]
        self.leak: FloatArray = self._factor[_LEAK]
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
        np.add(temp_c, ZERO_C_IN_K, out=kelvin)
        np.multiply(kelvin, 2.0 * GAS_CONSTANT_J_MOL_K / FARADAY_C_MOL, out=self.two_rt_f_v)
        np.divide(1.0 / GAS_CONSTANT_J_MOL_K, kelvin, out=inverse_rt)
        inverse_rt -= 1.0 / (GAS_CONSTANT_J_MOL_K * REFERENCE_K)
        return True

    def scale(self, resistance: FloatArray, grown: FloatArray | None) -> None:
        """All factors; with each cell's own on its resistances, and by how much abuse has made those grow."""
        factor = self._factor
        np.subtract(self.kelvin, REFERENCE_K, out=factor[_ENTROPIC])
        arrhenius = factor[_R0:]
        np.multiply(self._energies_j_mol, self.inverse_rt, out=arrhenius)
        np.exp(arrhenius, out=arrhenius)
        own = resistance if grown is None else resistance * grown
        factor[_R0:_TAU1] *= own
        self.half_inverse_i0 *= 0.5 * own
