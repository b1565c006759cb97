"""Has the tail of a latency moved, though its middle has not? Late shots are few, and no median shows them.

The test is the quantile test of Johnson, Verrill and Moore (Biometrics 43, 1987), for a change that concerns only a
few shots. It counts how many of the latest tenth, and of the latest twentieth, of both builds are NEW's. If both
builds are equal, that count is hypergeometric for every distribution.

The size of a change is told by quantiles of the tail, each with an interval from order statistics. The highest
quantile told is the last one for which the shots suffice for an upper bound.
"""

import math
from dataclasses import dataclass
from typing import Any

from bench.verdict.order_statistics import quantile_indices

TAILS = (0.9, 0.95, 0.99, 0.999)
_LATEST = (10, 20)  # one of so many: the latest tenth, the latest twentieth


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantile:
    """Between these in ns, each bound on its own; None where so few shots have none."""

    low_ns: float | None
    high_ns: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TailShift:
    """How far the quantile `share` has moved, in ns: estimate and interval; None where so few have no bound."""

    share: float
    base: Quantile
    new: Quantile
    moved_ns: float
    low_ns: float | None
    high_ns: float | None


def fisher_more(base_bad: int, base_n: int, new_bad: int, new_n: int) -> float:
    """One-sided exact p (Fisher): the probability of at least this number of bad shots in NEW, if both builds share
    one rate.
    """
    bad, total = base_bad + new_bad, base_n + new_n
    ways = math.comb(total, new_n)
    worse = range(new_bad, min(bad, new_n) + 1)
    return sum(math.comb(bad, k) * math.comb(total - bad, new_n - k) for k in worse) / ways


def latest_p(base_late: int, base_n: int, new_late: int, new_n: int) -> float:
    """The p of this number among the latest, corrected for the two counts."""
    return min(1.0, len(_LATEST) * fisher_more(base_late, base_n, new_late, new_n))


def quantile_test(base: Any, new: Any) -> tuple[float, tuple[int, int]]:
    """(one-sided p that NEW's tail is later, how many of BASE and of NEW are among the latest). Arrays, in ns.

    What ties with the latest that is left out is left out, too: the line is drawn without a look at the labels.
    """
    import numpy as np

    both = np.sort(np.concatenate([base, new]))
    found = []
    for part in _LATEST:
        line = both[len(both) - 1 - len(both) // part]
        late = int((base > line).sum()), int((new > line).sum())
        found.append((latest_p(late[0], len(base), late[1], len(new)), late))
    return min(found)


def tail_shifts(lows: Any, highs: Any, n: int, confidence: float) -> tuple[TailShift, ...]:
    """`n`: of the latencies the first, BASE's. Every quantile with an upper bound on both sides, the first one always.

    They hold together: each takes its part of the risk, and each of its four bounds a quarter of that.
    """
    import numpy as np

    sides = [(np.sort(lows[part]), np.sort(highs[part])) for part in (slice(0, n), slice(n, None))]
    least = min(len(side[0]) for side in sides)
    parts = max(1, tails_of(least, confidence))
    each = 1 - (1 - confidence) / (2 * parts)
    found = []
    for share in TAILS[:parts]:
        base, new = (_quantile(side, share, each) for side in sides)
        middles = [float(np.quantile((low + high) / 2, share)) for low, high in sides]
        found.append(
            TailShift(
                share=share,
                base=base,
                new=new,
                moved_ns=middles[1] - middles[0],
                low_ns=None if new.low_ns is None or base.high_ns is None else new.low_ns - base.high_ns,
                high_ns=None if new.high_ns is None or base.low_ns is None else new.high_ns - base.low_ns,
            )
        )
    return tuple(found)


def tails_of(n: int, confidence: float) -> int:
    """How many of TAILS have an upper bound with n shots, when they share the risk."""
    for parts in range(len(TAILS), 0, -1):
        if quantile_indices(n, TAILS[parts - 1], 1 - (1 - confidence) / (2 * parts))[1] is not None:
            return parts
    return 0


def _quantile(side: tuple[Any, Any], share: float, confidence: float) -> Quantile:
    i, j = quantile_indices(len(side[0]), share, confidence)
    return Quantile(
        low_ns=None if i is None else float(side[0][i]), high_ns=None if j is None else float(side[1][j])
    )
