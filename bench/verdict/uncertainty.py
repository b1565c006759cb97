"""The uncertainty budget of a scenario: the terms of its worst shot, the decision at its limit, and the time left
out.

No latency holds the time from the readback that shows the fault at the DUT's terminals to the first frame that shows
it. A real DUT has its own sensors there, so both times are judged. The time from the frame makes the verdict. Where
the longer time, from the readback, does not meet the limit, the report says so.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from bench.measure.clock_rate import widened
from bench.measure.interval import CalibrationUsed, Interval, Latency, LeftOut, Measurement, StampUsed, Term
from bench.timing.clock import Timebase
from bench.verdict.decision import Zone, decide
from bench.verdict.result import RunResult, ScenarioResult


class NarrowedBy(StrEnum):
    """Why an interval is narrower than the sum of its terms. A stable code.

    NEVER_NEGATIVE: the terms reach to below 0, and no effect comes before its cause. NOT_BEFORE_CAUSE: the last report
    that denied it came before the onset, or its stamp reaches to there. LAST_OF_SEVERAL: the state needs several
    reports; the terms are those of the latest, and another one denied it for longer. UNNAMED: the interval is wider, by
    what no term names (none of this release is).
    """

    NEVER_NEGATIVE = "never-negative"
    NOT_BEFORE_CAUSE = "not-before-cause"
    LAST_OF_SEVERAL = "last-of-several"
    UNNAMED = "unnamed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """The sum of the terms less all of these is the interval's width, to the ns; < 0 where it is wider."""

    by: NarrowedBy
    width_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeBudget:
    """FDTI or FHTI in the shot with the latest upper end; ns.

    narrowed: what the terms bound and the interval does not hold. u_c: the combined standard uncertainty, at most that
    of the interval. guard: half of the interval, the band that is used; guard_iso: the 1.645 u_c, never more, that
    ISO 14253-1 would take. limit: the shortest that the time has to keep. from_terminal: the worst of all shots,
    counted from the readback; None where that is not known. meets_from_terminal: whether its upper end keeps the limit
    as well.
    """

    time: str
    shot: int
    interval: Interval
    terms: tuple[Term, ...]
    narrowed: tuple[Narrowing, ...]
    u_c_ns: int
    guard_ns: int
    guard_iso_ns: int
    limit_ns: int
    zone: Zone
    from_terminal: Interval | None
    meets_from_terminal: bool | None

    @property
    def only_from_frame(self) -> bool:
        """The limit is kept by the shorter time, and not by the longer one."""
        return self.zone is Zone.ACCEPT and self.meets_from_terminal is False


@dataclass(frozen=True, slots=True, kw_only=True)
class UncertaintyBudget:
    """The budget of one scenario. left_out_range: smallest and largest value over its shots (ns), None unless
    `left_out` is KNOWN.

    stamps: what the stamps were taken for in the worst shot, by channel; empty in simulated time, or where not
    recorded.
    rate_ppb: error of the clock's rate in that shot, in parts per billion. rate_why: its source.
    calibrations: how uncertain instruments were in it, by their certificates.
    """

    scenario_id: str
    timebase: Timebase
    times: tuple[TimeBudget, ...]
    left_out: LeftOut
    left_out_range: Interval | None
    left_out_shots: int
    stamps: tuple[StampUsed, ...]
    rate_ppb: int
    rate_why: str
    calibrations: tuple[CalibrationUsed, ...] = ()

    @property
    def only_from_frame(self) -> tuple[TimeBudget, ...]:
        return tuple(one for one in self.times if one.only_from_frame)


def uncertainty_of(scenario: ScenarioResult) -> UncertaintyBudget | None:
    """None where nothing was measured: a must-not-trip scenario, a mismatch, one without a single latency."""
    if scenario.mismatch:
        return None
    shots = [(one.index, one.measurement) for one in scenario.shots if one.measurement is not None]
    limits = {
        "FDTI": scenario.budget.fdti_ns,
        "FHTI": min(scenario.budget.fhti_ns, scenario.budget.ftti_ns - 1),
    }
    found = (_time(name, limit_ns, shots, *_PICKS[name]) for name, limit_ns in limits.items())
    times = tuple(one for one in found if one is not None)
    if not times:
        return None
    worst = next(measured for index, measured in shots if index == times[0].shot)
    code, spans = _left_out([measured for _, measured in shots])
    return UncertaintyBudget(
        scenario_id=scenario.scenario_id,
        timebase=scenario.timebase,
        times=times,
        left_out=code,
        left_out_range=_range(spans) if spans else None,
        left_out_shots=len(spans),
        stamps=worst.stamps,
        rate_ppb=worst.rate_ppb,
        rate_why=worst.rate_why,
        calibrations=worst.calibrations,
    )


def uncertainty_of_run(run: RunResult) -> tuple[UncertaintyBudget, ...]:
    """The uncertainty budgets of all scenarios that have one."""
    found = (uncertainty_of(one) for one in run.scenarios)
    return tuple(one for one in found if one is not None)


_Pick = tuple[Callable[[Measurement], Latency | None], Callable[[Measurement], Interval | None]]
_PICKS: dict[str, _Pick] = {
    "FDTI": (lambda one: one.fdti, lambda one: one.detected),
    "FHTI": (lambda one: one.fhti, lambda one: one.safe),
}


def _time(
    name: str,
    limit_ns: int,
    shots: Iterable[tuple[int, Measurement]],
    latency_of: Callable[[Measurement], Latency | None],
    end_of: Callable[[Measurement], Interval | None],
) -> TimeBudget | None:
    measured = [(index, one, latency) for index, one in shots if (latency := latency_of(one)) is not None]
    if not measured:
        return None
    index, shot, worst = max(measured, key=lambda one: one[2].interval.high_ns)
    decision = decide(worst, limit_ns)
    longer = [span for _, one, _ in measured if (span := _from_terminal(one, end_of(one))) is not None]
    longest = max(longer, key=lambda one: one.high_ns) if len(longer) == len(measured) else None
    return TimeBudget(
        time=name,
        shot=index,
        interval=worst.interval,
        terms=worst.terms,
        narrowed=narrowed(worst, shot.onset, end_of(shot)),
        u_c_ns=round(decision.u_c_ns),
        guard_ns=round(decision.guard_ns),
        guard_iso_ns=round(decision.guard_iso_ns),
        limit_ns=limit_ns,
        zone=decision.zone,
        from_terminal=longest,
        meets_from_terminal=None if longest is None else longest.high_ns <= limit_ns,
    )


def narrowed(latency: Latency, onset: Interval | None, end: Interval | None) -> tuple[Narrowing, ...]:
    """By how much the interval is narrower or wider than its terms, and why. Empty where the terms explain its width,
    or where there are no terms.
    """
    left_ns = sum(term.width_ns for term in latency.terms) - latency.interval.width_ns
    if not latency.terms or left_ns == 0:
        return ()
    below_ns = max(0, onset.high_ns - end.low_ns) if onset is not None and end is not None else 0
    below_ns = min(below_ns, max(0, left_ns))
    left_ns -= below_ns
    if left_ns < 0:
        by = NarrowedBy.UNNAMED
    elif onset is not None and end is not None and end.low_ns <= onset.low_ns:
        by = NarrowedBy.NOT_BEFORE_CAUSE
    else:
        by = NarrowedBy.LAST_OF_SEVERAL
    found = (
        Narrowing(by=NarrowedBy.NEVER_NEGATIVE, width_ns=below_ns),
        Narrowing(by=by, width_ns=left_ns),
    )
    return tuple(one for one in found if one.width_ns)


def _from_terminal(one: Measurement, end: Interval | None) -> Interval | None:
    if end is None or one.at_terminal is None:
        return None
    return widened(end.since(one.at_terminal), one.rate_ppb)


def _left_out(measured: list[Measurement]) -> tuple[LeftOut, list[Interval]]:
    """KNOWN only where it is known of every shot that has an onset."""
    begun = [one for one in measured if one.onset is not None]
    codes = {one.left_out for one in begun}
    if codes != {LeftOut.KNOWN}:
        worst = (LeftOut.NOT_RECORDED, LeftOut.DEVELOPS, LeftOut.COMMAND, LeftOut.NOTHING, LeftOut.KNOWN)
        return next((one for one in worst if one in codes), LeftOut.NOT_RECORDED), []
    return LeftOut.KNOWN, [
        one.onset.since(one.at_terminal)
        for one in begun
        if one.onset is not None and one.at_terminal is not None
    ]


def _range(spans: list[Interval]) -> Interval:
    return Interval(low_ns=min(one.low_ns for one in spans), high_ns=max(one.high_ns for one in spans))
