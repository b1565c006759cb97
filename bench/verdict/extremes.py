"""Extreme values as a plausibility figure: never a verdict, and only where its preconditions hold.

Peaks over threshold (Pickands–Balkema–de Haan): exceedances of a high threshold u follow a generalised
Pareto distribution. Fitted with probability-weighted moments (Hosking & Wallis, Technometrics 29, 1987).
With a_s the mean of x (1 - F)^s: shape k = a0 / (a0 - 2 a1) - 2, scale = 2 a0 a1 / (a0 - 2 a1).
k > 0 has the finite end point u + scale / k that a polled system must have (k is minus the usual xi).

There is no GEV fit: it needs as many block maxima as this fit needs exceedances. With 30 shots a block that is 900
shots for the same tail. Both fits have the same shape. Peaks over threshold need 61 shots.

The quality of the fit is told by Anderson and Darling's statistic. Its p-value and the interval of the level come
from
a parametric bootstrap, since the parameters were fitted to the same data (Davison & Hinkley 1997, 4.2).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from bench.measure.interval import Interval
from bench.verdict.steady import ERROR, FEWEST_FOR_TREND, runs_p, trend_z

_FEWEST_EXCEEDANCES = 30
_LIMIT_Z = 2.576  # two-sided: ERROR
_LIMIT_P = 0.01
_RESAMPLES = 499


@dataclass(frozen=True, slots=True, kw_only=True)
class Precondition:
    """One test, with its statistic in standard deviations where it has one."""

    name: str
    holds: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plausibility:
    """The level exceeded once in `once_in` shots, by the fit, with its 95 % interval; None where a test failed."""

    level_ns: float | None
    level_95_ns: tuple[float, float] | None
    end_ns: float | None
    once_in: int
    preconditions: tuple[Precondition, ...]

    @property
    def usable(self) -> bool:
        return all(one.holds for one in self.preconditions)


def plausibility(
    latencies: Sequence[Interval], once_in: int = 10_000, *, shuffled: bool = True
) -> Plausibility:
    """The plausible extreme of the intervals' upper ends (ns), given in the order in which they were fired; that
    order is tested.

    shuffled: the shots were fired in random order over the phases. Without it drift and phase cannot be told apart,
    and there is no figure.
    """
    series = [float(one.high_ns) for one in latencies]
    ordered = sorted(series)
    threshold = ordered[len(ordered) // 2] if ordered else 0.0
    over = [value - threshold for value in series if value > threshold]
    found = [
        _independent(series) if shuffled else _in_phase_order("independence"),
        _stationary(series) if shuffled else _in_phase_order("stationarity"),
        Precondition(
            name="exceedances",
            holds=len(over) >= _FEWEST_EXCEEDANCES,
            detail=f"{len(over)} above the median, {_FEWEST_EXCEEDANCES} are needed",
        ),
    ]
    level = end = interval = None
    if all(one.holds for one in found):
        shape, scale = _pareto(over)
        expected = once_in * len(over) / len(series)
        fit, low, high = _goodness(over, shape, scale, expected)
        found.append(fit)
        if fit.holds:
            level = threshold + scale * _growth(shape, expected)
            interval = (threshold + low, threshold + high)
            end = threshold + scale / shape if shape > 1e-6 else None
    return Plausibility(
        level_ns=level, level_95_ns=interval, end_ns=end, once_in=once_in, preconditions=tuple(found)
    )


def _growth(shape: float, expected: float) -> float:
    """How many scales above the threshold is the value that `expected` exceedances pass once."""
    return math.log(expected) if abs(shape) < 1e-6 else (1 - expected**-shape) / shape


def _goodness(
    over: Sequence[float], shape: float, scale: float, expected: float
) -> tuple[Precondition, float, float]:
    """Anderson-Darling against the fit, and the 95 % interval of the level above the threshold."""
    import numpy as np

    rng = np.random.default_rng(len(over))  # the same data give the same words
    uniform = rng.random((_RESAMPLES, len(over)))
    drawn = -np.log(uniform) if abs(shape) < 1e-6 else (1 - uniform**shape) / shape
    samples = np.sort(scale * drawn, axis=1)
    own = [_pareto(sample) for sample in samples.tolist()]
    found = _anderson_darling(np.sort(over), shape, scale)
    again = sum(_anderson_darling(one, *fitted) >= found for one, fitted in zip(samples, own))
    p = (1 + again) / (_RESAMPLES + 1)
    levels = [fitted[1] * _growth(fitted[0], expected) for fitted in own]
    low, high = np.quantile(levels, [0.025, 0.975])
    told = f"Anderson-Darling A² = {found:.2f}, p = {p:.2f}"
    fit = Precondition(name="goodness of fit", holds=p >= _LIMIT_P, detail=told)
    return fit, float(low), float(high)


def _anderson_darling(ordered: Any, shape: float, scale: float) -> float:
    """A² of an ascending sample (a numpy array) against the generalised Pareto distribution."""
    import numpy as np

    inner = np.clip(1 - shape * ordered / scale, 0.0, None)
    left = np.exp(-ordered / scale) if abs(shape) < 1e-6 else inner ** (1 / shape)
    below = np.clip(1 - left, 1e-12, 1 - 1e-12)
    n = len(ordered)
    weights = 2 * np.arange(n) + 1
    return float(-n - (weights * (np.log(below) + np.log1p(-below[::-1]))).sum() / n)


def plausibility_words(found: Plausibility) -> str:
    """Both the figure and what it rests on; says so where it must not be used."""
    tests = "; ".join(f"{p.name} {'holds' if p.holds else 'FAILS'} ({p.detail})" for p in found.preconditions)
    if found.level_ns is None:
        return f"extreme-value fit not usable: {tests}"
    end = "" if found.end_ns is None else f", end point {found.end_ns / 1e6:.1f} ms"
    if found.level_95_ns is not None:
        low, high = (value / 1e6 for value in found.level_95_ns)
        end = f" (95 % bootstrap interval {low:.1f} … {high:.1f} ms){end}"
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


def _in_phase_order(name: str) -> Precondition:
    return Precondition(
        name=name, holds=False, detail="fired in the order of the phase: not to be told from its effect"
    )


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
    steady = runs_p(runs, above, below) > ERROR
    return Precondition(name="independence", holds=steady, detail=f"{runs} runs, z = {z:+.1f}")


def _stationary(series: Sequence[float]) -> Precondition:
    """Mann–Kendall trend test over the order of the shots."""
    if len(series) < FEWEST_FOR_TREND:
        told = f"{len(series)} latencies, {FEWEST_FOR_TREND} are needed"
        return Precondition(name="stationarity", holds=False, detail=told)
    z = trend_z(series)
    return Precondition(name="stationarity", holds=abs(z) < _LIMIT_Z, detail=f"trend z = {z:+.1f}")
