"""Heat between cells that stand side by side in groups: first to last within a group, then on to the next group."""

import numpy as np

from bench.plant.chemistry import Chemistry
from bench.plant.source import FloatArray
from bench.plant.thermal import ThermalNetwork


class GroupThermal(ThermalNetwork):
    """`barrier_k_w[k * groups + g]` lies after cell k of group g; strings stand apart: nothing passes between them."""

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
        self._shape = (parallel, groups)
        last_of_string = (parallel - 1) * groups + series * np.arange(1, strings) - 1
        self.barrier_k_w[last_of_string] = np.inf
        self._rows_w: FloatArray = np.zeros((parallel - 1, groups))
        self._across_w: FloatArray = np.zeros(groups - 1)

    def flow_w(self, temp_c: FloatArray) -> FloatArray:
        self._take_over()
        flow = self._flow_w
        np.subtract(self._around_c, temp_c, out=flow)
        flow *= self._outward_w_k
        groups = self._shape[1]
        here_c, to_next_w_k, into = temp_c.reshape(self._shape), self._to_next_w_k, flow.reshape(self._shape)
        if self._shape[0] > 1:
            rows = self._rows_w
            np.subtract(here_c[1:], here_c[:-1], out=rows)
            rows *= to_next_w_k[: rows.size].reshape(rows.shape)
            into[:-1] += rows
            into[1:] -= rows
        if groups > 1:
            across = self._across_w
            np.subtract(here_c[0, 1:], here_c[-1, :-1], out=across)
            across *= to_next_w_k[-across.size :]
            into[-1, :-1] += across
            into[0, 1:] -= across
        return flow
