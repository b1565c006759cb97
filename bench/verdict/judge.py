"""From a Measurement and a Plan to a verdict with reasons. Nothing passes because nothing was seen."""

from bench.codec.uds import status_bits, status_mask
from bench.measure.interval import Latency, Measurement
from bench.measure.plan import Aim, Plan
from bench.units import format_ns
from bench.verdict.decision import shrink_words
from bench.verdict.ending import judge_end
from bench.verdict.estimates import judge_estimate
from bench.verdict.gap import up_to_the_gap
from bench.verdict.result import Judgement, Verdict

# A reaction that uses more than this share of the FTTI is reported even where it passes.
FTTI_WARNING_SHARE = 0.8


def judge(measurement: Measurement, plan: Plan) -> Judgement:
    """ERROR blames the bench, FAIL the DUT, INCONCLUSIVE the interval's width. Pure; starts at NONE.

    GAP: what fails is the known gap of the plan and nothing else, and stays within its bound.
    """
    found = _judge(measurement, plan)
    if plan.gap is None or found.verdict not in (Verdict.FAIL, Verdict.INCONCLUSIVE):
        return found
    unseen = plan.gap.never and measurement.detected is None
    as_known = _judge(*up_to_the_gap(measurement, plan, plan.gap), unseen=unseen)
    if as_known.verdict is Verdict.PASS:
        return Judgement(verdict=Verdict.GAP, reasons=found.reasons)
    return found if as_known.verdict is found.verdict is Verdict.INCONCLUSIVE else as_known


def _judge(measurement: Measurement, plan: Plan, *, unseen: bool = False) -> Judgement:
    """unseen: that the DUT did not detect the fault is known, and is not held against it."""
    if measurement.bench_faults:
        return Judgement(verdict=Verdict.ERROR, reasons=measurement.bench_faults)
    if plan.aim is Aim.MUST_REFUSE:
        if measurement.refused is not None:
            return Judgement(verdict=Verdict.PASS, reasons=())
        return Judgement(verdict=Verdict.ERROR, reasons=("a build that cannot be known was not refused",))
    if measurement.not_begun:
        return Judgement(verdict=Verdict.FAIL, reasons=(*measurement.misfits, *measurement.broken))
    missing = _missing_facts(measurement, plan)
    fails = [*measurement.misfits, *measurement.broken, *measurement.silent]
    open_questions: list[str] = []
    if plan.aim is Aim.MUST_TRIP:
        fails += _trip_failures(measurement, plan, unseen)
        _judge_times(measurement, plan, fails, open_questions)
    else:
        if measurement.detected is not None:
            fails.append("nuisance trip: the DUT reported a fault under a stimulus it must tolerate")
        if plan.dtc_test is not None and measurement.dtc_seen:
            fails.append(f"nuisance DTC 0x{round(plan.dtc_test.value):06X} was reported")
    for estimate in measurement.estimates:
        judge_estimate(estimate, fails, open_questions)
    if measurement.end is not None:
        judge_end(measurement.end, missing, fails, open_questions)
    warnings = _warnings(measurement, plan)
    # Silence is what a process without a processor cannot help. Whatever else failed stands.
    only_silent = bool(fails) and set(fails) <= set(measurement.silent)
    doubts = [*measurement.doubts, *(measurement.excuses if only_silent else ())]
    if doubts and not missing and not measurement.misfits:  # no lateness of the bench makes a frame shorter
        # What was seen may be the bench's own doing: it blames nobody, and nothing passes on it.
        seen = [f"seen, but not held against the DUT: {text}" for text in fails]
        reasons = [*doubts, *seen, *open_questions, *warnings]
        return Judgement(verdict=Verdict.INCONCLUSIVE, reasons=tuple(dict.fromkeys(reasons)))
    verdict = Verdict.NONE
    reasons = []
    for found, texts in (
        (Verdict.ERROR, missing),
        (Verdict.FAIL, fails),
        (Verdict.INCONCLUSIVE, open_questions),
    ):
        if texts:
            verdict, reasons = max(verdict, found), reasons + texts
    if verdict is Verdict.NONE:
        verdict = Verdict.PASS
    return Judgement(verdict=verdict, reasons=tuple(dict.fromkeys([*reasons, *warnings])))


def _missing_facts(measurement: Measurement, plan: Plan) -> list[str]:
    """Facts whose absence blames the bench or the scenario: without them no verdict on the DUT stands."""
    missing: list[str] = []
    if plan.aim is Aim.MUST_TRIP:
        if measurement.onset is None:
            missing.append("no onset was seen: the stimulus is not proven")
        if not plan.detection or not plan.safe_state:
            missing.append("the plan asks for no detection or no safe state: there is nothing to pass")
        if measurement.safe is not None and measurement.held is None and not measurement.silent:
            missing.append("nothing shows whether the safe state was held")
    elif not plan.heard:
        missing.append("the plan names no message that proves the DUT alive")
    if plan.aim is Aim.MUST_NOT_TRIP and not plan.detection and not plan.forbidden:
        missing.append("the plan forbids nothing: there is nothing to pass")
    return missing


def _trip_failures(measurement: Measurement, plan: Plan, unseen: bool) -> list[str]:
    fails: list[str] = []
    if measurement.onset is None:
        return fails
    if measurement.detected is None:
        if unseen and measurement.safe is None:
            return fails
        fails.append(f"fault not detected within {format_ns(plan.window_ns)}")
    elif measurement.detected.low_ns - measurement.onset.high_ns > plan.window_ns:
        fails.append(f"fault detected only after the window of {format_ns(plan.window_ns)}")
    if measurement.safe is None:
        fails.append(f"safe state not reached within {format_ns(plan.window_ns)}")
    elif measurement.held is False and not any("not held" in text for text in measurement.broken):
        fails.append(f"safe state was not held for {format_ns(plan.hold_ns)}")
    if plan.dtc_test is not None and measurement.dtc_seen is not True:
        fails.append(f"the demanded DTC 0x{round(plan.dtc_test.value):06X} was not reported")
    return fails + _status_failures(measurement, plan)


def _status_failures(measurement: Measurement, plan: Plan) -> list[str]:
    """The DTC's status bits, as read by UDS. A DUT that is heard but gives no answer has not shown them."""
    if not plan.dtc_status or plan.dtc_test is None:
        return []
    code = f"0x{round(plan.dtc_test.value):06X}"
    if measurement.dtc_status_problem is not None:
        return [f"the status of DTC {code} could not be read: {measurement.dtc_status_problem}"]
    if measurement.dtc_status is None:
        return [f"DTC {code} is not in the DUT's memory"]
    lacking = [name for name in plan.dtc_status if not measurement.dtc_status & status_mask((name,))]
    if not lacking:
        return []
    found = ", ".join(status_bits(measurement.dtc_status)) or "no bit"
    return [
        f"DTC {code} has status 0x{measurement.dtc_status:02X} ({found}); {', '.join(lacking)} is not set"
    ]


def _judge_times(measurement: Measurement, plan: Plan, fails: list[str], open_questions: list[str]) -> None:
    fdti, fhti = measurement.fdti, measurement.fhti
    _upper("FDTI", fdti, "budget", plan.fdti_budget_ns, fails, open_questions)
    _upper("FHTI", fhti, "budget", plan.fhti_budget_ns, fails, open_questions)
    # ISO 26262 asks for FHTI < FTTI, strictly: 1 ns off the bound makes it the same comparison as a budget.
    if plan.ftti_ns is not None:
        _upper("FHTI", fhti, "FTTI", plan.ftti_ns - 1, fails, open_questions)
    why = ": later than the DUT's published debounce allows"
    _upper("FDTI", fdti, "ceiling", plan.ceiling_ns, fails, open_questions, why)
    if fdti is None or plan.floor_ns is None:
        return
    if fdti.interval.high_ns < plan.floor_ns:
        fails.append(
            f"FDTI {_span(fdti)} is below the floor {format_ns(plan.floor_ns)}: nuisance trip, too early"
        )
    elif fdti.interval.low_ns < plan.floor_ns:
        open_questions.append(
            _straddle("FDTI", fdti, "floor", plan.floor_ns, plan.floor_ns - fdti.interval.low_ns)
        )


def _upper(
    name: str,
    latency: Latency | None,
    bound: str,
    bound_ns: int | None,
    fails: list[str],
    open_questions: list[str],
    why: str = "",
) -> None:
    if latency is None or bound_ns is None:
        return
    if latency.interval.low_ns > bound_ns:
        fails.append(f"{name} {_span(latency)} is above the {bound} {format_ns(bound_ns)}{why}")
    elif latency.interval.high_ns > bound_ns:
        open_questions.append(_straddle(name, latency, bound, bound_ns, latency.interval.high_ns - bound_ns))


def _span(latency: Latency) -> str:
    return f"[{format_ns(latency.interval.low_ns)}, {format_ns(latency.interval.high_ns)}]"


def _straddle(name: str, latency: Latency, bound: str, bound_ns: int, excess_ns: int) -> str:
    head = f"{name} {_span(latency)} straddles the {bound} {format_ns(bound_ns)}"
    return f"{head}: {shrink_words(latency, excess_ns)}"


def _warnings(measurement: Measurement, plan: Plan) -> list[str]:
    if plan.ftti_ns is None or measurement.fhti is None:
        return []
    high_ns = measurement.fhti.interval.high_ns
    if high_ns <= FTTI_WARNING_SHARE * plan.ftti_ns:
        return []
    share = 100 * high_ns / plan.ftti_ns
    return [f"warning: FHTI may be {format_ns(high_ns)}, {share:.0f} % of the FTTI {format_ns(plan.ftti_ns)}"]
