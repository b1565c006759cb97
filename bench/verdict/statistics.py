"""What n shots add up to: distribution-free bounds (Wilks 1941; standards.md 6.2) and one verdict for all."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bench.measure.finding.scenario import NoShot, Unjudged
from bench.measure.interval import Latency
from bench.verdict.censored import quantile
from bench.verdict.result import Judgement, LatencyStatistics, Reason, ShotResult, Verdict


def latency_statistics(
    latencies: Sequence[Latency], spread_p: float | None = None
) -> LatencyStatistics | None:
    """Nearest-rank quantiles of the intervals' ends in ns; None where nothing was measured. spread_p: see there."""
    if not latencies:
        return None
    intervals = [one.interval for one in latencies]
    p50, p95, p99, largest = (quantile(intervals, percent) for percent in (50, 95, 99, 100))
    return LatencyStatistics(
        n=len(latencies),
        min_low_ns=min(one.low_ns for one in intervals),
        p50_low_ns=p50.low_ns,
        p50_high_ns=p50.high_ns,
        p95_low_ns=p95.low_ns,
        p95_high_ns=p95.high_ns,
        p99_low_ns=p99.low_ns,
        p99_high_ns=p99.high_ns,
        max_low_ns=largest.low_ns,
        max_high_ns=largest.high_ns,
        confidence_95=wilks_confidence(len(latencies), 0.95),
        spread_p=spread_p,
    )


def wilks_confidence(n: int, coverage: float, order: int = 1) -> float:
    """Confidence that the order-th largest of n results bounds the share `coverage` of all."""
    if not 0 < coverage < 1 or order < 1:
        raise ValueError(f"coverage {coverage}, order {order}: expected coverage in (0, 1) and order >= 1")
    if n < order:
        return 0.0
    log_p, log_q = math.log(coverage), math.log1p(-coverage)
    # In logarithms, since coverage**n underflows and comb(n, i) overflows a float for large n.
    above = (
        math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) + i * log_q + (n - i) * log_p
        for i in range(order)
    )
    return max(0.0, 1.0 - math.fsum(map(math.exp, above)))


def wilks_n(coverage: float, confidence: float, order: int = 1) -> int:
    """Fewest shots whose order-th largest result bounds `coverage` of all with `confidence`."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence}: expected a number in (0, 1)")
    low, high = order - 1, order
    while wilks_confidence(high, coverage, order) < confidence:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if wilks_confidence(middle, coverage, order) < confidence:
            low = middle
        else:
            high = middle
    return high


def conclude(shots: Iterable[ShotResult]) -> Judgement:
    """One verdict over every attempt: worst wins. BLOCKED only where all are.

    A shot that was blocked or never judged proves nothing, so the rest cannot PASS without it: INCONCLUSIVE.
    """
    verdicts: list[Verdict] = []
    counts: dict[tuple[object, ...], tuple[int, Reason]] = {}
    for shot in shots:
        verdicts.append(shot.judgement.verdict)
        # Reasons that differ in their figures only are one reason; the first stands for all.
        own: dict[tuple[object, ...], Reason] = {}
        for reason in shot.judgement.reasons:
            own.setdefault(reason.alike(), reason)
        for alike, reason in own.items():
            count, first = counts.get(alike, (0, reason))
            counts[alike] = (count + 1, first)
    n = len(verdicts)
    if n == 0:
        return Judgement.of(Verdict.NONE, NoShot())
    reasons = [
        reason if n == 1 else replace(reason, count=count, shots=n) for count, reason in counts.values()
    ]
    if all(one is Verdict.BLOCKED for one in verdicts):
        return Judgement(verdict=Verdict.BLOCKED, reasons=tuple(reasons))
    worst = max(one for one in verdicts if one is not Verdict.BLOCKED)
    unjudged = sum(one in (Verdict.BLOCKED, Verdict.NONE) for one in verdicts)
    if unjudged and worst is not Verdict.NONE:
        worst = max(worst, Verdict.INCONCLUSIVE)
        reasons.append(Reason(finding=Unjudged(count=unjudged, shots=n)))
    return Judgement(verdict=worst, reasons=tuple(reasons))
