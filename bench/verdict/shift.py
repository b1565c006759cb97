"""Has a latency's distribution moved between two builds? A two-sample test for interval-censored data.

Each latency is an interval; inside it every instant counts as equally likely. The score of a latency is its expected
rank among all latencies of both builds. This is Gehan's generalised Wilcoxon test (Biometrika 52, 1965) with the
overlap resolved.

If the builds are equal and were measured on the same rig, the labels can be exchanged, whatever the width of the
intervals. So the permutation distribution of the summed scores is exact. Its mean and variance are known, and for
small samples it is drawn. A second test (`bench.verdict.tail`) sees a tail that has become later while the middle has
not moved. `holm` corrects for the number of tests, both kinds together.

Besides an alarm two intervals are told: of the shift, and of the movement of the tail's quantiles. Too few shots have
no such interval; then nothing is said to be the same.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bench.measure.interval import Interval
from bench.verdict.order_statistics import shift_index
from bench.verdict.tail import TAILS, TailShift, quantile_test, tail_shifts

_DRAWN_BELOW = 15  # smaller samples: the permutation distribution is drawn, not approximated
_DRAWS = 9_999
TAIL = TAILS[0]


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
    """NEW minus BASE, in ns: the Hodges–Lehmann estimate, its confidence interval, and the raw p of both tests.

    The estimate uses the middle of each latency. low and high hold for every position of the truths inside their
    intervals. They are None where the shots are too few for an interval. tails: the movement of each quantile for
    which the shots suffice, all of them together at the stated confidence. resolution_ns: the part of an interval's
    half-width that comes from the latencies' own width, and that more shots do not reduce. latest: how many shots of
    BASE and of NEW are among the latest of both; of the two counts the more significant one.
    """

    shift_ns: float
    low_ns: float | None
    high_ns: float | None
    tails: tuple[TailShift, ...]
    tail_shift_ns: float
    resolution_ns: float
    p_location: float
    p_tail: float
    latest: tuple[int, int]
    n_base: int
    n_new: int

    @property
    def tail_low_ns(self) -> float | None:
        """At least so far has a quantile of the tail moved; None where none has a lower bound."""
        return max((one.low_ns for one in self.tails if one.low_ns is not None), default=None)

    @property
    def tail_high_ns(self) -> float | None:
        """None of these quantiles has moved further; None where one has no upper bound."""
        highs = [one.high_ns for one in self.tails]
        return None if None in highs else max(one for one in highs if one is not None)


def measure_shift(base: Sequence[Interval], new: Sequence[Interval], confidence: float = 0.95) -> Shift:
    """Raises ValueError for an empty side."""
    import numpy as np

    if not base or not new:
        raise ValueError("a comparison needs latencies on both sides")
    lows = np.array([one.low_ns for one in (*base, *new)], dtype=float)
    highs = np.array([one.high_ns for one in (*base, *new)], dtype=float)
    scores = _scores(lows, highs)
    middles = (lows + highs) / 2
    n = len(base)
    differences = (middles[n:, None] - middles[None, :n]).ravel()
    k = shift_index(n, len(new), confidence)
    low = high = None
    if k is not None:
        # Each pair's true difference lies between these, so its order statistics lie between theirs.
        low = float(np.sort((lows[n:, None] - highs[None, :n]).ravel())[k])
        high = float(np.sort((highs[n:, None] - lows[None, :n]).ravel())[-1 - k])
    p_tail, latest = quantile_test(middles[:n], middles[n:])
    tails = tail_shifts(lows, highs, n, confidence)
    ends = [float(np.quantile(part, 0.95)) for part in (middles[:n], middles[n:])]
    return Shift(
        shift_ns=float(np.median(differences)),
        low_ns=low,
        high_ns=high,
        tails=tails,
        tail_shift_ns=max(ends[1] - ends[0], *(one.moved_ns for one in tails)),
        resolution_ns=float(np.median(highs[:n] - lows[:n]) + np.median(highs[n:] - lows[n:])) / 2,
        p_location=_permutation_p(scores, n),
        p_tail=p_tail,
        latest=latest,
        n_base=n,
        n_new=len(new),
    )


def classify(
    shift: Shift,
    p_location: float,
    p_tail: float,
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
    if p_tail < alpha and shift.tail_shift_ns >= relevant_ns:
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
    least = found * (1 - 1e-12)
    if n_new == 1 and bool((np.abs(scores) >= least).all()):
        return 1.0  # of one shot against one: each draw is as far off as what was found
    if min(n_base, n_new) < _DRAWN_BELOW:
        rng = np.random.default_rng(total)  # seeded: the same two runs always give the same answer
        drawn = np.array([rng.permutation(scores)[n_base:].sum() for _ in range(_DRAWS)])
        return float((1 + np.sum(np.abs(drawn) >= least)) / (_DRAWS + 1))
    variance = n_base * n_new / (total * (total - 1)) * float((scores**2).sum())
    return math.erfc(found / math.sqrt(2 * variance)) if variance > 0 else 1.0
