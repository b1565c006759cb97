"""What several labs measured, as one figure: labs differ, and the spread between them is part of its uncertainty.

Means: the random effects of DerSimonian and Laird (Controlled Clinical Trials 7, 1986). Shares: the beta-binomial, by
its exact likelihood (Skellam, J. R. Stat. Soc. B 10, 1948).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Counts = Sequence[tuple[int, int]]
"""Handled and tried, a pair a lab."""

_Z_95 = 1.959963984540054  # the two-sided 95 % quantile of the normal distribution
_CHI2_95 = 3.841458820694124  # its square: the 95 % quantile of chi-squared with one degree of freedom


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledMean:
    """A mean over labs with its 95 % interval, low to high, in the unit of the values.

    between: standard deviation between labs. inconsistency: share of the spread that chance does not explain, 0 to 1
    (I² of Higgins). differ_p: how often labs that measure the same would differ as much; 1.0 for one lab.
    """

    mean: float
    low: float
    high: float
    between: float
    inconsistency: float
    differ_p: float
    labs: int


def pooled_mean(means: Sequence[float], variances: Sequence[float]) -> PooledMean:
    """means: one a lab. variances: of these means, each above zero. Raises ValueError where there is none."""
    if not means or len(means) != len(variances) or not all(one > 0 for one in variances):
        raise ValueError(
            f"{len(means)} means, variances {list(variances)[:3]}: expected one above zero for each"
        )
    weights = [1.0 / one for one in variances]
    total = math.fsum(weights)
    fixed = math.fsum(w * x for w, x in zip(weights, means, strict=True)) / total
    q = math.fsum(w * (x - fixed) ** 2 for w, x in zip(weights, means, strict=True))
    freedom = len(means) - 1
    scale = total - math.fsum(w * w for w in weights) / total
    tau2 = max(0.0, (q - freedom) / scale) if freedom and scale > 0 else 0.0
    own = [1.0 / (one + tau2) for one in variances]
    mean = math.fsum(w * x for w, x in zip(own, means, strict=True)) / math.fsum(own)
    half = _Z_95 / math.sqrt(math.fsum(own))
    return PooledMean(
        mean=mean,
        low=mean - half,
        high=mean + half,
        between=math.sqrt(tau2),
        inconsistency=max(0.0, (q - freedom) / q) if freedom and q > 0 else 0.0,
        differ_p=_above(q, freedom) if freedom else 1.0,
        labs=len(means),
    )


def _above(q: float, freedom: int) -> float:
    from scipy.special import chdtrc  # 0.1 s, which no command without it need pay

    return float(chdtrc(freedom, q))


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledShare:
    """The share of faults handled over labs. share: its most likely mean over labs; low, high: 95 %, by likelihood.

    correlation: between two shots of one lab, 0 (labs agree) to 1; its most likely value. differ_p: how often labs with
    one and the same share would differ as much; 1.0 for one lab.
    """

    share: float
    low: float
    high: float
    correlation: float
    differ_p: float
    labs: int


def pooled_share(handled: Sequence[int], tried: Sequence[int]) -> PooledShare:
    """One count a lab. Raises ValueError where nothing was tried, or more was handled than tried."""
    if (
        not tried
        or len(handled) != len(tried)
        or not all(0 <= k <= n and n for k, n in zip(handled, tried, strict=True))
    ):
        raise ValueError(
            f"{list(handled)[:3]} of {list(tried)[:3]}: expected a count a lab, 0 to all that were tried"
        )
    counts = list(zip(handled, tried, strict=True))
    share, correlation, best = _most_likely(counts)
    common = sum(handled) / sum(tried)
    same = _of_one_share(counts, common)
    ratio = max(0.0, 2 * (best - same))
    return PooledShare(
        share=share,
        low=_end(counts, share, best, below=True),
        high=_end(counts, share, best, below=False),
        correlation=correlation,
        differ_p=1.0 if len(counts) == 1 else min(1.0, 0.5 * _above(ratio, 1) if ratio > 0 else 1.0),
        labs=len(counts),
    )


_CORRELATIONS = np.array([*(10.0 ** (k / 8) for k in range(-40, 0)), 0.9, 0.99])


def _of_one_share(counts: Counts, share: float) -> float:
    """The log-likelihood where all labs have this share, without the binomial coefficients."""
    handled, tried = sum(k for k, _ in counts), sum(n for _, n in counts)
    return _of_power(share, handled) + _of_power(1 - share, tried - handled)


def _of_power(share: float, count: int) -> float:
    return 0.0 if count == 0 else count * math.log(share) if share > 0 else -math.inf


def _profile(counts: Counts, share: float) -> tuple[float, float]:
    """(the largest log-likelihood of this share, the correlation that gives it). One lab alone shows none."""
    same = _of_one_share(counts, share)
    if len(counts) == 1 or share in (0.0, 1.0):
        return same, 0.0
    from scipy.special import gammaln  # 0.1 s, which no command without it need pay

    size = (1 / _CORRELATIONS - 1)[:, None]
    a, b = share * size, (1 - share) * size
    handled, tried = np.array(counts, dtype=float).T
    whole = gammaln(a + b) - gammaln(a) - gammaln(b)
    found = whole + gammaln(handled + a) + gammaln(tried - handled + b) - gammaln(tried + a + b)
    sums = found.sum(axis=1)
    best = int(sums.argmax())
    return (float(sums[best]), float(_CORRELATIONS[best])) if sums[best] > same else (same, 0.0)


def _most_likely(counts: Counts) -> tuple[float, float, float]:
    """(share, correlation, log-likelihood): golden section, as the profile of the share has one top."""
    low, high = 0.0, 1.0
    mean = sum(k for k, _ in counts) / sum(n for _, n in counts)
    if mean in (low, high):
        return mean, 0.0, 0.0
    step = (math.sqrt(5) - 1) / 2
    for _ in range(60):
        inner, outer = high - step * (high - low), low + step * (high - low)
        if _profile(counts, inner) < _profile(counts, outer):
            low = inner
        else:
            high = outer
    (value, correlation), share = max((_profile(counts, one), one) for one in ((low + high) / 2, mean))
    return share, correlation, value


def _end(counts: Counts, share: float, best: float, *, below: bool) -> float:
    """Where twice the log-likelihood has fallen by the 95 % quantile of chi-squared."""
    inside, outside = share, 0.0 if below else 1.0
    if 2 * (best - _profile(counts, outside)[0]) <= _CHI2_95:
        return outside
    for _ in range(50):
        middle = (inside + outside) / 2
        if 2 * (best - _profile(counts, middle)[0]) <= _CHI2_95:
            inside = middle
        else:
            outside = middle
    return inside
