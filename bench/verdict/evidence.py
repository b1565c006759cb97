"""What all attempts of one scenario at one operating point support, and what the claim asked for would need.

Proportions: Clopper–Pearson (`proportion`). Latencies: Wilks' distribution-free tolerance bounds
(Ann. Math. Stat. 12, 1941), of first and higher order; the order-r bound is the r-th largest result, so it
survives r - 1 outliers at the price of more shots.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bench.measure.interval import Interval
from bench.verdict.proportion import shots_for, upper_bound
from bench.verdict.result import ShotResult, Verdict
from bench.verdict.statistics import wilks_confidence, wilks_n

_ORDERS = (1, 2, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """'`coverage` of all latencies lie below the bound', with `confidence`. Agreed before measuring."""

    coverage: float = 0.95
    confidence: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class ToleranceBound:
    """The order-th largest latency, an interval like every latency, and what it bounds.

    confidence: that it bounds the claim's coverage. coverage: what it bounds at the claim's confidence.
    shots_needed: for the claim at this order.
    """

    order: int
    bound: Interval
    confidence: float
    coverage: float
    shots_needed: int

    def supports(self, claim: Claim) -> bool:
        return self.confidence >= claim.confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Every attempt counted. `failures`: FAIL and GAP, of `judged` = those + PASS; the rest is `undecided`.

    failure_bound: the failure share is below this with the claim's confidence, taking each undecided
    attempt for a failure: what could not be decided is no success.
    """

    claim: Claim
    attempts: int
    judged: int
    failures: int
    undecided: int
    failure_bound: float

    @property
    def clean(self) -> bool:
        return self.attempts > 0 and self.failures == 0 and self.undecided == 0

    @property
    def supported(self) -> bool:
        """Whether the share of handled attempts reaches the claim's coverage with its confidence."""
        return self.attempts > 0 and 1.0 - self.failure_bound >= self.claim.coverage


def evidence(shots: Sequence[ShotResult], claim: Claim) -> Evidence:
    """Count attempts. No attempt is dropped: BLOCKED, ERROR and INCONCLUSIVE ones are undecided."""
    verdicts = [shot.judgement.verdict for shot in shots]
    failures = verdicts.count(Verdict.FAIL) + verdicts.count(Verdict.GAP)
    passes = verdicts.count(Verdict.PASS)
    return Evidence(
        claim=claim,
        attempts=len(verdicts),
        judged=passes + failures,
        failures=failures,
        undecided=len(verdicts) - passes - failures,
        failure_bound=upper_bound(len(verdicts) - passes, len(verdicts), claim.confidence),
    )


def tolerance_bounds(intervals: Sequence[Interval], claim: Claim) -> tuple[ToleranceBound, ...]:
    """Bounds of orders 1 to 3 that this many latencies give, widest confidence first.

    The r-th largest latency lies between the r-th largest lower end and the r-th largest upper end. What
    is held against a budget is the upper end.
    """
    lows = sorted((one.low_ns for one in intervals), reverse=True)
    highs = sorted((one.high_ns for one in intervals), reverse=True)
    n = len(intervals)
    return tuple(
        ToleranceBound(
            order=order,
            bound=Interval(low_ns=lows[order - 1], high_ns=highs[order - 1]),
            confidence=wilks_confidence(n, claim.coverage, order),
            coverage=coverage_of(n, claim.confidence, order),
            shots_needed=wilks_n(claim.coverage, claim.confidence, order),
        )
        for order in _ORDERS
        if order <= n
    )


def coverage_of(n: int, confidence: float, order: int = 1) -> float:
    """The largest share that the order-th largest of n results bounds with `confidence`.

    `order - 1` exceedances of n are `order - 1` failures: the same binomial as Clopper–Pearson's.
    """
    return 1.0 - upper_bound(order - 1, n, confidence) if n >= order else 0.0


def claim_words(found: Evidence) -> str:
    """One sentence: what the attempts support, or what is missing. Nothing is rounded to its advantage."""
    if found.attempts == 0:
        return "nothing was tried"
    asked, sure = _percent(found.claim.coverage), _percent(found.claim.confidence)
    missed = found.failures + found.undecided
    bound = f"{math.ceil(found.failure_bound * 10_000) / 100:g} %"
    said = f"{missed} of {found.attempts} not handled: failure share below {bound} with {sure} confidence"
    if found.supported:
        return f"{said}; the claim of {asked} handled is supported"
    needed = shots_for(found.claim.coverage, found.claim.confidence, missed)
    return (
        f"{said}; {asked} handled would need {needed} attempts with no {'further ' if missed else ''}failure"
    )


def _percent(share: float) -> str:
    return f"{share * 100:.4g} %"
