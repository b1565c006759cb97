"""Which order statistics bound a shift or a quantile, whatever the distribution; None where none do.

Shift: the pairwise differences, by the null distribution of Mann and Whitney's U (Hollander and Wolfe, Nonparametric
Statistical Methods, 4.3). Quantile: the sample's own values, by the binomial distribution (David and Nagaraja, Order
Statistics, 7.1).
"""

import math
from functools import lru_cache
from statistics import NormalDist

_EXACT_BELOW = 100_000  # pairs; beyond, the normal approximation with its continuity correction


@lru_cache(maxsize=256)
def shift_index(n: int, m: int, confidence: float) -> int | None:
    """k: the k-th smallest and k-th largest difference (from 0) hold the shift with this confidence at least.

    k is the largest u with P(U <= u) <= (1 - confidence) / 2. None: even the outermost differences do not suffice.
    """
    tail = (1 - confidence) / 2
    if n * m > _EXACT_BELOW or min(n, m) > 450:  # the number of arrangements has to fit a float
        z = NormalDist().inv_cdf(1 - tail)
        return math.floor(n * m / 2 - z * math.sqrt(n * m * (n + m + 1) / 12) - 0.5)
    reached = 0.0
    for u, p in enumerate(_u_distribution(n, m)):
        reached += p
        if reached > tail:
            return u - 1 if u else None
    return None


def _u_distribution(n: int, m: int) -> list[float]:
    """P(U = u) for u = 0 … n m / 2: the Gaussian binomial coefficients over their sum."""
    import numpy as np

    small, large = min(n, m), max(n, m)
    half = n * m // 2 + 1
    counts = np.zeros(half)
    counts[0] = 1.0
    for i in range(1, small + 1):
        shifted = large + i
        if shifted < half:
            counts[shifted:] -= counts[:-shifted].copy()
        for start in range(min(i, half)):
            counts[start::i] = np.cumsum(counts[start::i])
    return [float(one) for one in counts / math.comb(n + m, n)]


@lru_cache(maxsize=256)
def quantile_indices(n: int, share: float, confidence: float) -> tuple[int | None, int | None]:
    """(i, j): the i-th and j-th smallest of n (from 0) bound the quantile from below and above, each on its own.

    Each bound holds with 1 - (1 - confidence) / 2 at least, both together with `confidence`.
    """
    tail = (1 - confidence) / 2
    below = 0.0  # P(so many of n or fewer lie below the quantile)
    low: int | None = None
    high: int | None = None
    for i in range(n + 1):
        if i < n and 1 - below <= tail and high is None:
            high = i - 1
        below += math.exp(
            math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1)
            + i * math.log(share) + (n - i) * math.log1p(-share)
        )  # fmt: skip
        if below <= tail and i < n:
            low = i
    if high is None and share**n <= tail:
        high = n - 1
    return low, high
