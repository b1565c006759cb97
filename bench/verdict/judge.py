"""From a Measurement and a Plan to a verdict with reasons. Nothing passes because nothing was seen."""

from collections.abc import Sequence

from bench.measure.finding.answer import (
    DetectedAfterWindow,
    NotDetected,
    NuisanceDtc,
    NuisanceTrip,
    SafeStateNotHeld,
    SafeStateNotHeldFor,
    SafeStateNotReached,
)
from bench.measure.finding.base import Finding
from bench.measure.finding.bench import (
    HoldUnknown,
    NoProofOfLife,
    NothingForbidden,
    NothingToPass,
    NotRefused,
)
from bench.measure.finding.reach import NothingToReach
from bench.measure.finding.standing import FlagNotHeld
from bench.measure.finding.stimulus import NoOnset
from bench.measure.finding.times import Bound, NearFtti, Time, TooEarly, TooLate
from bench.measure.interval import Measurement
from bench.measure.onset_spread import fdti_since_first, fdti_since_last
from bench.measure.plan import Aim, Plan
from bench.verdict.codes import judge_code
from bench.verdict.decision import straddles
from bench.verdict.ending import judge_end
from bench.verdict.estimates import judge_estimate
from bench.verdict.gap import not_known, up_to_the_gap
from bench.verdict.reaction import judge_reactions
from bench.verdict.result import Held, Judgement, Reason, Verdict
from bench.verdict.states import judge_states

# A reaction that uses more than this share of the FTTI is reported even where it passes.
FTTI_WARNING_SHARE = 0.8


def judge(measurement: Measurement, plan: Plan) -> Judgement:
    """ERROR blames the bench, FAIL the DUT, INCONCLUSIVE the interval's width. Pure; starts at NONE.

    Whatever was seen, a shot after which nobody knows that the outputs were off is an ERROR.
    """
    found = _judge_up_to_gap(measurement, plan)
    if not measurement.unsafe:
        return found
    told = tuple(Reason(finding=one) for one in measurement.unsafe)
    return Judgement(verdict=Verdict.ERROR, reasons=(*found.reasons, *told))


def _judge_up_to_gap(measurement: Measurement, plan: Plan) -> Judgement:
    """GAP: what fails is the known gap of the plan and nothing else, and stays within its bound."""
    found = _judge(measurement, plan)
    if plan.gap is None or found.verdict not in (Verdict.FAIL, Verdict.INCONCLUSIVE):
        return found
    unseen = plan.gap.never and measurement.detected is None
    allowed = up_to_the_gap(measurement, plan, plan.gap)
    as_known = _judge(*allowed, unseen=unseen, known=plan.gap.findings)
    if as_known.verdict is Verdict.PASS:
        return Judgement(verdict=Verdict.GAP, reasons=found.reasons)
    return found if as_known.verdict is found.verdict is Verdict.INCONCLUSIVE else as_known


def _judge(
    measurement: Measurement, plan: Plan, *, unseen: bool = False, known: Sequence[str] = ()
) -> Judgement:
    """unseen: it is known that the DUT does not detect the fault, and does not count against it. known: codes of the
    other known findings.
    """
    if (without_answer := _without_answer(measurement, plan, known)) is not None:
        return without_answer
    missing = _missing_facts(measurement, plan)
    fails: list[Finding] = [
        *measurement.misfits, *measurement.broken, *measurement.silent, *measurement.always,
    ]  # fmt: skip
    open_questions: list[Finding] = []
    if plan.aim.asks_flag:
        fails += _trip_failures(measurement, plan, unseen)
        if measurement.onset is not None and not _known_unseen(measurement, unseen):
            judge_code(measurement, plan, fails, open_questions)
        _judge_times(measurement, plan, fails, open_questions)
        judge_reactions(measurement.reactions, fails, open_questions)
        judge_states(measurement, plan, fails, open_questions)
    else:
        if measurement.detected is not None:
            fails.append(NuisanceTrip())
        if plan.dtc_test is not None and measurement.dtc_seen:
            fails.append(NuisanceDtc(dtc=round(plan.dtc_test.value)))
    for estimate in measurement.estimates:
        judge_estimate(estimate, fails, open_questions)
    if measurement.end is not None:
        judge_end(measurement.end, missing, fails, open_questions)
    fails = not_known(fails, known)
    warnings = _warnings(measurement, plan)
    # Silence is what a process without a processor cannot help. Whatever else failed stands.
    only_silent = bool(fails) and set(fails) <= set(measurement.silent)
    doubts = [*measurement.doubts, *(measurement.excuses if only_silent else ())]
    if doubts and not missing and not measurement.misfits:  # no lateness of the bench makes a frame shorter
        # What was seen may be the bench's own doing: it blames nobody, and nothing passes on it.
        reasons = [
            *(Reason(finding=one) for one in doubts),
            *(Reason(finding=one, held=Held.NOT_HELD) for one in fails),
            *(Reason(finding=one) for one in open_questions),
            *warnings,
        ]
        return Judgement(verdict=Verdict.INCONCLUSIVE, reasons=tuple(dict.fromkeys(reasons)))
    return _worst_of(missing, fails, open_questions, warnings)


def _without_answer(measurement: Measurement, plan: Plan, known: Sequence[str]) -> Judgement | None:
    """The verdict of a shot that has no answer of the DUT to judge; None where there is one to look at."""
    if measurement.bench_faults:
        return Judgement.of(Verdict.ERROR, *measurement.bench_faults)
    if measurement.crashed is not None:  # no lateness of the bench makes a DUT end by itself
        return Judgement.of(Verdict.FAIL, measurement.crashed)
    if plan.aim is Aim.MUST_REFUSE:
        if measurement.refused is not None:
            return Judgement.of(Verdict.PASS)
        return Judgement.of(Verdict.ERROR, NotRefused())
    if measurement.start_missed is not None:
        return Judgement.of(Verdict.BLOCKED, measurement.start_missed)
    if measurement.not_begun:
        kept_from = not_known((*measurement.misfits, *measurement.broken), known)
        return Judgement.of(Verdict.FAIL if kept_from else Verdict.PASS, *kept_from)
    return None


def _worst_of(
    missing: list[Finding], fails: list[Finding], open_questions: list[Finding], warnings: Sequence[Reason]
) -> Judgement:
    verdict = Verdict.NONE
    findings: list[Finding] = []
    for worth, found in (
        (Verdict.ERROR, missing),
        (Verdict.FAIL, fails),
        (Verdict.INCONCLUSIVE, open_questions),
    ):
        if found:
            verdict = max(verdict, worth)
            findings += found
    if verdict is Verdict.NONE:
        verdict = Verdict.PASS
    reasons = [*(Reason(finding=one) for one in findings), *warnings]
    return Judgement(verdict=verdict, reasons=tuple(dict.fromkeys(reasons)))


def _missing_facts(measurement: Measurement, plan: Plan) -> list[Finding]:
    """Facts whose absence blames the bench or the scenario: without them no verdict on the DUT stands."""
    missing: list[Finding] = []
    if plan.aim.asks_flag:
        if measurement.onset is None:
            missing.append(NoOnset())
        if not plan.detection or not plan.safe_state:
            missing.append(NothingToPass())
        if measurement.safe is not None and measurement.held is None and not measurement.silent:
            missing.append(HoldUnknown())
        if plan.aim is Aim.MUST_STAY_SAFE and not (plan.control and plan.refusal and plan.forbidden):
            missing.append(NothingToPass())
    elif not plan.heard:
        missing.append(NoProofOfLife())
    if plan.aim is Aim.MUST_REACH and not plan.reached:
        missing.append(NothingToReach())
    if plan.aim is Aim.MUST_NOT_TRIP and not plan.detection and not plan.forbidden:
        missing.append(NothingForbidden())
    return missing


def _trip_failures(measurement: Measurement, plan: Plan, unseen: bool) -> list[Finding]:
    fails: list[Finding] = []
    if measurement.onset is None:
        return fails
    if measurement.detected is None:
        if unseen and measurement.safe is None:
            return fails
        fails.append(NotDetected(window_ns=plan.window_ns))
    elif measurement.detected.low_ns - measurement.onset.high_ns > plan.window_ns:
        fails.append(DetectedAfterWindow(window_ns=plan.window_ns))
    if measurement.safe is None:
        fails.append(SafeStateNotReached(window_ns=plan.window_ns))
    elif measurement.held is False and not any(
        isinstance(one, SafeStateNotHeld | FlagNotHeld) for one in measurement.broken
    ):
        fails.append(SafeStateNotHeldFor(hold_ns=plan.hold_ns))
    return fails


def _known_unseen(measurement: Measurement, unseen: bool) -> bool:
    """That the DUT does nothing at all is known, so that no code is missed either."""
    return unseen and measurement.detected is None and measurement.safe is None


def _judge_times(
    measurement: Measurement, plan: Plan, fails: list[Finding], open_questions: list[Finding]
) -> None:
    fdti, fhti = measurement.fdti, measurement.fhti
    # ISO 26262 asks for FHTI < FTTI, strictly: 1 ns off the bound makes it the same comparison as a budget.
    below_ftti_ns = None if plan.ftti_ns is None else plan.ftti_ns - 1
    for time, latency, bound, bound_ns in (
        (Time.FDTI, fdti, Bound.BUDGET, plan.fdti_budget_ns),
        (Time.FHTI, fhti, Bound.BUDGET, plan.fhti_budget_ns),
        (Time.FHTI, fhti, Bound.FTTI, below_ftti_ns),
        (Time.FDTI, fdti_since_last(measurement), Bound.CEILING, plan.ceiling_ns),
    ):
        if latency is None or bound_ns is None:
            continue
        low_ns, high_ns = latency.interval.low_ns, latency.interval.high_ns
        if low_ns > bound_ns:
            late = TooLate(time=time, bound=bound, low_ns=low_ns, high_ns=high_ns, bound_ns=bound_ns)
            fails.append(late)
        elif high_ns > bound_ns:
            open_questions.append(straddles(time, latency, bound, bound_ns, high_ns - bound_ns))
    fdti = fdti_since_first(measurement)
    if fdti is None or plan.floor_ns is None:
        return
    low_ns, high_ns = fdti.interval.low_ns, fdti.interval.high_ns
    # A floor is held against the upper end alone: what the DUT's reports hide below it is no proof of haste, and every
    # DUT that reports more slowly than it counts would be open for ever.
    if high_ns < plan.floor_ns:
        early = TooEarly(
            time=Time.FDTI, bound=Bound.FLOOR, low_ns=low_ns, high_ns=high_ns, bound_ns=plan.floor_ns
        )
        fails.append(early)


def _warnings(measurement: Measurement, plan: Plan) -> list[Reason]:
    if plan.ftti_ns is None or measurement.fhti is None:
        return []
    high_ns = measurement.fhti.interval.high_ns
    if high_ns <= FTTI_WARNING_SHARE * plan.ftti_ns:
        return []
    return [Reason(finding=NearFtti(high_ns=high_ns, ftti_ns=plan.ftti_ns), held=Held.NOTED)]
