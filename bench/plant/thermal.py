"""Heat between cells in a row, to the coolant and to the ambient."""

import numpy as np

from bench.plant.chemistry import Chemistry, FloatArray

# A cooling plate under each cell, through a 1 mm gap filler: engineering estimate, no source.
COOLANT_K_W = 1.5


class ThermalNetwork:
    """Cells in one row, each coupled to the next. Settable at any time; temperatures in degC, arrays are live.

    `cooling` scales the coupling to the coolant: 1 as designed, 0 lost. `barrier_k_w[i]` lies between cell i and i+1
    (0-based); infinity separates them.
    """

    def __init__(self, chemistry: Chemistry, count: int, ambient_c: float, coolant_k_w: float) -> None:
        self.ambient_c = ambient_c
        self.coolant_c = ambient_c
        self.cooling = 1.0
        self.coolant_k_w = coolant_k_w
        self.ambient_k_w: FloatArray = np.full(count, chemistry.r_thermal_ambient_k_w)
        self.barrier_k_w: FloatArray = np.full(max(0, count - 1), chemistry.r_thermal_neighbour_k_w)
        self.capacity_j_k: FloatArray = np.full(count, chemistry.mass_kg * chemistry.heat_capacity_j_kg_k)
        self._flow_w: FloatArray = np.zeros(count)
        self._between_w: FloatArray = np.zeros(max(0, count - 1))
        self.refresh()

    def refresh(self) -> None:
        """Take over what was written into the arrays."""
        self._to_ambient_w_k = 1.0 / self.ambient_k_w
        self._to_next_w_k = 1.0 / self.barrier_k_w
        self._per_joule_k = 1.0 / self.capacity_j_k

    @property
    def from_coolant_w_k(self) -> float:
        return max(0.0, self.cooling) / self.coolant_k_w

    def rest_c(self) -> float:
        """Where cells without heat of their own end, degC: between ambient and coolant."""
        to_ambient, to_coolant = float(self._to_ambient_w_k.mean()), self.from_coolant_w_k
        return (to_ambient * self.ambient_c + to_coolant * self.coolant_c) / (to_ambient + to_coolant)

    def flow_w(self, temp_c: FloatArray) -> FloatArray:
        """Heat into each cell from its surroundings, in W. The array is reused by the next call."""
        flow = self._flow_w
        np.subtract(self.ambient_c, temp_c, out=flow)
        flow *= self._to_ambient_w_k
        coolant_w_k = self.from_coolant_w_k
        if coolant_w_k > 0.0:
            flow += coolant_w_k * self.coolant_c
            flow -= coolant_w_k * temp_c
        between = self._between_w
        if between.size:
            np.subtract(temp_c[1:], temp_c[:-1], out=between)
            between *= self._to_next_w_k
            flow[:-1] += between
            flow[1:] -= between
        return flow

    def warm(self, temp_c: FloatArray, heat_w: FloatArray, dt_s: float) -> None:
        """Advance `temp_c` in place. Explicit: stable because a cell's time constant is minutes, a step at most 1 s."""
        heat_w += self.flow_w(temp_c)
        heat_w *= self._per_joule_k
        heat_w *= dt_s
        temp_c += heat_w
