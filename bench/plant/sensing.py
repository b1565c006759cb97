"""What is measured of the cells, which is not what they have: busbars and welds in the voltage, lag in the temperature.

A voltage tap sits on a busbar, so part of the busbar and the weld lie within the measured voltage. A thermistor sits on
a terminal between the cell and the air: it reads a share of the way from the cell's hottest place to the ambient, late.
"""

import math

import numpy as np
import numpy.typing as npt

from bench.plant.source import Figure, FloatArray

BUSBAR_OHM = Figure(
    value=0.05e-3,
    confidence="E",
    source="engineering estimate: busbar and two laser welds per cell, contactors and cable shared out",
)
SENSOR_TAU_S = Figure(
    value=10.0,
    confidence="E",
    source="engineering estimate: a thermistor in a ring lug or under a clip, 5 to 15 s to 63 % of a step",
)
SURFACE_SHARE = Figure(
    value=0.1,
    confidence="E",
    source="engineering estimate: of the cell's excess over the ambient, what the terminal has already lost",
)
_LOST = SURFACE_SHARE.value
_KEPT = 1.0 - _LOST


class VoltageTaps:
    """`volt_v` per cell as a front end measures it; `busbar_ohm` may be set per cell, a bad weld for one."""

    def __init__(self, cell_v: FloatArray) -> None:
        self.busbar_ohm: FloatArray = np.full(cell_v.size, BUSBAR_OHM.value)
        self.volt_v: FloatArray = cell_v.copy()

    def read(self, cell_v: FloatArray, current_a: float) -> float:
        """Take over the cells' voltages while `current_a` (> 0 discharges) flows; the sum, which is the pack's."""
        if current_a == 0.0:
            self.volt_v[:] = cell_v
        else:
            np.multiply(self.busbar_ohm, -current_a, out=self.volt_v)
            self.volt_v += cell_v
        return float(np.add.reduce(self.volt_v))


class Thermistors:
    """`temp_c` per sensor. `at`: the cell (0-based) that each is on. `tau_s` 0: no lag."""

    def __init__(self, at: npt.NDArray[np.intp], cell_c: FloatArray, ambient_c: float, tau_s: float) -> None:
        self.at = at
        self.tau_s = tau_s
        self.temp_c: FloatArray = np.zeros(at.size)
        self._terminal_c: FloatArray = np.zeros(at.size)
        self._dt_s, self._moves = 0.0, 1.0
        self.settle(cell_c, ambient_c)

    def advance(self, dt_s: float, cell_c: FloatArray, ambient_c: float) -> None:
        """They follow what they sit on for `dt_s`."""
        if dt_s != self._dt_s:
            self._dt_s = dt_s
            self._moves = -math.expm1(-dt_s / self.tau_s) if self.tau_s > 0.0 else 1.0
        terminal = self._terminal(cell_c, ambient_c)
        terminal -= self.temp_c
        terminal *= self._moves
        self.temp_c += terminal

    def settle(self, cell_c: FloatArray, ambient_c: float) -> None:
        """As after a long time."""
        self.temp_c[:] = self._terminal(cell_c, ambient_c)

    def _terminal(self, cell_c: FloatArray, ambient_c: float) -> FloatArray:
        terminal = self._terminal_c
        cell_c.take(self.at, out=terminal, mode="clip")
        terminal *= _KEPT
        terminal += _LOST * ambient_c
        return terminal
