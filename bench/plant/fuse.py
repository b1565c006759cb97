"""The pack's fuse, by a time-current curve: each step uses up its share of the time that its current would take.

Times are pre-arcing, over multiples of the rating. Curves of one family fall together so; a fuse's own lies within 10 %
of the current either way.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

from bench.plant.source import Figure

_SHEET = (
    "Mersen A70QS, catalogue High Speed Fuses (2024), pages HS 20 and 21: pre-arcing 280 A2s at most for 50 A "
    "(as cited in a public design file that was read)"
)
_CURVE = "time-current curves of semiconductor fuses, 350 A class (Mersen A70QS, Bussmann 170M): recalled, not re-read"
_LEAST = "Eaton Bussmann EV20 to EV30, technical data 10563 (2018): breaks from 200 % of its rating on"
_USUAL_SHARE = 0.9  # of the sheet's highest: a usual fuse, engineering estimate

# Adiabatic: all heat stays in the notches. In s, of the rating squared: the most that the sheet allows.
ADIABATIC_S = Figure(value=280.0 / 50.0**2, confidence="M", source=_SHEET)
MELTS_FROM = Figure(
    value=1.6, confidence="E", source=f"engineering estimate, below what it has to break: {_LEAST}"
)
CURVE = (
    (
        MELTS_FROM.value,
        Figure(value=3600.0, confidence="E", source="engineering estimate: hours, and it never breaks well"),
    ),
    (2.1, Figure(value=10.0, confidence="Mr", source=_CURVE)),
    (2.9, Figure(value=1.0, confidence="Mr", source=_CURVE)),
    (4.0, Figure(value=0.1, confidence="Mr", source=_CURVE)),
    (6.3, Figure(value=0.01, confidence="Mr", source=_CURVE)),
    (20.0, Figure(value=_USUAL_SHARE * ADIABATIC_S.value / 20.0**2, confidence="M", source=_SHEET)),
)
COOLS_TAU_S = 60.0  # after an overload that it has borne: engineering estimate

_LOGS = [(math.log(share), math.log(time.value)) for share, time in CURVE]


@dataclass(slots=True, kw_only=True)
class Fuse:
    """It carries `rated_a` (A) without end. `blown`: by current, or set to inject an open fuse. `used`: share of its
    life to melting, 1 melts.
    """

    rated_a: float
    blown: bool = False
    used: float = 0.0

    def advance(self, dt_s: float, current_a: float) -> None:
        share = abs(current_a) / self.rated_a
        if share < MELTS_FROM.value:
            if self.used:
                self.used *= math.exp(-dt_s / COOLS_TAU_S)
            return
        self.used += dt_s / melts_in_s(share)
        self.blown = self.blown or self.used >= 1.0

    def replace(self) -> None:
        self.blown, self.used = False, 0.0


def melts_in_s(share: float) -> float:
    """Pre-arcing time at this multiple of the rating, straight between the curve's points on double-log paper."""
    at = math.log(share)
    if at >= _LOGS[-1][0]:
        return _USUAL_SHARE * ADIABATIC_S.value / (share * share)
    for (low, low_time), (high, high_time) in pairwise(_LOGS):
        if at < high:
            return math.exp(low_time + (high_time - low_time) * (at - low) / (high - low))
    raise AssertionError("the curve ends where the adiabatic law begins")
