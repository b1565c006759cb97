"""Both RC pairs of each cell: what a current leaves behind, and lets go again."""

import numpy as np

from bench.plant.source import FloatArray


class Polarisation:
    """`fast_v`, `slow_v`: what each pair holds, > 0 after discharge. The arrays are live.

    `follow` and then `hold` come before the first step, and again whenever parameters or step length have changed.
    """

    def __init__(self, count: int) -> None:
        self._held_v: FloatArray = np.zeros((2, count))
        self.fast_v, self.slow_v = self._held_v
        self._driven_v: FloatArray = np.zeros((2, count))
        self._parameters: FloatArray = np.zeros((4, count))  # R1, R2 in ohm, tau1, tau2 in s, as they are now
        self._decay: FloatArray = np.ones((2, count))
        self._gain_ohm: FloatArray = np.zeros((2, count))

    def follow(self, reference: FloatArray, factors: FloatArray) -> None:
        """R1, R2 in ohm and tau1, tau2 in s at the reference temperature, and a factor on each."""
        np.multiply(reference, factors, out=self._parameters)

    def hold(self, dt_s: float) -> None:
        """Steps of this length from now on."""
        decay, gain = self._decay, self._gain_ohm
        np.divide(-dt_s, self._parameters[2:], out=decay)
        np.exp(decay, out=decay)
        np.subtract(1.0, decay, out=gain)
        gain *= self._parameters[:2]

    def advance(self, current_a: float | FloatArray) -> None:
        """One step at `current_a`, > 0 discharges."""
        held_v, driven_v = self._held_v, self._driven_v
        held_v *= self._decay
        np.multiply(self._gain_ohm, current_a, out=driven_v)
        held_v += driven_v

    def relax(self) -> None:
        """As after a long rest."""
        self._held_v[:] = 0.0

    def relax_one(self, cell: int) -> None:
        """One cell (0-based) as after a long rest."""
        self._held_v[:, cell] = 0.0
