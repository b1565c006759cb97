"""Whether a DUT was steady while its shots were fired: the order of the shots, and two tests on it.

Shots are fired in random order. So if nothing changes with time (H0), every order of the latencies is equally likely,
whatever the effect of the phase. Both tests assume only that. Each refuses a steady series in at most ERROR of all
cases. The runs test is exact. Mann and Kendall's trend test uses a normal approximation, which never exceeds ERROR
without ties, for ten shots or more.
"""

import math
from collections import Counter
from collections.abc import Sequence

from bench.verdict.result import ShotResult

ERROR = 0.01
FEWEST_FOR_TREND = 10


def in_firing_order(shots: Sequence[ShotResult]) -> tuple[list[ShotResult], bool]:
    """(the shots as they were fired, whether that order was shuffled). Older releases fired in the order of the index.

    There the phase rises with time, and no test can tell a drift from what the phase does.
    """
    places = [(shot.place, shot) for shot in shots]
    if any(place is None for place, _ in places):
        return sorted(shots, key=lambda shot: shot.index), len(shots) < 2
    return [shot for _, shot in sorted(places, key=lambda one: one[0] or 0)], True


def trend_z(series: Sequence[float]) -> float:
    """Mann and Kendall's trend over the order of the series, in standard deviations; ties corrected for."""
    import numpy as np  # row by row: thousands of shots make millions of pairs

    n, values = len(series), np.array(series)
    s = sum(int(np.sign(values[i + 1 :] - values[i]).sum()) for i in range(n - 1))
    ties = Counter(series).values()
    variance = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18
    return (s - (s > 0) + (s < 0)) / math.sqrt(variance) if variance > 0 else 0.0


def trend_p(series: Sequence[float]) -> float | None:
    """Two-sided; None for fewer than FEWEST_FOR_TREND, of which none can be told."""
    return math.erfc(abs(trend_z(series)) / math.sqrt(2)) if len(series) >= FEWEST_FOR_TREND else None


def runs_p(runs: int, above: int, below: int) -> float:
    """Two-sided exact p of this number of runs, for these numbers of values above and below (Wald and Wolfowitz,
    1940).
    """
    whole = _log_choose(above + below, above)
    fewer = math.fsum(_likely(r, above, below, whole) for r in range(2, runs + 1))
    same = _likely(runs, above, below, whole)
    return min(1.0, 2 * min(fewer, 1 - fewer + same))


def _likely(runs: int, above: int, below: int, whole: float) -> float:
    half, odd = divmod(runs, 2)
    if odd:
        ways = ((half, half - 1), (half - 1, half))
        return math.fsum(
            math.exp(_log_choose(above - 1, i) + _log_choose(below - 1, j) - whole) for i, j in ways
        )
    return 2 * math.exp(_log_choose(above - 1, half - 1) + _log_choose(below - 1, half - 1) - whole)


def _log_choose(n: int, k: int) -> float:
    if not 0 <= k <= n:
        return -math.inf
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
