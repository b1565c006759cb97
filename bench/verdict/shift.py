"""Has a latency's distribution moved between two builds? A two-sample test for interval-censored data.

Each latency is an interval; inside it every instant counts as equally likely. The score of a latency is its
expected rank among all of both builds (Gehan's generalised Wilcoxon, Biometrika 52, 1965, with the overlap
resolved). If the builds are equal and were measured on the same rig, the labels can be exchanged whatever the
width of the intervals, so the permutation distribution of the summed scores is exact: its mean and variance
are known, and for small samples it is drawn. A second test on the squared scores (Mood, 1954) sees a change
of spread. `holm` corrects for the number of tests.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bench.measure.interval import Interval

_DRAWN_BELOW = 15  # smaller samples: the permutation distribution is drawn, not approximated
_DRAWS = 9_999


class Change(StrEnum):
    """`same`: shown to lie within the relevant shift. `undecided`: neither a change nor sameness is shown."""

    SLOWER = "slower"
    FASTER = "faster"
    WIDER = "wider"
    SAME = "same"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """NEW less BASE, in ns: Hodges–Lehmann estimate, and its confidence interval; raw p of both tests.

    The estimate takes the middle of each latency; low and high hold wherever in their intervals the truths lie.
    """

    shift_ns: float
    low_ns: float
    high_ns: float
    tail_shift_ns: float
    p_location: float
    p_spread: float
    n_base: int
    n_new: int


def measure_shift(base: Sequence[Interval], new: Sequence[Interval], confidence: float = 0.95) -> Shift:
    """Raises ValueError for an empty side."""
    import numpy as np

    if not base or not new:
        raise ValueError("a comparison needs latencies on both sides")
    lows = np.array([one.low_ns for one in (*base, *new)], dtype=float)
    highs = np.array([one.high_ns for one in (*base, *new)], dtype=float)
    scores = _scores(lows, highs)
    squares = scores**2
    middles = (lows + highs) / 2
    n = len(base)
    differences = (middles[n:, None] - middles[None, :n]).ravel()
    # Each pair's true difference lies between these, so its order statistics lie between theirs.
    low = _moses(np.sort((lows[n:, None] - highs[None, :n]).ravel()), n, len(new), confidence)[0]
    high = _moses(np.sort((highs[n:, None] - lows[None, :n]).ravel()), n, len(new), confidence)[1]
    tails = [float(np.quantile(part, 0.95)) for part in (middles[:n], middles[n:])]
    return Shift(
        shift_ns=float(np.median(differences)),
        low_ns=low,
        high_ns=high,
        tail_shift_ns=tails[1] - tails[0],
        p_location=_permutation_p(scores, n),
        p_spread=_permutation_p(squares - squares.mean(), n),
        n_base=n,
        n_new=len(new),
    )


def classify(shift: Shift, p_location: float, p_spread: float, relevant_ns: float, alpha: float) -> Change:
    """From corrected p values: an alarm needs both significance and a relevant size."""
    if p_location < alpha and abs(shift.shift_ns) >= relevant_ns:
        return Change.SLOWER if shift.shift_ns > 0 else Change.FASTER
    if p_spread < alpha and shift.tail_shift_ns >= relevant_ns:
        return Change.WIDER
    if -relevant_ns < shift.low_ns and shift.high_ns < relevant_ns:
        return Change.SAME
    return Change.UNDECIDED


def holm(values: Sequence[float]) -> tuple[float, ...]:
    """Corrected p values (Holm, Scand. J. Stat. 6, 1979): the chance of any false alarm stays below alpha."""
    order = sorted(range(len(values)), key=values.__getitem__)
    corrected = [0.0] * len(values)
    worst = 0.0
    for rank, index in enumerate(order):
        worst = max(worst, min(1.0, (len(values) - rank) * values[index]))
        corrected[index] = worst
    return tuple(corrected)


def fisher_more(base_bad: int, base_n: int, new_bad: int, new_n: int) -> float:
    """One-sided exact p (Fisher): how likely so many or more bad ones in NEW if both share one rate."""
    bad, total = base_bad + new_bad, base_n + new_n
    ways = math.comb(total, new_n)
    worse = range(new_bad, min(bad, new_n) + 1)
    return sum(math.comb(bad, k) * math.comb(total - bad, new_n - k) for k in worse) / ways


def _scores(lows: Any, highs: Any) -> Any:
    """Expected (number below - number above) of each latency among all; sums to zero."""
    import numpy as np

    widths = np.maximum(highs - lows, 1.0)
    ends = lows + widths

    def below(x: Any) -> Any:  # integral of each column's distribution function up to x
        inside = np.clip(x - lows[None, :], 0.0, widths[None, :])
        return inside**2 / (2 * widths[None, :]) + np.maximum(x - ends[None, :], 0.0)

    share = (below(ends[:, None]) - below(lows[:, None])) / widths[:, None]
    return (share - share.T).sum(axis=1)


def _permutation_p(scores: Any, n_base: int) -> float:
    import numpy as np

    total = len(scores)
    n_new = total - n_base
    found = abs(float(scores[n_base:].sum()))
    if min(n_base, n_new) < _DRAWN_BELOW:
        rng = np.random.default_rng(total)  # seeded: the same two runs always give the same answer
        drawn = np.array([rng.permutation(scores)[n_base:].sum() for _ in range(_DRAWS)])
        return float((1 + np.sum(np.abs(drawn) >= found * (1 - 1e-12))) / (_DRAWS + 1))
    variance = n_base * n_new / (total * (total - 1)) * float((scores**2).sum())
    return math.erfc(found / math.sqrt(2 * variance)) if variance > 0 else 1.0


def _moses(differences: Any, n: int, m: int, confidence: float) -> tuple[float, float]:
    """Distribution-free interval of the shift: order statistics of all pairwise differences."""
    from statistics import NormalDist

    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    k = math.floor(n * m / 2 - z * math.sqrt(n * m * (n + m + 1) / 12))
    k = min(max(k, 0), len(differences) - 1)
    return float(differences[k]), float(differences[len(differences) - 1 - k])
