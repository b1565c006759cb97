"""Heat between cells in a row, to the coolant and to the ambient."""

import numpy as np

from bench.plant.chemistry import Chemistry, FloatArray
from bench.plant.settable import Settable

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
        self._settable = Settable(3, count)
        self.ambient_k_w: FloatArray = self._settable.rows[0]
        self.ambient_k_w[:] = chemistry.r_thermal_ambient_k_w
        self.capacity_j_k: FloatArray = self._settable.rows[1]
        self.capacity_j_k[:] = chemistry.mass_kg * chemistry.heat_capacity_j_kg_k
        self.barrier_k_w: FloatArray = self._settable.rows[2, : count - 1]
        self.barrier_k_w[:] = chemistry.r_thermal_neighbour_k_w
        self._flow_w: FloatArray = np.zeros(count)
        self._into_this_w, self._into_next_w = self._flow_w[:-1], self._flow_w[1:]
        self._between_w: FloatArray = np.zeros(count - 1)
        self._around: tuple[float, ...] = ()
        self._dt_s = 1.0
        self._take_over()

    def _take_over(self) -> None:
        """What was written into the arrays, and what surrounds a cell: one temperature behind one conductance."""
        around = (self.ambient_c, self.coolant_c, self.cooling, self.coolant_k_w)
        if not self._settable.changed() and around == self._around:
            return
        self._around = around
        self._to_ambient_w_k = 1.0 / self.ambient_k_w
        self._to_next_w_k = 1.0 / self.barrier_k_w
        coolant_w_k = self.from_coolant_w_k
        self._outward_w_k = self._to_ambient_w_k + coolant_w_k
        self._around_c = np.full(self._flow_w.size, self.ambient_c)
        if self.coolant_c != self.ambient_c and coolant_w_k > 0.0:
            self._around_c += (self.coolant_c - self.ambient_c) * coolant_w_k / self._outward_w_k
        self._k_w = self._dt_s / self.capacity_j_k

    @property
    def from_coolant_w_k(self) -> float:
        return max(0.0, self.cooling) / self.coolant_k_w

    def rest_c(self) -> float:
        """Where cells without heat of their own end, degC: between ambient and coolant."""
        self._take_over()
        to_ambient, to_coolant = float(self._to_ambient_w_k.mean()), self.from_coolant_w_k
        return (to_ambient * self.ambient_c + to_coolant * self.coolant_c) / (to_ambient + to_coolant)

    def flow_w(self, temp_c: FloatArray) -> FloatArray:
        """Heat into each cell from its surroundings, in W. The array is reused by the next call."""
        self._take_over()
        flow, between = self._flow_w, self._between_w
        np.subtract(self._around_c, temp_c, out=flow)
        flow *= self._outward_w_k
        np.subtract(temp_c[1:], temp_c[:-1], out=between)
        between *= self._to_next_w_k
        self._into_this_w += between
        self._into_next_w -= between
        return flow

    def warm(self, temp_c: FloatArray, heat_w: FloatArray, dt_s: float) -> None:
        """Advance `temp_c` in place. Explicit: stable because a cell's time constant is minutes, a step at most 1 s."""
        heat_w += self.flow_w(temp_c)
        if dt_s != self._dt_s:
            self._dt_s = dt_s
            self._k_w = dt_s / self.capacity_j_k
        heat_w *= self._k_w
        temp_c += heat_w
