"""The state of charge from which a current takes a cell to a voltage in a given time, for any chemistry."""

import random

from bench.plant.cells import Cells
from bench.plant.chemistry import Chemistry
from bench.plant.spread import Spread

_LOWEST, _HIGHEST = -0.05, 1.2  # a little beyond full: some chemistries trip only there
_ROUNDS = 14  # halvings: 1e-4 of SoC
_STEP_S = 0.1


def soc_reaching(
    chemistry: Chemistry, *, voltage_v: float, current_a: float, after_s: float, temp_c: float = 25.0
) -> float:
    """By halving: the voltage after `after_s` at `current_a` (> 0 discharges) rises with the SoC of the start."""
    low, high = _LOWEST, _HIGHEST
    for _ in range(_ROUNDS):
        middle = 0.5 * (low + high)
        if _voltage_after(chemistry, middle, current_a, after_s, temp_c) < voltage_v:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def _voltage_after(
    chemistry: Chemistry, soc: float, current_a: float, after_s: float, temp_c: float
) -> float:
    cells = Cells(
        chemistry,
        count=1,
        soc=soc,
        temp_c=temp_c,
        rng=random.Random(0),
        spread=Spread(capacity=0.0, resistance=0.0),
    )
    for _ in range(max(1, round(after_s / _STEP_S))):
        cells.step(_STEP_S, current_a)
    return float(cells.voltage_v[0])
