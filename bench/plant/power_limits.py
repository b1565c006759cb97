"""State of power: the largest constant current that the pack can carry for the next ten seconds, by the plant
itself.

Every measured cell has to stay within its working voltage, and the current within the chemistry's own limit. At the
end no cell may be above its working temperature. Below the lowest temperature for its direction, the pack carries no
current.
"""

from dataclasses import dataclass

import numpy as np

from bench.plant.pack import Pack
from bench.plant.rewind import rewound

AHEAD_S = 10
_CLOSE_SHARE = 1e-3  # of the chemistry's limit
_TRIALS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerLimits:
    """In A, both >= 0."""

    discharge_a: float
    charge_a: float


def power_limits(pack: Pack) -> PowerLimits:
    """The pack is not changed."""
    facts = pack.chemistry
    coldest_c = float(pack.temp_c.min())
    within_v = facts.v_op_min, facts.v_op_max
    discharge_a = charge_a = 0.0
    if coldest_c >= facts.t_op_min_c:
        discharge_a = _largest_a(pack, facts.i_max_discharge_a, 1.0, within_v)
    if coldest_c >= facts.t_charge_min_c:
        charge_a = _largest_a(pack, facts.i_max_charge_a, -1.0, within_v)
    beside = pack.full_ah / facts.capacity_ah
    return PowerLimits(discharge_a=discharge_a * beside, charge_a=charge_a * beside)


def _largest_a(pack: Pack, most_a: float, sign: float, within_v: tuple[float, float]) -> float:
    """False position on how much is left of the nearest limit, halving where that stalls."""
    low_a, high_a = 0.0, most_a
    high_left = _left(pack, sign * high_a, within_v)
    if high_left >= 0.0:
        return most_a
    low_left = _left(pack, 0.0, within_v)
    if low_left < 0.0:
        return 0.0
    for trial in range(_TRIALS):
        if high_a - low_a <= _CLOSE_SHARE * most_a:
            break
        share = low_left / (low_left - high_left) if trial % 3 else 0.5
        at_a = low_a + min(max(share, 0.02), 0.98) * (high_a - low_a)
        left = _left(pack, sign * at_a, within_v)
        if left >= 0.0:
            low_a, low_left = at_a, left
        else:
            high_a, high_left = at_a, left
    return low_a


def _left(pack: Pack, current_a: float, within_v: tuple[float, float]) -> float:
    """The least distance to a limit within the time, as a share of the working range; below 0: one is passed."""
    cells, facts = pack.cells, pack.chemistry
    low_v, high_v = within_v
    busbar_v = pack.joint_ohm * current_a  # of one cell: those beside it share alike
    left_v = np.inf
    with rewound(cells):
        for _ in range(AHEAD_S):
            cells.step(1.0, current_a)
            measured_v = cells.voltage_v - busbar_v
            left_v = min(left_v, float(measured_v.min()) - low_v, high_v - float(measured_v.max()))
        left_c = facts.t_op_max_c - float(cells.temp_c.max())
    return min(left_v / (high_v - low_v), left_c / (facts.t_op_max_c - facts.t_op_min_c))
