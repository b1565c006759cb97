"""The curves of a chemistry that a cell is looked up in at every step, each under its name."""

import numpy as np

from bench.plant.chemistry import Chemistry
from bench.plant.source import Curve, FloatArray
from bench.plant.tables import Tables

_NO_CHARGE_TRANSFER_A = 1e9  # asinh(I / 2e9) is nothing
_PAIRS = 4  # the first of their rows


class CellCurves(Tables):
    """What `at` has found, one value per cell, at 25 degC. The arrays are live.

    `entropic_r0`: dU/dT in V/K and R0 in ohm. `share`: that of solid diffusion, 1 where the chemistry has none.
    """

    def __init__(self, chemistry: Chemistry, count: int) -> None:
        circuit, ocv = chemistry.circuit, chemistry.ocv
        i0_a = circuit.i0_a
        if i0_a is None:
            i0_a = Curve(
                soc=circuit.r0_ohm.soc, value=np.full(circuit.r0_ohm.soc.size, _NO_CHARGE_TRANSFER_A)
            )
        double_i0_a = Curve(soc=i0_a.soc, value=2.0 * i0_a.value)
        pairs = [circuit.r1_ohm, circuit.r2_ohm, circuit.tau1_s, circuit.tau2_s]
        lags = [] if chemistry.diffusion is None else [chemistry.diffusion.share]
        curves = [ocv, double_i0_a, chemistry.entropic_v_k, circuit.r0_ohm, *pairs, *lags]
        super().__init__(curves, float(ocv.soc[0]), float(ocv.soc[-1]), count)
        row = self.row
        self.ocv_v: FloatArray = row[0]
        self.double_i0_a: FloatArray = row[1]
        self.entropic_r0: FloatArray = row[2:4]
        self.entropic_v_k: FloatArray = row[2]
        self.share: FloatArray = row[8] if lags else np.ones(count)

    def pairs_beside(self, soc_per_as: FloatArray, gained_as: float | FloatArray) -> FloatArray:
        """R1, R2 (ohm), tau1 and tau2 (s) at a charge beside the one that `at` has looked at. The array is reused by
        the next call.
        """
        return self.beside(_PAIRS, soc_per_as, gained_as)[:4]
