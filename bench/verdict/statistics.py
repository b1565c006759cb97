"""What n shots add up to: distribution-free bounds (Wilks 1941; docs/evidence.md) and one verdict for all."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bench.measure.finding.scenario import NoShot, PartlyDecided, Unjudged
from bench.measure.interval import Latency
from bench.verdict.censored import quantile
from bench.verdict.result import (
    Held,
    Judgement,
    LatencyStatistics,
    Reason,
    ShotResult,
    Verdict,
    together,
)


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
    """One verdict over every attempt. BLOCKED only where all are.

    A FAIL that stands is FAIL, whatever the other shots are: an ERROR elsewhere is no alibi. Without one worst wins,
    and a shot that was blocked or never judged proves nothing, so the rest cannot PASS without it: INCONCLUSIVE.
    """
    made = list(shots)
    verdicts = [shot.judgement.verdict for shot in made]
    n = len(verdicts)
    if n == 0:
        return Judgement.of(Verdict.NONE, NoShot())
    if all(one is Verdict.BLOCKED for one in verdicts):
        return Judgement(verdict=Verdict.BLOCKED, reasons=tuple(_counted(made)))
    worst = together(one for one in verdicts if one is not Verdict.BLOCKED)
    unjudged = sum(one in (Verdict.BLOCKED, Verdict.NONE) for one in verdicts)
    if unjudged and worst not in (Verdict.NONE, Verdict.FAIL):
        worst = max(worst, Verdict.INCONCLUSIVE)
    # What makes the verdict is told first.
    reasons = _counted(sorted(made, key=lambda shot: shot.judgement.verdict is not worst))
    if unjudged and worst is not Verdict.NONE:
        reasons.append(Reason(finding=Unjudged(count=unjudged, shots=n)))
    decided = sum(one.decided for one in verdicts)
    if worst is Verdict.FAIL and decided < n:
        errors = verdicts.count(Verdict.ERROR)
        reasons.append(
            Reason(finding=PartlyDecided(decided=decided, errors=errors, shots=n), held=Held.NOTED)
        )
    return Judgement(verdict=worst, reasons=tuple(reasons))


def _counted(shots: Iterable[ShotResult]) -> list[Reason]:
    """Reasons that differ in their figures only are one reason; the worst stands for all, the first of equal ones."""
    counts: dict[tuple[object, ...], tuple[int, Reason]] = {}
    n = 0
    for shot in shots:
        n += 1
        own: dict[tuple[object, ...], Reason] = {}
        for reason in shot.judgement.reasons:
            own.setdefault(reason.alike(), reason)
        for alike, reason in own.items():
            count, worst = counts.get(alike, (0, reason))
            worse = reason.finding.severity() > worst.finding.severity()
            counts[alike] = (count + 1, reason if worse else worst)
    return [reason if n == 1 else replace(reason, count=count, shots=n) for count, reason in counts.values()]
