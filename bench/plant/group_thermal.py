"""Heat between cells that stand side by side in groups: first to last within a group, then on to the next group.

Strings are rows that stand beside each other: each cell faces the cell at its place in the next string.
"""

import numpy as np

from bench.plant.chemistry import Chemistry
from bench.plant.source import Figure, FloatArray
from bench.plant.thermal import ThermalNetwork

STRING_GAP_K_W = Figure(
    value=9.5,
    confidence="E",
    source="engineering estimate: narrow sides of 27 x 98 mm across 5 mm of 0.2 W/mK",
)
_LOOK_S = 1.0 - 1e-9  # how often heat from string to string is computed anew: hours level it out


class GroupThermal(ThermalNetwork):
    """`barrier_k_w[k * groups + g]` lies after cell k of group g, `string_gap_k_w` between the cells of two strings
    (settable; inf: nothing passes).
    """

    def __init__(
        self,
        chemistry: Chemistry,
        *,
        strings: int,
        series: int,
        parallel: int,
        ambient_c: float,
        coolant_k_w: float,
    ) -> None:
        groups = strings * series
        super().__init__(chemistry, parallel * groups, ambient_c, coolant_k_w)
        last_of_string = (parallel - 1) * groups + series * np.arange(1, strings) - 1
        self.barrier_k_w[last_of_string] = np.inf
        self.string_gap_k_w = STRING_GAP_K_W.value
        self._shape = (parallel, strings, series)
        self._beside_w: FloatArray = np.zeros(self._shape)
        self._waited_s = 0.0
        self._groups = groups
        self._within_w: FloatArray = np.zeros((parallel - 1) * groups)
        self._across_w: FloatArray = np.zeros(groups - 1)
        flow = self._flow_w
        self._into_left_w, self._into_right_w = flow[:-groups], flow[groups:]
        self._into_last_w, self._into_first_w = flow[-groups:-1], flow[1:groups]

    def flow_w(self, temp_c: FloatArray) -> FloatArray:
        self._take_over()
        flow, groups, to_next_w_k = self._flow_w, self._groups, self._to_next_w_k
        np.subtract(self._around_c, temp_c, out=flow)
        flow *= self._outward_w_k
        within = self._within_w
        if within.size:
            np.subtract(temp_c[groups:], temp_c[:-groups], out=within)
            within *= to_next_w_k[: within.size]
            self._into_left_w += within
            self._into_right_w -= within
        across = self._across_w
        if across.size:
            np.subtract(temp_c[1:groups], temp_c[-groups:-1], out=across)
            across *= to_next_w_k[-across.size :]
            self._into_last_w += across
            self._into_first_w -= across
        return flow

    def warm(self, temp_c: FloatArray, heat_w: FloatArray, dt_s: float) -> None:
        if self._shape[1] > 1:
            self._waited_s += dt_s
            if self._waited_s >= _LOOK_S:
                self._waited_s = 0.0
                self._face(temp_c.reshape(self._shape))
            heat_w += self._beside_w.reshape(-1)
        super().warm(temp_c, heat_w, dt_s)

    def _face(self, here_c: FloatArray) -> None:
        """What each cell takes from the strings beside its own."""
        passing_w = (here_c[:, 1:] - here_c[:, :-1]) / self.string_gap_k_w
        self._beside_w[:] = 0.0
        self._beside_w[:, :-1] += passing_w
        self._beside_w[:, 1:] -= passing_w
