"""What the judge's functions give, held whole: every field of it, from figures made by hand."""

from dataclasses import replace

import pytest
from sample_run import OVERVOLTAGE, measurement, sample_run, scenario, shot
from test_judge_on_traces import DECODERS, MS, NEXT, REAL, cells, state, trace_of
from test_measure_trace import OPEN, PLAN

from bench.measure.claim import Claim as Claimed
from bench.measure.ending import EndFound, EndQuestion, find_end
from bench.measure.estimate import EstimateFound, EstimateQuestion
from bench.measure.estimation import score
from bench.measure.finding.answer import UnexpectedCode, UnexpectedReport
from bench.measure.finding.base import Since, When
from bench.measure.finding.bench import ObservationCutShort, SafeStateUnconfirmed
from bench.measure.finding.plant import CellHarmed, EstimateStale, TruthTooFew
from bench.measure.finding.plant import TestNotEnded as NotEnded
from bench.measure.finding.standing import CodeHeldBefore
from bench.measure.finding.states import StateNotReached, StateStraddles, StateTooEarly, StateTooLate
from bench.measure.hidden_glitch import longest_hidden
from bench.measure.interval import Interval, Latency, LeftOut, StampUsed, StateSeen, Term
from bench.measure.measure import measure
from bench.measure.only_expected import Codes, Standing, Unexpected, What
from bench.measure.outputs_off import not_confirmed_safe
from bench.measure.plan import NOTHING, Aim, GapBound, StateAsked
from bench.measure.questions import Question
from bench.measure.shot import Seen
from bench.measure.trip_band import TRIP_TOLERANCE, across_the_band
from bench.measure.window import armed_window
from bench.timing.clock import Timebase
from bench.trace import facts
from bench.trace.events import PlantStage
from bench.trace.irregular import Irregular
from bench.trace.mark import Mark
from bench.trace.timeline import Trace
from bench.verdict.compare import compare, why_not_comparable
from bench.verdict.decision import Zone
from bench.verdict.ending import judge_end
from bench.verdict.evidence import Claim, Evidence, ToleranceBound, claim_words, evidence, tolerance_bounds
from bench.verdict.extremes import Precondition, plausibility
from bench.verdict.fmea import FailureMode
from bench.verdict.fmea_chemistry import OnChemistry
from bench.verdict.fmea_on import on_chemistry
from bench.verdict.gap import up_to_the_gap
from bench.verdict.goal_on_chemistry import followed
from bench.verdict.result import Verdict
from bench.verdict.states import judge_states
from bench.verdict.uncertainty import (
    NarrowedBy,
    Narrowing,
    TimeBudget,
    UncertaintyBudget,
    narrowed,
    uncertainty_of,
    uncertainty_of_run,
)

# --- the onset across a tolerance ---

EARLY = Seen(
    interval=Interval(low_ns=10, high_ns=12), t_ns=12, terms=(Term(name="onset", width_ns=2, note="n"),)
)
TO = "from the lower end of the DUT's tolerance to the upper one"


@pytest.mark.parametrize(
    ("late", "high", "last", "note"),
    [
        ((20, 23), 23, (20, 23), TO),
        ((5, 11), 12, (5, 11), TO),
        (None, 50, (10, 50), f"{TO}, which the stimulus never came to"),
    ],
)
def test_an_onset_across_the_tolerance_lies_between_both_ends(
    late: tuple[int, int] | None, high: int, last: tuple[int, int], note: str
) -> None:
    def reached(early: Seen) -> Seen | None:
        assert early is EARLY
        return (
            None
            if late is None
            else Seen(interval=Interval(low_ns=late[0], high_ns=late[1]), t_ns=late[1], terms=())
        )

    assert across_the_band(EARLY, reached, 50) == Seen(
        interval=Interval(low_ns=10, high_ns=high),
        t_ns=12,
        terms=(*EARLY.terms, Term(name=TRIP_TOLERANCE, width_ns=high - 12, note=note)),
        first=Interval(low_ns=10, high_ns=12),
        last=Interval(low_ns=last[0], high_ns=last[1]),
    )
    assert across_the_band(None, reached, 50) is None


# --- what the plant and the rig know ---


def test_outputs_are_known_to_be_off_only_where_they_were_read_back_after_the_last_that_drives() -> None:
    trace = trace_of()
    nothing = (SafeStateUnconfirmed(said="nothing in the trace shows it"),)
    assert not_confirmed_safe(trace) == nothing
    trace.mark(610 * MS, facts.SafeStateReached(readback=False), "rig")
    assert not_confirmed_safe(trace) == nothing
    trace.mark(620 * MS, facts.SafeStateReached(readback=True), "rig")
    assert not_confirmed_safe(trace) == ()
    for fault in ("x", "y"):
        trace.mark(630 * MS, facts.FaultStuck(fault=fault, owner="step 0", reason="no answer"), "rig")
    assert not_confirmed_safe(trace) == (
        SafeStateUnconfirmed(said="x of step 0 is still on: no answer (fault stuck)"),
    )
    trace.mark(640 * MS, facts.SafeStateMissed(problem="its relay sticks"), "rig")
    assert not_confirmed_safe(trace) == (SafeStateUnconfirmed(said="its relay sticks"),)
    assert not_confirmed_safe(replace(trace, marks=[])) == ()


@pytest.mark.parametrize(("cycle_ms", "longest_ms"), [(20, 190), (None, 110), (50, 160)])
def test_how_long_a_message_was_hidden_counts_from_when_it_was_due(
    cycle_ms: int | None, longest_ms: int
) -> None:
    trace = trace_of((90, cells(3700)), (300, cells(3700)))
    trace.mark(120 * MS, facts.StimulusCleared(fault="x", owner="step 0", why="done"), "cells")
    asked = replace(
        NEXT, what=Irregular.MISSING, signal=None, cycle_ns=None if cycle_ms is None else cycle_ms * MS
    )
    plan = replace(PLAN, onset_irregular=(asked,))
    found = longest_hidden(trace, armed_window(trace), plan, DECODERS)
    assert found == (longest_ms * MS, asked)


SOC = EstimateQuestion(
    name="soc", truth="soc", channel="vehicle", message="BMS_PackValues", signal="StateOfCharge", gain=0.01,
    resolution=0.001, cycle_ns=20 * MS, after_ns=40 * MS, band=0.015,
)  # fmt: skip


def test_an_estimate_is_scored_against_the_truth_of_its_instant_and_the_days_beside_the_clock() -> None:
    """said 50.0 until 100 ms, then 52.0; true 0.5; the last two truths are a day later."""
    day_ns = 86_400 * 10**9
    said = [
        (at, DECODERS["vehicle"].encode("BMS_PackValues", StateOfCharge=50 + 2 * (at > 100)))
        for at in range(0, 220, 20)
    ]
    trace = trace_of(*said)
    for at in range(20, 220, 20):
        soc = facts.Truth(
            soc=0.5,
            soc_low=0.49,
            soc_high=0.52,
            soh=0.9,
            current_a=0.0,
            lapsed_ns=day_ns if at >= 180 else None,
        )
        trace.mark(at * MS, soc, "plant")
    found = score(trace, SOC, armed_window(trace), DECODERS)
    assert found == EstimateFound(
        question=SOC, n=8, span_ns=140 * MS + day_ns, rms=pytest.approx((5 * 0.02**2 / 8) ** 0.5),
        max_abs=pytest.approx(0.02), worst_ns=120 * MS, bias=pytest.approx(5 * 0.02 / 8), first=pytest.approx(0.0),
        max_over=pytest.approx(0.02),
        last=pytest.approx(0.02), u=pytest.approx(0.001), inside_ns=None, maybe_ns=None,
        drift_per_day=pytest.approx(0.02 * day_ns / (140 * MS + day_ns)), spread=pytest.approx(0.03),
    )  # fmt: skip
    wide = score(trace, replace(SOC, band=0.0205), armed_window(trace), DECODERS)
    assert (wide.inside_ns, wide.maybe_ns) == (None, 0)
    few = score(trace, replace(SOC, after_ns=110 * MS), armed_window(trace), DECODERS)
    assert few.lacking == TruthTooFew(estimate="soc", count=4, expected=5)
    trace.mark(281 * MS, facts.Truth(soc=0.5, soc_low=0.5, soc_high=0.5, soh=0.9, current_a=0.0), "plant")
    stale = score(trace, SOC, armed_window(trace), DECODERS)
    assert stale == EstimateFound(
        question=SOC, problem=EstimateStale(estimate="soc", message="BMS_PackValues", age_ns=81 * MS)
    )


@pytest.mark.parametrize(("after_ms", "reached"), [(250, True), (400, True), (410, False)])
def test_a_mode_has_to_come_within_the_window_less_the_hold_counted_from_the_request(
    after_ms: int, reached: bool
) -> None:
    closed = [
        (at, DECODERS["vehicle"].encode("BMS_State", ContactorPlusCommand=int(at < after_ms)))
        for at in range(20, 700, 10)
    ]
    trace = trace_of(*closed, end=690)
    trace.mark(100 * MS, facts.Requested(mode="drive", value=1), "bench")
    plan = replace(NOTHING, aim=Aim.MUST_REACH, reached=((OPEN,),), hold_ns=100 * MS, window_ns=400 * MS)
    broken = [one.code for one in measure(trace, plan, DECODERS).broken]
    assert broken == ([] if reached else ["not-reached"])


def test_what_befell_the_cells_is_told_within_the_window_and_a_test_without_an_end_holds_no_more() -> None:
    trace = trace_of()
    stages = (
        (9, PlantStage.RUNAWAY),
        (10, PlantStage.SIGNATURE),
        (10, PlantStage.RUNAWAY),
        (600, PlantStage.RUNAWAY),
        (601, PlantStage.RUNAWAY),
    )
    for cell, (at, stage) in enumerate(stages):
        harmed = facts.StageReached(
            stage=stage, cell=cell, low_ns=0, high_ns=at * MS, temp_c=200.0, voltage_v=3.0
        )
        trace.mark(at * MS, harmed, "plant")
    trace.mark(300 * MS, state(iso_ohm_per_v=1.0), "plant")
    asked = EndQuestion(observe_ns=100 * MS, signal=True)
    harm = tuple(CellHarmed(cell=cell, stage=PlantStage.RUNAWAY) for cell in (2, 3))
    found = find_end(trace, asked, armed_window(trace), None)
    assert found == EndFound(question=asked, by=None, at_ns=None, observed_ns=0, problems=harm)
    by_word = find_end(trace, asked, armed_window(trace), 520 * MS)
    assert by_word == EndFound(
        question=asked, by="signal", at_ns=520 * MS, observed_ns=80 * MS, problems=harm
    )
    for one, missing, open_ in (
        (found, [], [NotEnded()]),
        (by_word, [ObservationCutShort(observed_ns=80 * MS, expected_ns=100 * MS)], []),
    ):
        told: tuple[list[object], list[object], list[object]] = ([], [], [])
        judge_end(one, *told)  # type: ignore[arg-type]
        assert told == (missing, list(harm), open_)
    exactly: list[object] = []
    judge_end(replace(by_word, observed_ns=100 * MS), exactly, [], [])  # type: ignore[arg-type]
    assert exactly == []


def test_a_claim_that_was_taken_back_is_told_with_how_long_it_was_held_and_how_often() -> None:
    asked = Question(OPEN, DECODERS)
    claim = Claimed([asked], replace(NOTHING, flag_stands=True))
    for at, answer in ((10, True), (13, False), (20, True), (22, False)):
        claim.hear(asked, at, b"", answer, None)
    (one,) = claim.flickers(22, lambda t_ns: t_ns)  # type: ignore[arg-type,return-value]
    assert (one.test, one.when, one.held_ns, one.times) == (OPEN, 13, 3, 2)
    assert [one.times for one in claim.flickers(21, lambda t_ns: t_ns)] == [1]  # type: ignore[arg-type,return-value]
    assert claim.standing(22) is None and claim.standing(21) is claim.series[1]


# --- further safe states ---


@pytest.mark.parametrize(
    ("interval", "least", "most", "fails", "open_"),
    [
        ((10, 12), 13, None, [StateTooEarly(name="s", low_ns=10, high_ns=12, bound_ns=13)], []),
        ((10, 12), 12, None, [], [StateStraddles(name="s", low_ns=10, high_ns=12, bound_ns=12)]),
        ((10, 12), 10, None, [], []),
        ((10, 12), None, 9, [StateTooLate(name="s", low_ns=10, high_ns=12, bound_ns=9)], []),
        ((10, 12), None, 10, [], [StateStraddles(name="s", low_ns=10, high_ns=12, bound_ns=10)]),
        ((10, 12), None, 12, [], []),
        (None, None, 12, [StateNotReached(name="s", window_ns=PLAN.window_ns)], []),
        (None, None, None, [], []),
    ],
)
def test_a_further_safe_state_is_held_to_both_its_bounds(
    interval: tuple[int, int] | None,
    least: int | None,
    most: int | None,
    fails: list[object],
    open_: list[object],
) -> None:
    latency = (
        None
        if interval is None
        else Latency(interval=Interval(low_ns=interval[0], high_ns=interval[1]), terms=())
    )
    found = replace(measurement(None, None), states=(StateSeen(name="s", latency=latency),))
    plan = replace(PLAN, states=(StateAsked(name="s", tests=(OPEN,), at_least_ns=least, at_most_ns=most),))
    told: tuple[list[object], list[object]] = ([], [])
    judge_states(found, plan, *told)  # type: ignore[arg-type]
    assert told == (fails, open_)
    judge_states(replace(found, onset=None), plan, *told)  # type: ignore[arg-type]
    assert told == (fails, open_)


# --- statistics ---


def test_tolerance_bounds_are_those_of_wilks_and_an_edge_supports_the_claim() -> None:
    claim = Claim(coverage=0.9, confidence=0.95)
    spans = [Interval(low_ns=k, high_ns=k + 3) for k in range(45)]
    found = tolerance_bounds(spans, claim)
    c0, c1 = 0.9**45, 45 * 0.1 * 0.9**44
    assert [(one.order, one.bound.low_ns, one.bound.high_ns, one.shots_needed) for one in found] == [
        (1, 44, 47, 29), (2, 43, 46, 46), (3, 42, 45, 61),
    ]  # fmt: skip
    assert [one.confidence for one in found[:2]] == pytest.approx([1 - c0, 1 - c0 - c1])
    assert found[0].coverage == pytest.approx(0.05 ** (1 / 45))
    assert len(tolerance_bounds(spans[:2], claim)) == 2
    edge = ToleranceBound(order=1, bound=spans[0], confidence=0.95, coverage=0.9, shots_needed=29)
    assert edge.supports(claim) and not replace(edge, confidence=0.9499).supports(claim)


def test_every_attempt_is_counted_and_what_is_undecided_is_no_success() -> None:
    verdicts = [Verdict.PASS] * 4 + [
        Verdict.FAIL,
        Verdict.GAP,
        Verdict.ERROR,
        Verdict.BLOCKED,
        Verdict.INCONCLUSIVE,
    ]
    claim = Claim()
    found = evidence([shot(k, one, None) for k, one in enumerate(verdicts)], claim)
    bound = found.failure_bound
    assert found == Evidence(claim=claim, attempts=9, judged=6, failures=2, undecided=3, failure_bound=bound)
    assert bound == pytest.approx(0.8313, abs=1e-4) and not found.clean and not found.supported
    clean = evidence([shot(k, Verdict.PASS, None) for k in range(59)], claim)
    assert clean.clean and clean.supported and clean.failure_bound == pytest.approx(1 - 0.05 ** (1 / 59))
    few = evidence([shot(k, Verdict.PASS, None) for k in range(58)], claim)
    assert few.clean and not few.supported
    assert claim_words(few) == (
        "0 of 58 not handled: failure share below 5.04 % with 95 % confidence; "
        "95 % handled would need 59 attempts with no failure"
    )
    assert claim_words(found).endswith("95 % handled would need 208 attempts with no further failure")
    assert claim_words(clean).endswith("with 95 % confidence; the claim of 95 % handled is supported")
    assert claim_words(evidence([], claim)) == "nothing was tried" and not evidence([], claim).supported


# --- uncertainty budgets ---


def test_what_the_terms_bound_and_the_interval_does_not_hold_is_told_by_its_cause() -> None:
    def of(width_ns: int, *terms: int, onset: int = 0, end: int = 0) -> list[tuple[NarrowedBy, int]]:
        latency = Latency(
            interval=Interval(low_ns=0, high_ns=width_ns),
            terms=tuple(Term(name="t", width_ns=one, note="") for one in terms),
        )
        found = narrowed(
            latency, Interval(low_ns=onset, high_ns=onset + 4), Interval(low_ns=end, high_ns=end + 9)
        )
        assert all(isinstance(one, Narrowing) for one in found)
        return [(one.by, one.width_ns) for one in found]

    assert of(10, 10) == [] and of(10) == []
    assert of(10, 7) == [(NarrowedBy.UNNAMED, -3)]
    assert of(10, 15, end=100) == [(NarrowedBy.LAST_OF_SEVERAL, 5)]
    assert of(10, 20, onset=100, end=100) == [
        (NarrowedBy.NEVER_NEGATIVE, 4),
        (NarrowedBy.NOT_BEFORE_CAUSE, 6),
    ]
    assert of(10, 20, onset=100, end=101) == [(NarrowedBy.NEVER_NEGATIVE, 3), (NarrowedBy.LAST_OF_SEVERAL, 7)]
    assert of(10, 12, onset=100, end=90) == [(NarrowedBy.NEVER_NEGATIVE, 2)]
    alone = Latency(interval=Interval(low_ns=0, high_ns=1), terms=(Term(name="t", width_ns=3, note=""),))
    assert narrowed(alone, None, None) == (Narrowing(by=NarrowedBy.LAST_OF_SEVERAL, width_ns=2),)


def test_the_budget_of_a_scenario_is_that_of_its_latest_shot_and_both_its_times() -> None:
    def latency(low: int, high: int) -> Latency:
        return Latency(
            interval=Interval(low_ns=low, high_ns=high),
            terms=(Term(name="t", width_ns=high - low, note="n"),),
        )

    def measured(k: int) -> object:
        onset = Interval(low_ns=1000, high_ns=1010)
        return replace(
            measurement(latency(90 + k, 110 + k), latency(200 - k, 220 - k)),
            onset=onset,
            detected=Interval(low_ns=1100 + k, high_ns=1110 + k),
            safe=Interval(low_ns=1210 - k, high_ns=1220 - k),
            at_terminal=Interval(low_ns=990 - k, high_ns=995),
            left_out=LeftOut.KNOWN,
            stamps=(StampUsed(channel="vehicle", source="kernel", u_ns=k),),
            rate_ppb=0,
            rate_why=f"w{k}",
        )

    budget = replace(
        OVERVOLTAGE, ftti_ns=231, fdti_ns=112, frti_ns=119
    )  # FHTI 231, which is not below FTTI: 230
    shots = [shot(7 + k, Verdict.PASS, measured(k)) for k in range(3)]  # type: ignore[arg-type]
    one = scenario(
        "s", "t", budget, [*shots, shot(20, Verdict.ERROR, None)], Verdict.PASS, timebase=Timebase.HOST
    )
    found = uncertainty_of(one)
    assert found == UncertaintyBudget(
        scenario_id="s", timebase=Timebase.HOST, left_out=LeftOut.KNOWN,
        left_out_range=Interval(low_ns=5, high_ns=22), left_out_shots=3,
        stamps=(StampUsed(channel="vehicle", source="kernel", u_ns=2),), rate_ppb=0, rate_why="w2",
        times=(
            TimeBudget(
                time="FDTI", shot=9, interval=Interval(low_ns=92, high_ns=112),
                terms=(Term(name="t", width_ns=20, note="n"),), narrowed=(), u_c_ns=6, guard_ns=10, guard_iso_ns=9,
                limit_ns=112, zone=Zone.ACCEPT, from_terminal=Interval(low_ns=107, high_ns=124),
                meets_from_terminal=False,
            ),
            TimeBudget(
                time="FHTI", shot=7, interval=Interval(low_ns=200, high_ns=220),
                terms=(Term(name="t", width_ns=20, note="n"),), narrowed=(), u_c_ns=6, guard_ns=10, guard_iso_ns=9,
                limit_ns=230, zone=Zone.ACCEPT, from_terminal=Interval(low_ns=215, high_ns=230),
                meets_from_terminal=True,
            ),
        ),
    )  # fmt: skip
    assert found is not None and [one.time for one in found.only_from_frame] == ["FDTI"]
    assert uncertainty_of(replace(one, mismatch=("m",))) is None
    unseen = shot(3, Verdict.FAIL, replace(measurement(latency(1, 2), None), onset=None))
    partly = uncertainty_of(replace(one, shots=(*shots, unseen)))
    assert partly is not None and partly.times[0].from_terminal is None
    assert (partly.times[0].meets_from_terminal, partly.left_out_shots) == (None, 3)
    quiet = scenario("q", "t", budget, [shot(1, Verdict.PASS, measurement(None, None))], Verdict.PASS)
    assert uncertainty_of(quiet) is None
    run = replace(sample_run(), scenarios=(quiet, one))
    assert uncertainty_of_run(run) == (found,)


@pytest.mark.parametrize(
    ("codes", "worst"),
    [
        ([LeftOut.KNOWN, LeftOut.NOTHING], LeftOut.NOTHING),
        ([LeftOut.KNOWN, LeftOut.NOTHING, LeftOut.COMMAND], LeftOut.COMMAND),
        ([LeftOut.COMMAND, LeftOut.DEVELOPS], LeftOut.DEVELOPS),
        ([LeftOut.DEVELOPS, LeftOut.NOT_RECORDED, LeftOut.KNOWN], LeftOut.NOT_RECORDED),
    ],
)
def test_what_is_left_out_is_the_worst_of_all_shots_and_then_nothing_is_known_of_it(
    codes: list[LeftOut], worst: LeftOut
) -> None:
    late = Latency(interval=Interval(low_ns=1, high_ns=2), terms=())
    shots = [
        shot(k, Verdict.PASS, replace(measurement(late, None), left_out=one)) for k, one in enumerate(codes)
    ]
    found = uncertainty_of(scenario("s", "t", OVERVOLTAGE, shots, Verdict.PASS))
    assert found is not None
    assert (found.left_out, found.left_out_range, found.left_out_shots) == (worst, None, 0)


# --- failure modes on a chemistry ---

MODE = FailureMode(
    id="FM", title="t", element="e", safety_goal="SG", faults=(), scenarios=(), severity=9, severity_source="a",
    frequency=3, frequency_source="b", occurrence=5, occurrence_source="c", given=("severity", "occurrence"),
    given_for=("nmc", "lto"),
    on=(
        OnChemistry(chemistry="lfp", severity=7, severity_source="d", occurrence=5, occurrence_source="e",
                    given=("severity",)),
        OnChemistry(chemistry="nmc", frequency=2, frequency_source="f"),
    ),
)  # fmt: skip


def test_a_failure_mode_on_a_chemistry_has_its_own_ratings_and_keeps_no_source_that_does_not_speak_of_it() -> (
    None
):
    assert on_chemistry(MODE, "lfp") == replace(
        MODE, severity=7, severity_source="d", occurrence_source="e", on=(), differs=("severity",), given=("severity",),
        given_here=("severity",),
    )  # fmt: skip
    assert on_chemistry(MODE, "nmc") == replace(
        MODE,
        frequency=2,
        frequency_source="f",
        on=(),
        differs=("frequency",),
        given_here=("severity", "occurrence"),
    )
    assert on_chemistry(MODE, "lto") == replace(MODE, on=(), given_here=("severity", "occurrence"))
    assert on_chemistry(MODE, "sodium") == replace(
        MODE, on=(), given=(), severity_source="assumed: the same as on nmc, lto (a)",
        occurrence_source="assumed: the same as on nmc, lto (c)",
    )  # fmt: skip
    assert on_chemistry(replace(MODE, given_for=()), "sodium") == replace(MODE, given_for=(), on=())


# --- two runs ---


def test_why_two_runs_cannot_be_compared_is_told_to_the_letter() -> None:
    one = replace(
        sample_run(), hashes={"rig": "a" * 64, "profile": "b" * 64, "dbc.x": "c" * 64}, chemistry="nmc"
    )
    other = replace(
        one, timebase=Timebase.HOST, rules=one.rules + 1, chemistry="lfp",
        hashes={"rig": "d" * 64, "profile": "b" * 64, "dbc.y": "e" * 64}, environment={"host": "lab"},
    )  # fmt: skip
    assert why_not_comparable(one, other) == (
        f"timebase: {one.timebase.value} against host",
        f"rules of judging: {one.rules} against {one.rules + 1}",
        "chemistry: nmc against lfp",
        "rig: aaaaaaaaaaaa against dddddddddddd",
        "dbc.x: cccccccccccc against none",
        "dbc.y: none against eeeeeeeeeeee",
    )
    assert why_not_comparable(other, replace(other, environment={"host": "desk"})) == (
        "host: lab against desk",
    )
    assert (
        why_not_comparable(one, replace(one, environment={"host": "desk"})) == ()
    )  # no clock of a machine is in it


def test_what_is_left_out_of_a_comparison_is_told_with_its_reason() -> None:
    base = sample_run(run_id="base")
    first = base.scenarios[0].scenario_id
    moved = replace(
        sample_run(run_id="new"), hashes={**base.hashes, f"scenario.{first}": "f" * 64},
        scenarios=(*base.scenarios[:2], replace(base.scenarios[2], scenario_id="added")),
    )  # fmt: skip
    found = compare(base, moved)
    last = [one.scenario_id for one in base.scenarios[2:]]
    assert found.left_out == (
        f"{first}: the scenario file differs between the runs",
        "added: not in base",
        *(f"{one}: not in new" for one in last),
    )
    altered = compare(base, base, altered=("a file",))
    assert (altered.refused, altered.altered, altered.metrics, altered.left_out) == (
        ("ALTERED a file",),
        True,
        (),
        (),
    )


# --- what stood before the arming ---

SAYS = (("overvoltage", "CellOvervoltage", 1.0, None),)
FLAGS = (Unexpected(what=What.FLAG, channel="vehicle", message="BMS_Faults", says=SAYS),)


@pytest.mark.parametrize("decoders", [DECODERS, REAL])
def test_between_what_the_bench_played_before_the_arming_the_dut_is_heard_by_itself(
    decoders: dict[str, object],
) -> None:
    """The flag is the DUT's news, though the frame before it on the bus, the bench's, told it already."""
    plan = replace(NOTHING, window_ns=1, unexpected=FLAGS, only_expected=True)
    flag = [DECODERS["vehicle"].encode("BMS_Faults", CellOvervoltage=k) for k in (0, 1)]
    trace = replace(trace_of(), frames=[])
    for at, k, sender in ((2, 0, "dut"), (4, 1, "bench"), (6, 1, "dut"), (20, 1, "dut")):
        trace.frame(at * MS, "vehicle", flag[k], sender)
    standing = replace(plan, standing=Standing(fails=True, reports=FLAGS))
    told = [one for one in measure(trace, standing, decoders).broken if isinstance(one, UnexpectedReport)]  # type: ignore[arg-type]
    since = When(offset_ns=-4 * MS, since=Since.ARMING)
    assert told == [UnexpectedReport(what=What.FLAG, name="overvoltage", when=since)]


@pytest.mark.parametrize("fails", [True, False])
def test_a_code_that_was_told_before_the_arming_and_again_is_told_with_its_number(fails: bool) -> None:
    codes = Codes(channel="vehicle", message="BMS_Dtc", signal="DtcCode", expected=(5,))
    dtc = DECODERS["vehicle"].encode("BMS_Dtc", DtcCode=7)
    trace = replace(trace_of((4, dtc), (20, dtc)))
    memory = facts.DtcRead(code=9, status=0x09, bits="", occurrences=None)
    trace.marks.insert(0, replace_mark(trace, memory))
    plan = replace(NOTHING, window_ns=1, only_expected=True, standing=Standing(fails=fails, codes=codes))
    found = measure(trace, plan, DECODERS)
    since = When(offset_ns=-6 * MS, since=Since.ARMING)
    held = [one for one in found.anomalies if isinstance(one, CodeHeldBefore)]
    wrong = [one for one in found.broken if isinstance(one, UnexpectedCode)]
    assert (wrong, held) == (
        ([UnexpectedCode(dtc=7, when=since)], []) if fails else ([], [CodeHeldBefore(dtc=7, when=since)])
    )


def replace_mark(trace: Trace, fact: facts.Fact) -> Mark[facts.Fact]:
    return trace.marks[0]._replace(t_ns=1, fact=fact)


def test_shots_fired_in_the_order_of_the_phase_tell_neither_independence_nor_a_trend() -> None:
    told = "fired in the order of the phase: not to be told from its effect"
    found = plausibility([Interval(low_ns=k, high_ns=k) for k in range(80)], shuffled=False)
    first, second, third, *_ = found.preconditions
    assert (first, second) == (
        Precondition(name="independence", holds=False, detail=told),
        Precondition(name="stationarity", holds=False, detail=told),
    )
    assert third.holds and (found.level_ns, found.level_95_ns, found.end_ns) == (None, None, None)


def test_runs_of_one_host_compare_and_runs_of_an_older_bench_still_need_the_same_profile() -> None:
    on_host = replace(sample_run(), timebase=Timebase.HOST, environment={"host": "lab"})
    assert why_not_comparable(on_host, on_host) == ()
    old, other = (replace(sample_run(), hashes={"config": "a" * 64, "profile": one * 64}) for one in "bc")
    assert why_not_comparable(old, other) == ("profile: bbbbbbbbbbbb against cccccccccccc",)


# --- a known gap ---


def test_an_estimate_within_a_known_gap_has_no_limit_but_the_gap_and_its_drift() -> None:
    asked = EstimateQuestion(
        name="soc", truth="soc", channel="vehicle", message="M", signal="S", gain=1.0, resolution=0.0, cycle_ns=1,
        after_ns=0, rms=0.01, max=0.02, band=0.03, converge_ns=7, drift_per_day=5.0,
    )  # fmt: skip
    found = replace(measurement(None, None), estimates=(EstimateFound(question=asked, n=9),))
    loosened, plan = up_to_the_gap(found, PLAN, GapBound(error_at_most=0.2))
    wanted = replace(asked, rms=None, max=0.2, band=None, converge_ns=None)
    assert loosened.estimates == (EstimateFound(question=wanted, n=9),)
    assert plan == PLAN
    assert up_to_the_gap(found, PLAN, GapBound(fdti_at_most_ns=1))[0] is found


# --- what follows another goal ---


def test_what_inherits_several_hazards_follows_the_worst_of_them_and_what_lends_follows_its_goal() -> None:
    high = replace(OVERVOLTAGE, asil="D", severity="S3", exposure="E4", controllability="C3")
    low = replace(OVERVOLTAGE, asil="QM", severity="S1", exposure="E1", controllability="C1")
    for order in (("low", "high"), ("high", "low")):
        heir, lender = replace(low, asil="A", inherits=order), replace(low, asil="A", of="high")
        goals = {"low": low, "high": high, "heir": heir, "lender": lender}
        found = followed(goals, [])
        assert found == {
            "low": low,
            "high": high,
            "heir": replace(high, inherits=order),
            "lender": replace(low, asil="D", of="high"),
        }
        assert followed(goals, ["heir", "lender"]) == {**found, "heir": heir}
