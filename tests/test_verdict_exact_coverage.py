"""The intervals of a comparison hold what they say: counted over every case there is, by an enumeration of its own."""

from itertools import combinations
from math import comb

import numpy as np
import pytest

from bench.measure.interval import Interval
from bench.verdict.order_statistics import quantile_indices, shift_index
from bench.verdict.shift import measure_shift

SIZES = [(n, m) for n in range(3, 9) for m in range(n, 9)]


def places_of_zero(n: int, m: int) -> np.ndarray:
    """How often the truth (no shift) lies above exactly u of the n m differences, over all assignments of ranks."""
    counts = np.zeros(n * m + 1, dtype=int)
    for mine in combinations(range(n + m), n):
        below = np.arange(n + m)[list(mine)] - np.arange(n)  # of the other side, below each of mine
        counts[int(below.sum())] += 1
    return counts


@pytest.mark.parametrize(("n", "m"), SIZES)
def test_the_interval_of_a_shift_covers_as_often_as_said_over_all_assignments_of_ranks(
    n: int, m: int
) -> None:
    counts = places_of_zero(n, m)
    total = comb(n + m, n)
    assert counts.sum() == total

    def coverage(k: int) -> float:  # between the k-th smallest and the k-th largest difference, from 0
        return float(counts[k + 1 : n * m - k].sum()) / total

    k = shift_index(n, m, 0.95)
    if k is None:
        assert coverage(0) < 0.95, "an interval exists, and none is given"
    else:
        assert coverage(k) >= 0.95 > coverage(k + 1), "too narrow, or wider than need be"
    if n == m == 3:
        assert k is None


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 30), (2, 2), (2, 7), (3, 3), (3, 4)])
def test_where_no_interval_exists_none_is_given(n: int, m: int) -> None:
    base = [Interval(low_ns=k, high_ns=k) for k in range(n)]
    found = measure_shift(base, [Interval(low_ns=k + 100, high_ns=k + 100) for k in range(m)])
    assert found.low_ns is None and found.high_ns is None


def test_given_differences_are_those_of_the_enumeration() -> None:
    """Against every difference, sorted by hand: 5 against 6 takes the 4th smallest and the 4th largest."""
    base, new = [1, 5, 9, 20, 31], [4, 8, 15, 26, 40, 41]
    found = measure_shift(*([Interval(low_ns=t, high_ns=t) for t in side] for side in (base, new)))
    differences = sorted(b - a for a in base for b in new)
    k = shift_index(5, 6, 0.95)
    assert k == 3  # U = 3 is the tabled critical value of 5 and 6
    assert (found.low_ns, found.high_ns) == (differences[3], differences[-4])


@pytest.mark.parametrize("share", [0.9, 0.95, 0.99])
def test_the_bounds_of_a_quantile_cover_as_often_as_said_for_every_number_of_shots(share: float) -> None:
    """The binomial counted term by term, in whole numbers: share = p / 100."""
    p = round(share * 100)
    for n in [*range(1, 61), 86, 99, 299, 436]:
        ways = [comb(n, k) * p**k * (100 - p) ** (n - k) for k in range(n + 1)]
        whole = 100**n

        def at_most(k: int, ways: list[int] = ways, whole: int = whole) -> float:
            return sum(ways[: k + 1]) / whole

        low, high = quantile_indices(n, share, 0.95)
        # X(low) <= q where more than `low` lie below it; X(high) >= q where at most `high` do
        if low is None:
            assert at_most(0) > 0.025
        else:
            assert at_most(low) <= 0.025 and (low == n - 1 or at_most(low + 1) > 0.025)
        if high is None:
            assert at_most(n - 1) < 0.975
        else:
            assert at_most(high) >= 0.975 - 1e-12 and (high == 0 or at_most(high - 1) < 0.975)
