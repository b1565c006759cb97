"""Solid diffusion: the particles' surface runs ahead of their mean, and the surface sets the voltage.

To first order a particle of radius R and diffusivity D under a constant flux has a surface R^2/15D ahead of or
behind its mean, in seconds of current. It reaches that distance in about the same time. D depends on the state of
charge.
On a flat curve an RC pair says the same. On a step of the curve, as NVPF has one, only a shift of the state of
charge itself does.
"""

import numpy as np

from bench.plant.electric_facts import Diffusion
from bench.plant.source import Curve, FloatArray
from bench.plant.tables import Tables


class SurfaceLag:
    """`lag`: how much less charged the surface is than the mean, as a share of capacity; < 0 while charging."""

    def __init__(self, facts: Diffusion, ocv: Curve, count: int) -> None:
        self._facts = facts
        self._ocv = Tables([ocv], float(ocv.soc[0]), float(ocv.soc[-1]), count)
        self.lag: FloatArray = np.zeros(count)
        self.drop_v: FloatArray = np.zeros(count)
        self._decay: FloatArray = np.ones(count)
        self._gain: FloatArray = np.zeros(count)
        self._moved: FloatArray = np.zeros(count)

    def refresh(self, dt_s: float, inverse_t: FloatArray, soc_per_as: FloatArray) -> None:
        """For this step length and temperature; `inverse_t` = (1/T - 1/T_ref)/R."""
        slower = np.exp(self._facts.ea_j_mol * inverse_t)
        self._decay = np.exp(-dt_s / (self._facts.tau_s * slower))
        self._gain = self._facts.lag_s * slower * soc_per_as * (1.0 - self._decay)

    def advance(self, current_a: float | FloatArray, share: FloatArray) -> None:
        """Hold `current_a` for the step that `refresh` was told; `share` is the facts' at the cells' charge."""
        self.lag *= self._decay
        np.multiply(self._gain, current_a, out=self._moved)
        self._moved *= share
        self.lag += self._moved

    def below(self, soc: FloatArray, ocv_v: FloatArray) -> FloatArray:
        """By how much the surface's voltage lies below `ocv_v`, that of the mean. The array is reused."""
        np.subtract(soc, self.lag, out=self._moved)
        np.subtract(ocv_v, self._ocv.at(self._moved)[0], out=self.drop_v)
        return self.drop_v
