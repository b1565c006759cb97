"""Statistics of interval-censored latencies: every statistic is an interval that holds the true value.

A latency is known to lie in [low, high]. A statistic that grows with each latency (quantile, maximum) lies between
its value on the lower ends and its value on the upper ends. Both ends can be reached, so the bound is sharp. It
assumes nothing about where inside its interval a latency lies.
"""

from collections.abc import Sequence

from bench.measure.interval import Interval


def quantile(intervals: Sequence[Interval], percent: int) -> Interval:
    """Nearest-rank quantile: the ceil(n p)-th smallest. Raises ValueError for an empty sample."""
    if not intervals or not 0 < percent <= 100:
        raise ValueError(
            f"{percent} % of {len(intervals)} latencies: expected at least one, 0 < percent <= 100"
        )
    rank = max(1, -(-len(intervals) * percent // 100)) - 1
    return Interval(
        low_ns=sorted(one.low_ns for one in intervals)[rank],
        high_ns=sorted(one.high_ns for one in intervals)[rank],
    )


def ecdf_band(intervals: Sequence[Interval]) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
    """(left edge, right edge) of the band that holds the empirical distribution: (t_ns, share) steps.

    The left edge rises at the lower ends (as if every latency were its earliest), the right at the upper.
    """
    n = len(intervals)
    edges = (
        sorted(one.low_ns for one in intervals),
        sorted(one.high_ns for one in intervals),
    )
    left, right = ([(t, (i + 1) / n) for i, t in enumerate(edge)] for edge in edges)
    return left, right
