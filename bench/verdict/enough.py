"""How many shots of each build would decide a comparison that is open. A plan from the shots seen so far, no promise.

The half-width of a confidence interval has two parts: the latencies' own width, and a part that falls with the square
root of the number of shots. More shots do not reduce the first part. Where the first part alone is too wide, no
number of shots decides.
"""

import math
from statistics import NormalDist

from bench.verdict.shift import Shift
from bench.verdict.tail import latest_p, tails_of

_CONFIDENCE = 0.95
_POWER_Z = 0.84  # four times of five such a number is enough
_SPARE = 1.2
_MOST_TIMES = 50  # of the shots that there are: further than that no plan goes
_DRAWN_BELOW = 15  # below, the permutation distribution is drawn, and its p has a floor


def fewest() -> int:
    """The fewest shots for which the tail has an upper bound. With fewer shots nothing can be shown to be the same."""
    n = 1
    while not tails_of(n, _CONFIDENCE):
        n += 1
    return n


def shots_that_decide(
    shift: Shift, relevant_ns: float, within_ns: float, tests: int, alpha: float
) -> int | None:
    """For each side. tests: how many the comparison corrects for. None: no number of shots decides."""
    had = 2 * shift.n_base * shift.n_new / (shift.n_base + shift.n_new)
    more = max(shift.n_base, shift.n_new) + 1
    if shift.shift_ns >= relevant_ns:
        return max(more, _for_an_alarm(shift, had, tests, alpha))
    if shift.tail_shift_ns >= relevant_ns and (enough := _for_a_late_tail(shift, tests, alpha)) is not None:
        return max(more, enough)
    room = within_ns - shift.resolution_ns
    if room <= 0:
        return None
    wanted = float(fewest())
    sides = (
        (shift.low_ns, shift.high_ns, shift.shift_ns),
        *((one.low_ns, one.high_ns, one.moved_ns) for one in shift.tails),
    )
    for low, high, moved in sides:
        if low is not None and high is not None:
            half = max((high - low) / 2 - shift.resolution_ns, 0.0)
            left = max(room - abs(moved), room / 4)  # an estimate near the bound may yet fall back from it
            wanted = max(wanted, had * (half / left) ** 2 * _SPARE)
    return max(more, math.ceil(wanted))


def _for_an_alarm(shift: Shift, had: float, tests: int, alpha: float) -> int:
    """Shots until the observed shift is significant with probability 0.8, among this number of tests."""
    normal = NormalDist()
    z = normal.inv_cdf(1 - alpha / (2 * max(tests, 1)))
    apart = math.ceil(z * z / 1.5) + 1  # even where no latency of one build reaches the other's
    wanted = 0.0
    if shift.low_ns is not None and shift.high_ns is not None:
        half = max((shift.high_ns - shift.low_ns) / 2 - shift.resolution_ns, 0.0)
        wanted = had * (half / normal.inv_cdf(0.5 + _CONFIDENCE / 2) * (z + _POWER_Z) / shift.shift_ns) ** 2
    return max(_DRAWN_BELOW, apart, math.ceil(wanted * _SPARE))


def _for_a_late_tail(shift: Shift, tests: int, alpha: float) -> int | None:
    """Shots until the late shots seen so far are significant, if their share stays. None where no shot was late."""
    (base, new), (n_base, n_new) = shift.latest, (shift.n_base, shift.n_new)
    if new * n_base <= base * n_new:
        return None
    for times in range(1, 4 * _MOST_TIMES):
        k = 1 + times / 4
        counts = round(base * k), round(n_base * k), round(new * k), round(n_new * k)
        if latest_p(*counts) * tests < alpha:
            return math.ceil(max(n_base, n_new) * k * _SPARE)
    return None
