"""What leaves a cell lies on the housing and conducts: electrolyte of a leak or a vent, soot of a runaway.

A film of conductance G connects the chassis to a cell at the share x of the pack's voltage. It draws the current of
two conductances: x G from the plus pole and (1 - x) G from the minus pole. A monitor at the poles sees these two.
"""

import numpy as np
import numpy.typing as npt

from bench.plant.cells import Cells
from bench.plant.source import Figure

_SAID = "engineering estimate: "
LEAK_OHM = Figure(
    value=100e3, confidence="E", source=_SAID + "a wet patch from can to housing; no cell leaks alike"
)
VENT_OHM = Figure(
    value=100e3, confidence="E", source=_SAID + "one cell's spray alone does not fail 100 ohm/V"
)
RUNAWAY_OHM = Figure(value=10e3, confidence="E", source=_SAID + "soot and metal; one cell fails 100 ohm/V")
_LOOK_S = 0.1 - 1e-9
SPREADS_TAU_S = 5.0  # how fast the film grows: engineering estimate


class Soiling:
    """`leaking` may be set per cell (0-based). Conductances in S; a film grows and never dries."""

    def __init__(self, cells: Cells, *, strings: int = 1, series: int | None = None) -> None:
        """For `strings` of `series` groups each; every single cell is numbered as in `MeshedCells`."""
        series = cells.count if series is None else series
        self._cells = cells
        self.leaking: npt.NDArray[np.bool_] = np.zeros(cells.count, dtype=np.bool_)
        self._film = np.zeros(cells.count)
        group = np.arange(cells.count) % (strings * series)
        self._up = (group % series + 0.5) / series  # cell 1 is at the minus pole
        self._string = group // series
        self.siemens: list[tuple[float, float]] = [
            (0.0, 0.0)
        ] * strings  # of each string, at plus and at minus
        self._waited_s = 0.0

    def advance(self, dt_s: float) -> None:
        """Let the films grow, where a cell leaks, has vented or has run away. Looked at ten times a second."""
        self._waited_s += dt_s
        if self._waited_s < _LOOK_S:
            return
        dt_s, self._waited_s = self._waited_s, 0.0
        cells = self._cells
        if not (self.leaking.any() or cells.beyond.vented.any() or _run_away(cells)):
            return
        aim = self.leaking / LEAK_OHM.value
        if cells.runaway is not None:
            aim = aim + cells.runaway.vented / VENT_OHM.value + cells.runaway.runaway / RUNAWAY_OHM.value
        if cells.aqueous is not None:  # its valve lets dry hydrogen out; boiling carries electrolyte
            aim = aim + cells.aqueous.boiled / VENT_OHM.value
        self._film += np.maximum(aim - self._film, 0.0) * -np.expm1(-dt_s / SPREADS_TAU_S)
        plus = np.bincount(self._string, self._film * self._up, len(self.siemens))
        minus = np.bincount(self._string, self._film * (1.0 - self._up), len(self.siemens))
        self.siemens = list(zip(plus.tolist(), minus.tolist()))


def _run_away(cells: Cells) -> bool:
    return cells.runaway is not None and bool(cells.runaway.runaway.any())
