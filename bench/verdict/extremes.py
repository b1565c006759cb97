"""Extreme values as a plausibility figure: never a verdict, and only where its preconditions hold.

Peaks over threshold (Pickands–Balkema–de Haan): exceedances of a high threshold u follow a generalised
Pareto distribution. Fitted with probability-weighted moments (Hosking & Wallis, Technometrics 29, 1987).
With a_s the mean of x (1 - F)^s:  shape k = a0 / (a0 - 2 a1) - 2,  scale = 2 a0 a1 / (a0 - 2 a1); k > 0 has
the finite end point u + scale / k that a polled system must have (k is minus the usual xi).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bench.measure.interval import Interval

_FEWEST_EXCEEDANCES = 30
_LIMIT_Z = 2.576  # each test at 1 %, two-sided


@dataclass(frozen=True, slots=True, kw_only=True)
class Precondition:
    """One test, with its statistic in standard deviations where it has one."""

    name: str
    holds: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plausibility:
    """The level exceeded once in `once_in` shots, by the fit; None where a precondition failed."""

    level_ns: float | None
    end_ns: float | None
    once_in: int
    preconditions: tuple[Precondition, ...]

    @property
    def usable(self) -> bool:
        return all(one.holds for one in self.preconditions)


def plausibility(latencies: Sequence[Interval], once_in: int = 10_000) -> Plausibility:
    """Of the intervals' upper ends, in the order in which they were shot (the order is what is tested)."""
    series = [float(one.high_ns) for one in latencies]
    ordered = sorted(series)
    threshold = ordered[len(ordered) // 2] if ordered else 0.0
    over = [value - threshold for value in series if value > threshold]
    preconditions = (
        _independent(series),
        _stationary(series),
        Precondition(
            name="exceedances",
            holds=len(over) >= _FEWEST_EXCEEDANCES,
            detail=f"{len(over)} above the median, {_FEWEST_EXCEEDANCES} are needed",
        ),
    )
    level = end = None
    if all(one.holds for one in preconditions):
        shape, scale = _pareto(over)
        expected = once_in * len(over) / len(series)
        growth = math.log(expected) if abs(shape) < 1e-6 else (1 - expected**-shape) / shape
        level = threshold + scale * growth
        end = threshold + scale / shape if shape > 1e-6 else None
    return Plausibility(level_ns=level, end_ns=end, once_in=once_in, preconditions=preconditions)


def plausibility_words(found: Plausibility) -> str:
    """Both the figure and what it rests on; says so where it must not be used."""
    tests = "; ".join(f"{p.name} {'holds' if p.holds else 'FAILS'} ({p.detail})" for p in found.preconditions)
    if found.level_ns is None:
        return f"extreme-value fit not usable: {tests}"
    end = "" if found.end_ns is None else f", end point {found.end_ns / 1e6:.1f} ms"
    return (
        f"extreme-value plausibility, no verdict: once in {found.once_in} shots above "
        f"{found.level_ns / 1e6:.1f} ms{end}; {tests}"
    )


def _pareto(over: Sequence[float]) -> tuple[float, float]:
    ordered, n = sorted(over), len(over)
    mean = math.fsum(ordered) / n
    weighted = math.fsum((n - 1 - i) / (n - 1) * x for i, x in enumerate(ordered)) / n
    denominator = mean - 2 * weighted
    if denominator <= 0:
        return -0.5, mean / 2
    return mean / denominator - 2, 2 * mean * weighted / denominator


def _independent(series: Sequence[float]) -> Precondition:
    """Wald–Wolfowitz runs about the median: too few runs is drift, too many is alternation."""
    middle = sorted(series)[len(series) // 2] if series else 0.0
    signs = [value > middle for value in series if value != middle]
    above, below = sum(signs), len(signs) - sum(signs)
    if min(above, below) < 5:
        return Precondition(name="independence", holds=False, detail="too few different latencies to test")
    runs = 1 + sum(a != b for a, b in pairwise(signs))
    n, twice = above + below, 2 * above * below
    expected, variance = twice / n + 1, twice * (twice - n) / (n * n * (n - 1))
    z = (runs - expected) / math.sqrt(variance)
    return Precondition(name="independence", holds=abs(z) < _LIMIT_Z, detail=f"{runs} runs, z = {z:+.1f}")


def _stationary(series: Sequence[float]) -> Precondition:
    """Mann–Kendall trend test over the order of the shots."""
    n = len(series)
    if n < 10:
        return Precondition(name="stationarity", holds=False, detail=f"{n} latencies, 10 are needed")
    import numpy as np  # row by row: thousands of shots make millions of pairs

    values = np.array(series)
    s = sum(int(np.sign(values[i + 1 :] - values[i]).sum()) for i in range(n - 1))
    ties: dict[float, int] = {}
    for value in series:
        ties[value] = ties.get(value, 0) + 1
    variance = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties.values())) / 18
    z = (s - (s > 0) + (s < 0)) / math.sqrt(variance) if variance > 0 else 0.0
    return Precondition(name="stationarity", holds=abs(z) < _LIMIT_Z, detail=f"trend z = {z:+.1f}")
