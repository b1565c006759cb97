"""Ratings earned by data: FMEA-MSR monitoring from measured shots, action priority, RPN, share of faults handled.

The rule from counts to a rating is this project's (rating_tables/measured_to_m.csv): M from the exact one-sided
95 % lower bound of the share of faults handled inside the FHTI. M = 1 never comes from statistics: it needs an
argument on the architecture. Several operating points or scenarios give several ratings; the worst one counts.
"""

import math
import operator
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bench.measure.interval import Interval
from bench.timing.clock import Timebase
from bench.timing.evidence_class import EvidenceClass
from bench.verdict.fmea_chemistry import INPUTS, OnChemistry
from bench.verdict.proportion import shots_for
from bench.verdict.result import ScenarioResult, Verdict
from bench.verdict.sampling import bunched, share_handled
from bench.verdict.tables import action_priority, msr_action_priority, rows

CONFIDENCE = 0.95
_WIDE_SCATTER = 0.25  # coefficient of variation against the FHTI, above which M = 5 becomes 6
_SMALL_SCATTER = 0.10  # p99 - p1 against the FHTI, demanded for M = 3 and better


@dataclass(frozen=True, slots=True, kw_only=True)
class Earned:
    """A monitoring rating, and the attempts it rests on. `more`: total attempts that would earn the next better
    rating.

    lower: the handled share that is shown (0 to 1). scatter: spread of the FHTI as a share of its budget; None for
    fewer than two.
    `more` is None where no number of attempts would; then `lacks` says what is needed besides attempts. `lacks` is
    "" where there is no better rating. bunched: the shots are copies of fewer phases, and count as one attempt.
    """

    rating: int
    scenario_id: str
    operating_point: str
    timebase: Timebase | None
    attempts: int
    not_handled: int
    undecided: int
    lower: float
    scatter: float | None
    why: str
    more: int | None
    lacks: str = ""
    bunched: bool = False
    evidence: EvidenceClass | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureMode:
    """A row of the FMEA (scenarios/fmea.toml). faults: kinds of the catalogue that stand for it.

    once: scenarios that are shot once, an hour each: they earn no statistics, but a failure counts.
    monitoring_assumed: shown as an assumption where no data are. given: the ratings that a source gives; the others
    of severity, frequency and occurrence are assumed. inputs_assumed: their letters. given_for: the chemistries that
    its sources speak of, () for all. on: ratings that differ on a chemistry; differs: which do, on the one asked of.
    given_here: which of `given` a source gives that names the chemistry asked of, so that two may be compared by it.
    """

    id: str
    title: str
    element: str
    safety_goal: str
    faults: tuple[str, ...]
    scenarios: tuple[str, ...]
    severity: int
    severity_source: str
    frequency: int
    frequency_source: str
    occurrence: int
    occurrence_source: str
    hazard: str | None = None
    monitoring_assumed: int | None = None
    monitoring_source: str = ""
    failure_rate_fit: float | None = None
    once: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    given_for: tuple[str, ...] = ()
    on: tuple[OnChemistry, ...] = ()
    differs: tuple[str, ...] = ()
    given_here: tuple[str, ...] = ()

    @property
    def inputs_assumed(self) -> str:
        """`FO`: the letters of the ratings that no source gives."""
        return "".join(name[0].upper() for name in INPUTS if name not in self.given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """priority: AIAG-VDA (DFMEA table, D taken equal to M), msr: FMEA-MSR table; neither verified; H, M or L."""

    rating: int
    assumed: bool
    priority: str
    msr: str
    rpn: int
    rpn_without: int
    priority_without: str


def earn(scenario: ScenarioResult) -> Earned:
    """What one scenario at one operating point earns. Undecided attempts count as not handled.

    Shots that met the DUT at bunched phases of its cycle count as one attempt: at least one look at it they are.
    """
    verdicts = [shot.judgement.verdict for shot in scenario.shots]
    n, passed = len(verdicts), verdicts.count(Verdict.PASS)
    undecided = n - passed - verdicts.count(Verdict.FAIL) - verdicts.count(Verdict.GAP)
    copies = bunched(scenario.shots)
    lower = share_handled(passed, n, copies=copies, confidence=CONFIDENCE) if n else 0.0
    detected = any(s.measurement is not None and s.measurement.fdti is not None for s in scenario.shots)
    latencies = [
        s.measurement.fhti.interval
        for s in scenario.shots
        if s.measurement is not None and s.measurement.fhti is not None
    ]
    fhti_ns = scenario.budget.fhti_ns
    rating, why = _rating(lower, detected, latencies, fhti_ns)
    scatter = _spread_ns(latencies) / fhti_ns if len(latencies) > 1 else None
    more, lacks = _better(rating, n, n - passed, scatter)
    return Earned(
        rating=rating,
        scenario_id=scenario.scenario_id,
        operating_point=scenario.operating_point,
        timebase=scenario.timebase,
        attempts=n,
        not_handled=n - passed,
        undecided=undecided,
        lower=lower,
        scatter=scatter,
        why=f"{why}, since the shots met the DUT at bunched phases of its cycle" if copies else why,
        more=None if copies else more,
        lacks="shots spread over the DUT's cycle" if copies else lacks,
        bunched=copies,
    )


def worst(earned: Sequence[Earned]) -> Earned | None:
    """The worst rating counts; ratings are never averaged, and shots of different points never pooled."""
    return max(earned, key=lambda one: (one.rating, -one.lower), default=None)


def rate(mode: FailureMode, monitoring: int, assumed: bool) -> Rated:
    """Priorities with this monitoring rating, and what they would be without any detection."""
    return Rated(
        rating=monitoring,
        assumed=assumed,
        priority=action_priority(mode.severity, mode.occurrence, monitoring),
        msr=msr_action_priority(mode.severity, mode.frequency, monitoring),
        rpn=mode.severity * mode.occurrence * monitoring,
        rpn_without=mode.severity * mode.occurrence * 10,
        priority_without=action_priority(mode.severity, mode.occurrence, 10),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HandledShare:
    """The share (0 to 1) of the injected faults of one goal on one chemistry that were handled, at least.

    weighted: the modes are weighted by their failure rates, where all have one; else `share` is the smallest of them.
    least: the mode with the smallest share; None where a mode has earned nothing, and then `share` is 0. modes: their
    number.
    """

    share: float
    weighted: bool
    least: Earned | None
    modes: int


def handled(parts: Sequence[tuple[float | None, Earned | None]]) -> HandledShare:
    """From (failure rate in FIT or None, what was earned) of each failure mode."""
    shares = [0.0 if one is None else one.lower for _, one in parts]
    earned = [one for _, one in parts if one is not None]
    least = min(earned, key=lambda one: one.lower) if earned and len(earned) == len(parts) else None
    rates = [fit for fit, _ in parts if fit is not None]
    weighted = bool(parts) and len(rates) == len(parts) and sum(rates) > 0
    share = sum(map(operator.mul, rates, shares)) / sum(rates) if weighted else min(shares, default=0.0)
    return HandledShare(share=share, weighted=weighted, least=least, modes=len(parts))


def _rating(lower: float, detected: bool, latencies: Sequence[Interval], fhti_ns: int) -> tuple[int, str]:
    if not detected and lower == 0.0:
        return 10, "no detection was seen"
    reached = [int(r["M"]) for r in rows("measured_to_m") if 0 < float(r["p_lower_min"]) <= lower]
    best = min(reached, default=9)
    said = f"at least {lower * 100:.2f} % handled inside the FHTI"
    scatter = _spread_ns(latencies) / fhti_ns if len(latencies) > 1 else 1.0
    if best <= 3 and scatter >= _SMALL_SCATTER:
        return 4, f"{said}, but latencies scatter over {scatter * 100:.0f} % of the FHTI"
    if best == 5 and _deviation_ns(latencies) > _WIDE_SCATTER * fhti_ns:
        return 6, f"{said}, but latencies scatter widely"
    return best, said


def _spread_ns(latencies: Sequence[Interval]) -> float:
    """From the lowest lower end to the highest upper end: never narrower than p99 - p1."""
    return max(one.high_ns for one in latencies) - min(one.low_ns for one in latencies)


def _deviation_ns(latencies: Sequence[Interval]) -> float:
    """The largest standard deviation that truths inside these intervals may have: that of the middles, and the rest."""
    n = len(latencies)
    if n < 2:
        return 0.0
    middles = [(one.low_ns + one.high_ns) / 2 for one in latencies]
    half_widths = math.fsum((one.width_ns / 2) ** 2 for one in latencies) / (n - 1)
    return statistics.stdev(middles) + math.sqrt(half_widths)


def _better(rating: int, n: int, not_handled: int, scatter: float | None) -> tuple[int | None, str]:
    """(attempts in all for the next better rating, what it takes that no number of attempts gives)."""
    share = {10: 0.10, 9: 0.10, 8: 0.60, 7: 0.90, 6: 0.97, 5: 0.97, 4: 0.99, 3: 0.999}.get(rating)
    if share is None:
        return None, ""
    needed = shots_for(share, CONFIDENCE, not_handled)
    if (
        rating == 4 and scatter is not None and scatter >= _SMALL_SCATTER
    ):  # more attempts never narrow a range
        first = f" and {needed} attempts" if needed > n else ""
        return None, (
            f"latencies within less than {_SMALL_SCATTER:.0%} of the FHTI, they scatter over {scatter:.0%}, "
            f"which no number of attempts mends{first}"
        )
    return needed, ""
