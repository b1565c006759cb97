"""Has a latency's distribution moved between two builds? A two-sample test for interval-censored data.

Each latency is an interval; inside it every instant counts as equally likely. The score of a latency is its
expected rank among all of both builds (Gehan's generalised Wilcoxon, Biometrika 52, 1965, with the overlap
resolved). If the builds are equal and were measured on the same rig, the labels can be exchanged whatever the
width of the intervals, so the permutation distribution of the summed scores is exact: its mean and variance
are known, and for small samples it is drawn. A second test on the squared scores (Mood, 1954) sees a change
of spread. `holm` corrects for the number of tests.

What is said beside an alarm rests on intervals: of the shift, and of how far the tail (nine of ten) has moved. Where
there are too few shots for an interval there is none, and nothing is said to be the same.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bench.measure.interval import Interval
from bench.verdict.order_statistics import quantile_indices, shift_index

_DRAWN_BELOW = 15  # smaller samples: the permutation distribution is drawn, not approximated
_DRAWS = 9_999
TAIL = 0.9


class Change(StrEnum):
    """slower, wider, faster: shown, at the false-alarm rate of the whole comparison.

    looks slower: the interval of this shift alone, or of its tail, lies wholly beyond the relevant size; more shots are
    needed for an alarm. same, not slower: shift and tail are shown to lie within bounds, on both sides or above.
    undecided: none of these is shown.
    """

    SLOWER = "slower"
    LOOKS_SLOWER = "looks slower"
    FASTER = "faster"
    WIDER = "wider"
    SAME = "same"
    NOT_SLOWER = "not slower"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """NEW less BASE, in ns: Hodges–Lehmann estimate, and its confidence interval; raw p of both tests.

    The estimate takes the middle of each latency; low and high hold wherever in their intervals the truths lie, and are
    None where so few shots have no such interval. tail_low/high_ns: the same of the quantile TAIL. resolution_ns: what
    of an interval's half-width is the latencies' own, which no number of shots takes off.
    """

    shift_ns: float
    low_ns: float | None
    high_ns: float | None
    tail_shift_ns: float
    tail_low_ns: float | None
    tail_high_ns: float | None
    resolution_ns: float
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
    k = shift_index(n, len(new), confidence)
    low = high = None
    if k is not None:
        # Each pair's true difference lies between these, so its order statistics lie between theirs.
        low = float(np.sort((lows[n:, None] - highs[None, :n]).ravel())[k])
        high = float(np.sort((highs[n:, None] - lows[None, :n]).ravel())[-1 - k])
    tail_low, tail_high = _tail(lows, highs, n, confidence)
    tails = [float(np.quantile(part, 0.95)) for part in (middles[:n], middles[n:])]
    return Shift(
        shift_ns=float(np.median(differences)),
        low_ns=low,
        high_ns=high,
        tail_shift_ns=tails[1] - tails[0],
        tail_low_ns=tail_low,
        tail_high_ns=tail_high,
        resolution_ns=float(np.median(highs[:n] - lows[:n]) + np.median(highs[n:] - lows[n:])) / 2,
        p_location=_permutation_p(scores, n),
        p_spread=_permutation_p(squares - squares.mean(), n),
        n_base=n,
        n_new=len(new),
    )


def _tail(lows: Any, highs: Any, n: int, confidence: float) -> tuple[float | None, float | None]:
    """How far the quantile TAIL has moved: between these, at `confidence`. Each side's bounds take half of the risk."""
    import numpy as np

    sides = ((np.sort(lows[:n]), np.sort(highs[:n])), (np.sort(lows[n:]), np.sort(highs[n:])))
    at = [quantile_indices(len(side[0]), TAIL, (1 + confidence) / 2) for side in sides]
    (base_low, base_high), (new_low, new_high) = (
        (None if i is None else float(side[0][i]), None if j is None else float(side[1][j]))
        for side, (i, j) in zip(sides, at)
    )
    return (
        None if new_low is None or base_high is None else new_low - base_high,
        None if new_high is None or base_low is None else new_high - base_low,
    )


def classify(
    shift: Shift,
    p_location: float,
    p_spread: float,
    relevant_ns: float,
    alpha: float,
    within_ns: float | None = None,
) -> Change:
    """From corrected p values: an alarm needs both significance and a relevant size.

    within_ns: what counts as the same; the relevant size where it is None.
    """
    within = relevant_ns if within_ns is None else within_ns
    moved = p_location < alpha and abs(shift.shift_ns) >= relevant_ns
    if moved and shift.shift_ns > 0:
        return Change.SLOWER
    if p_spread < alpha and shift.tail_shift_ns >= relevant_ns:
        return Change.WIDER
    if moved:
        return Change.FASTER
    if any(low is not None and low >= relevant_ns for low in (shift.low_ns, shift.tail_low_ns)):
        return Change.LOOKS_SLOWER
    if shift.low_ns is None or shift.high_ns is None or shift.tail_high_ns is None:
        return Change.UNDECIDED
    if shift.high_ns < within and shift.tail_high_ns < within:
        return Change.SAME if shift.low_ns > -within else Change.NOT_SLOWER
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
