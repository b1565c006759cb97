"""What k failures of n say about the true share: exact bounds after Clopper and Pearson (Biometrika 26, 1934).

The bounds hold for independent shots under one condition. They are conservative: the true confidence is
never below the stated one.
"""

import math


def upper_bound(failures: int, n: int, confidence: float = 0.95) -> float:
    """Largest failure share that k failures of n do not rule out (one-sided).

    Solves P(X <= k | p) = 1 - confidence: BetaInv(confidence; k + 1, n - k). 1.0 where nothing was tried.
    """
    _check(failures, n, confidence)
    if failures >= n:
        return 1.0
    if failures == 0:
        return -math.expm1(math.log(1.0 - confidence) / n)  # of (1 - p)^n = 1 - confidence
    from scipy.special import betaincinv  # 0.1 s, which no command without statistics need pay

    return float(betaincinv(failures + 1, n - failures, confidence))


def lower_bound(successes: int, n: int, confidence: float = 0.95) -> float:
    """Smallest share of successes that the count does not rule out (one-sided)."""
    return 1.0 - upper_bound(n - successes, n, confidence)


def shots_for(share: float, confidence: float = 0.95, failures: int = 0) -> int:
    """Fewest shots whose lower bound of the handled share reaches `share` (0 to 1) with `failures` failures among
    them.

    Without failures: n >= ln(1 - confidence) / ln(share), which is 59 for 95 % and 299 for 99 %.
    """
    if not 0 < share < 1:
        raise ValueError(f"share {share}: expected a number in (0, 1)")
    _check(0, 1, confidence)
    low, high = failures, failures + 1
    while 1.0 - upper_bound(failures, high, confidence) < share:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if 1.0 - upper_bound(failures, middle, confidence) < share:
            low = middle
        else:
            high = middle
    return high


def _check(failures: int, n: int, confidence: float) -> None:
    if n < 0 or not 0 <= failures <= n or not 0 < confidence < 1:
        raise ValueError(
            f"{failures} of {n} at confidence {confidence}: expected 0 <= failures <= n, confidence in (0, 1)"
        )
