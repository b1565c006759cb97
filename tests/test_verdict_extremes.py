"""The extreme-value figure and its preconditions, held against scipy and against counting by hand."""

import itertools
import math
import re
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from bench.measure.interval import Interval
from bench.verdict.extremes import Plausibility, plausibility, plausibility_words

MS = 1_000_000


def of(values: Sequence[float]) -> Plausibility:
    return plausibility([Interval(low_ns=0, high_ns=round(value)) for value in values])


def detail(found: Plausibility, name: str) -> tuple[bool, str]:
    (one,) = [one for one in found.preconditions if one.name == name]
    return one.holds, one.detail


def z_of(text: str) -> float:
    return float(re.search(r"z = ([+-]\d+\.\d)", text)[1])  # type: ignore[index]


@pytest.mark.parametrize("n", [11, 12, 15, 16])
def test_the_runs_are_counted_against_every_order_there_is(n: int) -> None:
    """Mean and variance of the number of runs, by enumeration of all orders of so many above and below the median."""
    above, below = n - n // 2 - 1, n // 2
    places = range(above + below)
    counts = [
        1 + sum((a in chosen) != (b in chosen) for a, b in itertools.pairwise(places))
        for chosen in map(set, itertools.combinations(places, above))
    ]
    mean, deviation = np.mean(counts), np.std(counts)
    rng = np.random.default_rng(n)
    orders = [rng.permutation(n) for _ in range(6)] + [np.arange(n)]
    for order in orders:
        signs = [value > n // 2 for value in order if value != n // 2]
        runs = 1 + sum(a != b for a, b in itertools.pairwise(signs))
        holds, text = detail(of(list(order + 1000.0)), "independence")
        assert text.startswith(f"{runs} runs, ")
        assert z_of(text) == pytest.approx((runs - mean) / deviation, abs=0.051)
        fewer, more = (sum(one <= runs for one in counts), sum(one >= runs for one in counts))
        assert holds == (2 * min(fewer, more) / len(counts) > 0.01)


def test_too_few_on_one_side_of_the_median_are_no_test() -> None:
    assert detail(of([1, 2, 3, 4, 5, 6, 7, 8, 9]), "independence") == (
        False,
        "too few different latencies to test",
    )
    holds, text = detail(of([1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 8]), "independence")  # five above, five below
    assert (
        text.startswith("10 runs") and holds
    )  # so many come in 2 of 252 orders, and as few in 2 more: 1.6 %
    holds, text = detail(of([1, 11, 2, 12, 3, 13, 4, 14, 5, 15, 6, 16, 9]), "independence")
    assert text.startswith("12 runs") and not holds  # 2 of 924, twice
    assert detail(of([]), "independence")[0] is False


def test_the_trend_is_mann_and_kendall_s_with_ties() -> None:
    """scipy's tau has the same S; its variance with ties is in Kendall 1970, and counted out here pair by pair."""
    rng = np.random.default_rng(3)
    for n, ties in ((10, 3), (25, 4), (40, 40), (60, 6)):
        for slope in (0.0, 0.2, -0.5):
            values = np.floor(rng.integers(0, ties, n) + slope * np.arange(n))
            s = sum(int(np.sign(b - a)) for i, a in enumerate(values) for b in values[i + 1 :])
            counts = np.unique(values, return_counts=True)[1]
            variance = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in counts)) / 18
            z = (s - np.sign(s)) / math.sqrt(variance)
            holds, text = detail(of(values + 1000), "stationarity")
            assert text == f"trend z = {z:+.1f}"
            assert holds == (abs(z) < 2.576)
            tau = stats.kendalltau(np.arange(n), values, variant="b").statistic
            pairs = n * (n - 1) / 2
            assert tau * math.sqrt(pairs * (pairs - sum(t * (t - 1) / 2 for t in counts))) == pytest.approx(s)


def test_the_trend_needs_ten_and_equal_latencies_have_none() -> None:
    assert detail(of([1, 3, 2] * 3), "stationarity") == (False, "9 latencies, 10 are needed")
    assert detail(of([7] * 10), "stationarity") == (True, "trend z = +0.0")


def _shuffled(values: np.ndarray, seed: int) -> list[float]:
    order = np.random.default_rng(seed).permutation(len(values))
    return list(values[order] * MS)


@pytest.mark.parametrize(("shape", "seed"), [(0.9, 2), (0.4, 3), (0.15, 5), (-0.2, 2)])
def test_the_level_and_the_end_are_those_of_the_distribution(shape: float, seed: int) -> None:
    """Quantiles of a known generalised Pareto tail, evenly spread: the fit has to find level and end point."""
    n = 600
    even = (np.arange(n) + 0.5) / n
    below, tail = 90 + 10 * even[: n // 2], stats.genpareto(c=-shape, scale=10).ppf(2 * even[: n // 2])
    found = of(_shuffled(np.concatenate([below, 100 + tail]), seed))
    assert found.usable and found.level_ns is not None and found.level_95_ns is not None
    truth = 100 + stats.genpareto(c=-shape, scale=10).isf(1 / 5_000)  # every second shot is in the tail
    assert found.level_ns / MS == pytest.approx(truth, rel=0.1 if shape > 0 else 0.35)
    low, high = found.level_95_ns
    assert low < found.level_ns < high
    if shape > 0.3:
        assert found.end_ns is not None
        assert found.end_ns / MS == pytest.approx(100 + 10 / shape, rel=0.05)
    if shape < 0:
        assert found.end_ns is None
    said = plausibility_words(found)
    assert f"once in 10000 shots above {found.level_ns / MS:.1f} ms" in said
    assert f"(95 % bootstrap interval {low / MS:.1f} … {high / MS:.1f} ms)" in said


def test_the_fit_s_statistic_is_anderson_and_darling_s() -> None:
    n = 400
    rng = np.random.default_rng(11)
    values = rng.uniform(90, 110, n) * MS
    found = of(list(values))
    _, text = detail(found, "goodness of fit")
    rounded = np.array([float(round(value)) for value in values])
    threshold = np.sort(rounded)[n // 2]
    over = np.sort(rounded[rounded > threshold] - threshold)
    m = len(over)
    a0 = over.mean()
    a1 = np.mean([(m - 1 - i) / (m - 1) * x for i, x in enumerate(over)])
    shape, scale = a0 / (a0 - 2 * a1) - 2, 2 * a0 * a1 / (a0 - 2 * a1)
    cdf = np.clip(stats.genpareto(c=-shape, scale=scale).cdf(over), 1e-12, 1 - 1e-12)
    i = np.arange(1, m + 1)
    a2 = -m - np.sum((2 * i - 1) * (np.log(cdf) + np.log(1 - cdf[::-1]))) / m
    assert text.startswith(f"Anderson-Darling A² = {a2:.2f}, p = ")
    expected = 10_000 * m / n
    level = threshold + scale * (1 - expected**-shape) / shape
    assert found.level_ns == pytest.approx(level, rel=1e-9)


def test_thirty_above_the_median_are_needed() -> None:
    rng = np.random.default_rng(8)
    for n in (60, 61, 62):
        over = n - n // 2 - 1
        found = of(list(rng.permutation(np.arange(1000, 1000 + n))))
        assert detail(found, "exceedances") == (over >= 30, f"{over} above the median, 30 are needed")
