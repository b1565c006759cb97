"""Good or bad build, with the fewest shots: Wald's sequential probability ratio test (Ann. Math. Stat. 16, 1945).

Each shot shows a sign of the bad build or does not. The signs' rates are learnt from the two builds whose
state is known; then every further shot adds its log-likelihood ratio until one side is sure enough.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sprt:
    """rate_good, rate_bad: chance that a shot shows the sign. error: of a wrong answer, either way."""

    rate_good: float
    rate_bad: float
    error: float

    def step(self, sign: bool) -> float:
        """What one shot adds: > 0 speaks for the bad build."""
        if sign:
            return math.log(self.rate_bad / self.rate_good)
        return math.log((1 - self.rate_bad) / (1 - self.rate_good))

    @property
    def bound(self) -> float:
        """Sure at +bound (bad) or -bound (good)."""
        return math.log((1 - self.error) / self.error)

    def answer(self, evidence: float) -> bool | None:
        """True: bad, False: good, None: not yet."""
        if evidence >= self.bound:
            return True
        return False if evidence <= -self.bound else None


def rate(signs: int, n: int) -> float:
    """Never 0 or 1: n shots cannot rule out what they did not show (half a success, half a failure added)."""
    return (signs + 0.5) / (n + 1)
