"""Traces made by hand for what no other test of the judge looks at: who is told of, with which figures, since when."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sample_run import measurement
from test_measure_trace import DBC, DECODERS, DTC, FAULT, MS, OPEN, OVER, PLAN, QUIET, shot

from bench.codec.database import Database
from bench.measure.claim import Claim
from bench.measure.contradiction import Contradictions
from bench.measure.crash import killed_or_not_up
from bench.measure.ending import EndedBy, Ending, EndQuestion, find_end
from bench.measure.excused import excused_spans
from bench.measure.finding.answer import SpreadBeforeAlarm, UnexpectedCode, UnexpectedReport
from bench.measure.finding.base import Since, When
from bench.measure.finding.life import BuildChanged, DutRestarted, FrameMisfit
from bench.measure.finding.plant import ClosedAgain, InsulationLost
from bench.measure.finding.standing import SafeStateLeft
from bench.measure.finding.stimulus import StimulusNotCarried, StimulusNotHeld
from bench.measure.glitch import too_long_a_glitch
from bench.measure.held_stimulus import lost_again
from bench.measure.hidden_glitch import longest_hidden
from bench.measure.interval import BENCH_LATENESS, Interval, LeftOut
from bench.measure.irregular import first_irregular
from bench.measure.lagging import doubts_of_late_plant
from bench.measure.measure import measure
from bench.measure.misfit import misfits
from bench.measure.only_expected import Codes, Standing, Unexpected, What
from bench.measure.plan import NOTHING, Aim, Plan
from bench.measure.plant_stages import spread_before
from bench.measure.questions import Question
from bench.measure.restart import _started_anew, find_restarts
from bench.measure.restart_sign import RestartSign, Sign
from bench.measure.shot import Shot
from bench.measure.signal_test import SignalTest
from bench.measure.staying import LOOKED_AFTER_HOLD_NS
from bench.measure.stood import Stood
from bench.measure.stored_codes import Before, codes_before, stored_anew
from bench.measure.stored_codes import tests_of_the_code as asked_of_the_code
from bench.measure.window import armed_window
from bench.timing.clock import Timebase
from bench.trace import facts
from bench.trace.events import CanFrame, FrameSeen, PlantStage
from bench.trace.irregular import Irregular, Irregularity
from bench.trace.stamping import Origin, Stamping
from bench.trace.timeline import Trace

DATABASE = Database.load(DBC / "bms.dbc")
REAL = {"vehicle": DATABASE}


def trace_of(*frames: tuple[int, CanFrame], sender: str = "dut", end: int = 600) -> Trace:
    """Armed at 10 ms, commanded at 100 ms, closed at `end`; (ms, frame) on the vehicle bus."""
    trace = Trace(
        timebase=Timebase.SIMULATED,
        stamping={"vehicle": Stamping(origin=Origin.SIMULATED, source="t", u_ns=0)},
    )
    trace.mark(10 * MS, facts.ObserversArmed(), "bench")
    trace.mark(100 * MS, facts.StimulusCommanded(fault="x"), "cells")
    for at, frame in frames:
        trace.frame(at * MS, "vehicle", frame, sender)
    trace.mark(end * MS, facts.WindowClosed(), "bench")
    return trace


def shot_of(trace: Trace, plan: Plan = PLAN) -> Shot:
    return Shot(trace=trace, window=armed_window(trace), plan=plan, decoders=DECODERS)


def cells(millivolts: float) -> CanFrame:
    return DECODERS["vehicle"].encode("BMS_CellMinMax", CellVoltageMax=millivolts)


# --- frames that fit no DBC ---


def test_a_short_frame_is_told_with_both_lengths_whatever_it_is_asked_for() -> None:
    asked = replace(NOTHING, heard=(("vehicle", "BMS_State", 50 * MS),))
    cyclic = next(
        one for one in DATABASE.messages if one.cycle_ns and one.name != "BMS_State" and "BMS" in one.senders
    )
    short = CanFrame(cyclic.can_id, bytes(cyclic.length - 1), cyclic.extended)
    found = misfits(trace_of((20, short), (30, short)), asked, REAL)
    assert found == [
        FrameMisfit(message=cyclic.name, length=cyclic.length - 1, expected_length=cyclic.length, count=2)
    ]


def test_an_fd_frame_of_that_id_is_held_to_its_length_and_a_29_bit_id_is_another_message() -> None:
    asked = replace(NOTHING, heard=(("vehicle", "BMS_State", 50 * MS),))
    state = DATABASE["BMS_State"]
    fd, other = (
        CanFrame(state.can_id, bytes(state.length - 1), state.extended, True),
        CanFrame(state.can_id, bytes(state.length - 1), not state.extended),
    )
    assert [one.count for one in misfits(trace_of((20, fd)), asked, REAL)] == [1]
    assert misfits(trace_of((20, other)), asked, REAL) == []


# --- the stimulus ---


def held(*shown_mv: float) -> list[StimulusNotHeld]:
    plan = replace(PLAN, held=(replace(OVER, value=4270.0),))
    frames = [(110 + 20 * k, cells(one)) for k, one in enumerate(shown_mv)]
    return lost_again(shot_of(trace_of(*frames), plan), 600 * MS)


def test_a_stimulus_is_lost_by_two_frames_in_a_row_and_not_by_two_with_it_between() -> None:
    assert held(3700, 3700, 4270, 4270) == []  # not yet there
    assert held(4270, 3700, 4270, 3700, 4270) == []
    found = StimulusNotHeld(
        message="BMS_CellMinMax", signal="CellVoltageMax", wanted=4270.0, found=3700.0, after_ns=60 * MS
    )
    assert held(4270, 4270, 3700, 3700, 3700) == [found]


def test_two_that_are_lost_in_one_frame_are_told_in_the_order_of_the_plan() -> None:
    both = (replace(OVER, value=4270.0), replace(OVER, value=4271.0))
    frames = [(110 + 20 * k, cells(one)) for k, one in enumerate((4280, 3700, 3700))]
    found = lost_again(shot_of(trace_of(*frames), replace(PLAN, held=both)), 600 * MS)
    assert [one.wanted for one in found] == [4270.0, 4271.0]


def test_a_value_that_is_never_carried_is_told_with_the_lowest_and_highest_that_were() -> None:
    frames = [(90, cells(4300)), (110, cells(4100)), (130, cells(4150)), (150, cells(4120))]
    plan = replace(PLAN, carried=(replace(OVER, value=4270.0),))
    told = [
        one
        for one in measure(trace_of(*frames), plan, DECODERS).bench_faults
        if isinstance(one, StimulusNotCarried)
    ]
    assert told == [
        StimulusNotCarried(
            message="BMS_CellMinMax", signal="CellVoltageMax", wanted=4270.0, lowest=4100.0, highest=4150.0
        )
    ]


def test_a_quiet_scenario_whose_stimulus_no_frame_shows_proves_nothing() -> None:
    found = measure(shot(onset=None, detect=None, safe=None, dtc=None), QUIET, DECODERS)
    assert "stimulus-unproven" in [one.code for one in found.bench_faults]


@pytest.mark.parametrize(("low", "high", "before"), [(100, 120, False), (111, 120, True), (110, 120, False)])
def test_a_fault_shown_within_its_actuation_is_not_before_its_readback(
    low: int, high: int, before: bool
) -> None:
    trace = shot()  # shown at 110 ms
    marks = [
        mark._replace(fact=facts.StimulusConfirmed(readback=True, low_ns=low * MS, high_ns=high * MS))
        if isinstance(mark.fact, facts.StimulusConfirmed)
        else mark
        for mark in trace.marks
    ]
    found = measure(replace(trace, marks=marks), PLAN, DECODERS)
    assert ("onset-before-readback" in [one.code for one in found.bench_faults]) is before


def test_a_late_bench_is_a_term_of_the_onset_by_its_name() -> None:
    trace = replace(shot(origin=Origin.ARRIVAL, u_ns=MS), timebase=Timebase.HOST)
    trace.mark(150 * MS, facts.BenchLate(late_ns=2 * MS), "bench")
    found = measure(trace, PLAN, DECODERS)
    assert found.fdti is not None
    assert (BENCH_LATENESS, "onset") in [(one.name, one.note) for one in found.fdti.terms]


# --- irregular messages ---

NEXT = Irregularity(
    channel="vehicle",
    message="BMS_CellMinMax",
    what=Irregular.NEXT,
    signal="CellVoltageMax",
    cycle_ns=20 * MS,
)


def next_of(asked: Irregularity, *frames: tuple[float, float]) -> tuple[int, int] | None:
    seen = [FrameSeen(round(at * MS), "vehicle", cells(mv), "bench") for at, mv in frames]
    found = first_irregular(asked, REAL["vehicle"]["BMS_CellMinMax"], seen, 100 * MS, 600 * MS)
    return None if found is None else (found.low_ns, found.high_ns)


def test_a_value_that_stands_at_zero_tells_nothing_by_a_share_of_itself() -> None:
    by_share = replace(NEXT, step_share=0.1)
    assert next_of(by_share, (95, 0), (102, 0), (122, 0)) == (102 * MS, 122 * MS)
    assert next_of(by_share, (95, 3000), (102, 3600), (122, 3600)) == (102 * MS, 102 * MS)


def test_what_comes_without_any_rest_between_is_no_sweep() -> None:
    steps = [(90 + 2.3 * k, 3700.0) for k in range(12)]  # between an eighth and a ninth of the cycle
    low_ns, high_ns = next_of(NEXT, *steps) or (0, 0)
    assert (low_ns, high_ns) == (round((90 + 2.3 * 5) * MS), round((90 + 2.3 * 9) * MS))


def test_the_first_sweep_of_all_began_with_its_first_frame() -> None:
    sweep = [(99.5, 3700.0), (100.5, 3700.0), (101.5, 3700.0)]  # made up together, before the command
    assert next_of(NEXT, *sweep, (119.5, 3700.0), (120.5, 3700.0)) == (119_500_000, 119_500_000)


def test_nothing_hidden_was_shown_where_no_frame_was_made_under_it() -> None:
    trace = trace_of((90, cells(3700)), (300, cells(3700)))
    trace.mark(120 * MS, facts.StimulusCleared(fault="x", owner="step 0", why="done"), "cells")
    plan = replace(PLAN, onset_irregular=(NEXT,))
    assert longest_hidden(trace, armed_window(trace), plan, DECODERS) is None


@pytest.mark.parametrize(("u_us", "told"), [(4_999, False), (5_000, True)])
def test_how_long_a_glitch_was_is_known_as_far_as_its_own_stamps(u_us: int, told: bool) -> None:
    frames = [(110, cells(4270)), (160, cells(3700))]
    stamping = {
        "vehicle": Stamping(origin=Origin.ARRIVAL, source="t", u_ns=u_us * 1000),
        "sense": Stamping(origin=Origin.ARRIVAL, source="t", u_ns=0),
    }
    trace = replace(trace_of(*frames), timebase=Timebase.HOST, stamping=stamping)
    plan = replace(PLAN, glitch_under_ns=60 * MS)
    found = too_long_a_glitch(trace, armed_window(trace), plan, DECODERS)
    assert [(one.shown_ns, one.limit_ns) for one in found if hasattr(one, "shown_ns")] == (  # type: ignore[attr-defined]
        [(50 * MS, 60 * MS)] if told else []
    )


# --- what the DUT says ---


def test_frames_that_take_back_within_a_cycle_contradict_each_other_late_in_a_shot_too() -> None:
    heard = Contradictions()
    question = Question(FAULT, DECODERS)
    cycle_ns = question.cycle_ns
    at_ns = 500 * cycle_ns
    heard.changed(question, at_ns, at_ns - cycle_ns)
    heard.changed(question, at_ns + cycle_ns // 2, at_ns)
    assert [(one.message, one.count) for one in heard.told()] == [("BMS_Faults", 1)]
    heard.changed(question, at_ns + 9 * cycle_ns, at_ns + 8 * cycle_ns)
    assert [one.count for one in heard.told()] == [1]


def test_who_denies_it_after_the_claim_and_never_agrees_is_named() -> None:
    first, second = Question(FAULT, DECODERS), Question(OPEN, DECODERS)
    encode = DECODERS["vehicle"].encode
    claim = Claim([first, second], replace(NOTHING, flag_stands=True))
    first.hear(1, encode("BMS_Faults", CellOvervoltage=1).data)
    claim.hear(first, 1, b"", True, None)
    assert claim.deniers(claim.series[0]) == []  # not heard: that is no denial
    second.hear(2, encode("BMS_State", ContactorPlusCommand=1).data)
    claim.hear(second, 2, b"", False, None)
    assert claim.deniers(claim.series[0]) == [OPEN]


def test_a_witness_that_denies_is_told_by_its_question() -> None:
    plan = replace(PLAN, detection=(FAULT, CLOSING_IS_SAID), flag_stands=True, forbidden=())
    found = measure(shot(), plan, DECODERS)
    assert [one.test for one in found.anomalies if one.code == "witness-denies"] == [CLOSING_IS_SAID]  # type: ignore[attr-defined]


CLOSING_IS_SAID = SignalTest(
    channel="vehicle", message="BMS_State", signal="PrechargeCommand", op="==", value=1
)


def test_a_safe_state_that_held_before_is_told_once_and_a_lasting_answer_still_counts() -> None:
    found = measure(shot(safe=20), PLAN, DECODERS)
    assert [one.code for one in found.broken].count("safe-state-before-fault") == 1
    standing = measure(shot(detect=20), PLAN, DECODERS)
    assert [one.code for one in standing.broken].count("reported-before-fault") == 1


def test_the_instant_of_the_safe_state_is_the_frame_that_completed_it() -> None:
    """The hold is counted from it: 100 ms that begin at 260 ms end at 360 ms."""
    ends = {
        end: [one.code for one in measure(shot(end=end), PLAN, DECODERS).bench_faults] for end in (359, 360)
    }
    assert "hold-cut-short" in ends[359] and "hold-cut-short" not in ends[360]


def test_what_the_bench_asked_for_in_that_very_instant_is_no_leaving() -> None:
    plan = replace(PLAN, flag_stands=True, stays=(OPEN,), hold_ns=100 * MS)
    left = 260 + 100 + 20

    def codes(asked: int | None) -> list[str]:
        trace = shot(reopen=left, end=260 + 100 + LOOKED_AFTER_HOLD_NS // MS)
        if asked is not None:
            trace.mark(asked * MS, facts.Requested(mode="drive", value=1), "bench")
        return [one.code for one in measure(trace, plan, DECODERS).broken]

    assert "safe-state-left" in codes(None)
    broken = measure(shot(reopen=left, end=560), plan, DECODERS).broken
    assert [one.after_ns for one in broken if isinstance(one, SafeStateLeft)] == [(left - 260) * MS]
    assert "safe-state-left" not in codes(left)
    assert "safe-state-left" in codes(260)  # asked when it was not yet safe


def test_a_dut_without_a_sign_of_life_may_boot_after_a_reset_for_as_long_as_it_is_put_on() -> None:
    trace = trace_of()
    confirmed = facts.StimulusConfirmed(readback=True, low_ns=None, high_ns=None, step=3)
    trace.mark(120 * MS, facts.StimulusCommanded(fault="reset", step=3), "supply")
    trace.mark(140 * MS, confirmed, "supply")
    asked = replace(PLAN, heard=(), own=(), silenced_by=((3, True),))
    assert excused_spans(shot_of(trace, asked)) == ((120 * MS, 140 * MS),)


# --- restarts ---


def restarts(sign: Sign, *frames: tuple[int, float]) -> list[BuildChanged | DutRestarted]:
    asked = RestartSign(sign=sign, channel="vehicle", message="BMS_CellMinMax", signal="CellVoltageMax")
    trace = trace_of(*((at, cells(value)) for at, value in frames))
    trace.mark(15 * MS, facts.DutHeard(state="init"), "bench")
    plan = replace(PLAN, restarts=(asked,))
    return find_restarts(shot_of(trace, plan), None, DECODERS)


def test_a_restart_and_another_build_are_told_with_where_and_when() -> None:
    since = When(offset_ns=50 * MS, since=Since.COMMAND)
    where = {
        "message": "BMS_CellMinMax",
        "signal": "CellVoltageMax",
        "since": since,
        "before": 3.0,
        "after": 4.0,
    }
    assert restarts(Sign.RESET_COUNT, (20, 3), (150, 4)) == [DutRestarted(sign=Sign.RESET_COUNT, **where)]  # type: ignore[arg-type]
    assert restarts(Sign.BUILD, (12, 3), (150, 4)) == [BuildChanged(**where)]  # type: ignore[arg-type]


def test_an_uptime_that_has_overflowed_is_no_restart() -> None:
    asked = RestartSign(sign=Sign.UPTIME, channel="c", message="M", signal="S", highest=100.0)
    began = {(before, after): _started_anew(asked, before, after) for before, after in UPTIMES}
    assert began == {
        (95.0, 5.0): False,
        (94.9, 5.0): True,
        (95.0, 5.1): True,
        (5.0, 5.0): False,
        (3.0, 2.9): True,
    }


UPTIMES = ((95.0, 5.0), (94.9, 5.0), (95.0, 5.1), (5.0, 5.0), (3.0, 2.9))


# --- trouble codes ---


def codes_of(*marks: tuple[int, facts.Fact]) -> Trace:
    trace = trace_of()
    return replace(trace, marks=sorted([*trace.marks, *_made(marks)], key=lambda one: one.t_ns))


def _made(marks: tuple[tuple[int, facts.Fact], ...]) -> Iterator[object]:
    other = Trace(timebase=Timebase.SIMULATED, stamping={})
    for at, fact in marks:
        other.mark(at * MS, fact, "dut")
    yield from other.marks


def read(code: int, status: int = 0x09) -> facts.DtcRead:
    return facts.DtcRead(code=code, status=status, bits="", occurrences=None)


def test_what_was_read_before_the_memory_was_cleared_is_told_and_no_longer_stands() -> None:
    trace = codes_of((1, read(5)), (2, read(6)), (3, facts.DtcsCleared()), (4, read(6)))
    before = codes_before(trace, PLAN, DECODERS)
    assert set(before.read) == {6} and before.was_read
    told = [one for one in before.told if one.code == "codes-stored-before"]
    assert [(one.codes, one.left) for one in told] == [((5, 6), (6,))]  # type: ignore[attr-defined]


def test_a_code_in_a_frame_is_kept_with_its_status_and_count_before_the_arming() -> None:
    frame = DECODERS["vehicle"].encode("BMS_Dtc", DtcCode=0x1A0117, DtcStatus=9, DtcOccurrences=3)
    plan = replace(PLAN, dtc_beside=("DtcStatus", "DtcOccurrences"))
    before = codes_before(trace_of((5, frame)), plan, DECODERS)
    assert before.heard == {0x1A0117: Stood(status=9, occurrences=3)}
    bare = codes_before(trace_of((5, frame)), replace(plan, dtc_beside=("", "")), DECODERS)
    assert bare.heard == {0x1A0117: Stood()}


def test_a_memory_says_nothing_of_codes_where_none_are_asked_for() -> None:
    says = (("undervoltage", "CellUndervoltage", 1.0, None),)
    reports = (Unexpected(what=What.FLAG, channel="vehicle", message="BMS_Faults", says=says),)
    plan = replace(PLAN, unexpected=reports, codes=None, only_expected=True)
    marks = [*shot().marks, *_made(((1, read(5)), (590, read(5)), (591, read(7))))]
    trace = replace(shot(), marks=sorted(marks, key=lambda one: one.t_ns))  # type: ignore[attr-defined]
    assert not [one for one in measure(trace, plan, DECODERS).broken if isinstance(one, UnexpectedCode)]


def test_a_code_that_came_only_into_the_memory_is_new() -> None:
    assert stored_anew(codes_of((1, read(5)), (590, read(5)), (591, read(7)))) == {7: 591 * MS}


def test_only_status_and_occurrences_show_that_a_code_that_stood_came_again() -> None:
    plan = replace(PLAN, dtc_beside=("Status", "Occurrences"))
    before = Before(heard={0x1A0117: Stood(status=0x08, occurrences=3)})
    asked = [(one.together[-1].signal, one.together[-1].op) for one in asked_of_the_code(plan, before)]
    assert ("Occurrences", ">") in asked and ("Status", "has") in asked
    silent = replace(before, heard={0x1A0117: Stood()})
    assert asked_of_the_code(plan, silent) == ()
    assert {one.hex_digits for one in asked_of_the_code(plan, before)} == {DTC.hex_digits}


def test_a_code_that_nobody_expects_is_told_by_its_number() -> None:
    codes = Codes(channel="vehicle", message="BMS_Dtc", signal="DtcCode", expected=(0x30099,))
    plan = replace(PLAN, codes=codes, only_expected=True)
    found = [one for one in measure(shot(), plan, DECODERS).broken if isinstance(one, UnexpectedCode)]
    assert [(one.dtc, one.stored) for one in found] == [(0x1A0117, False)]
    memory = [*shot().marks, *_made(((1, read(5)), (590, read(5)), (591, read(7))))]
    plain = replace(shot(), marks=sorted(memory, key=lambda one: one.t_ns))  # type: ignore[attr-defined]
    assert not [one for one in measure(plain, PLAN, DECODERS).broken if isinstance(one, UnexpectedCode)]


def test_a_report_that_held_before_the_arming_is_told_with_since_when() -> None:
    says = (("overvoltage", "CellOvervoltage", 1.0, None),)
    reports = (Unexpected(what=What.FLAG, channel="vehicle", message="BMS_Faults", says=says),)
    plan = replace(QUIET, standing=Standing(reports=reports, fails=False), detection=())
    stands = DECODERS["vehicle"].encode("BMS_Faults", CellOvervoltage=1)
    found = measure(trace_of((4, stands), (20, stands)), plan, DECODERS)
    told = [one for one in found.anomalies if one.code == "report-held-before"]
    assert [(one.name, one.when.offset_ns, one.when.since) for one in told] == [  # type: ignore[attr-defined]
        ("overvoltage", -6 * MS, Since.ARMING)
    ]


# --- the plant ---


def state(**other: float | bool) -> facts.PlantState:
    usual = {
        "closed": True,
        "current_a": 0.0,
        "hottest_c": 25.0,
        "pack_v": 400.0,
        "nominal_v": 400.0,
        "iso_ohm_per_v": 900.0,
    }
    return facts.PlantState(**{**usual, **other})  # type: ignore[arg-type]


def ended(asked: EndQuestion, *states: facts.PlantState) -> tuple[EndedBy | None, int | None]:
    ending = Ending(asked)
    for at, one in enumerate(states):
        ending.hear(at, one)
    return ending.by, ending.at_ns


def test_each_end_of_a_protection_test_at_its_edge() -> None:
    hotter, share = EndQuestion(observe_ns=0, hotter_c=50.0), EndQuestion(observe_ns=0, share=0.5)
    assert ended(hotter, state(hottest_c=50.0)) == (None, None)
    assert ended(hotter, state(), state(hottest_c=50.1), state(hottest_c=60.0)) == (EndedBy.HOTTER, 1)
    assert ended(share, state(pack_v=200.1), state(pack_v=200.0)) == (EndedBy.SHARE, 1)
    assert ended(EndQuestion(observe_ns=0, after_ns=2), state(), state(), state()) == (EndedBy.TIME, 2)
    assert ended(EndQuestion(observe_ns=0), state(hottest_c=999.0, pack_v=0.0)) == (None, None)


def test_after_its_end_only_what_had_opened_can_close_again() -> None:
    trace = trace_of()
    for at, closed in ((20, True), (30, True), (40, False), (50, True), (60, True)):
        trace.mark(at * MS, state(closed=closed), "plant")
    asked = EndQuestion(observe_ns=0, after_ns=0)
    assert find_end(trace, asked, armed_window(trace), None).problems == (ClosedAgain(after_end_ns=30 * MS),)


@pytest.mark.parametrize(("alarm_ms", "told"), [((300, 310), False), ((301, 310), True), (None, True)])
def test_another_cell_ran_away_before_the_alarm_or_not(alarm_ms: tuple[int, int] | None, told: bool) -> None:
    trace = trace_of()
    stage = facts.StageReached(
        stage=PlantStage.RUNAWAY, cell=8, low_ns=290 * MS, high_ns=300 * MS, temp_c=200.0, voltage_v=3.0
    )
    trace.mark(300 * MS, stage, "plant")
    alarm = None if alarm_ms is None else Interval(low_ns=alarm_ms[0] * MS, high_ns=alarm_ms[1] * MS)
    assert spread_before(trace, (7,), alarm) == ([SpreadBeforeAlarm(cell=8)] if told else [])
    assert spread_before(trace, (7, 8), alarm) == []


def test_what_the_dut_says_while_the_plant_was_late_is_in_doubt() -> None:
    trace = trace_of()
    moved = facts.ContactorsFollowed(
        plus=False, minus=False, precharge=False, low_ns=200 * MS, high_ns=290 * MS
    )
    trace.mark(300 * MS, moved, "plant")

    def doubts(at: int) -> list[str]:
        said = UnexpectedReport(what=What.FLAG, name="x", when=When(offset_ns=at * MS, since=Since.ONSET))
        return [one.code for one in doubts_of_late_plant(trace, [said], 100 * MS)]

    assert doubts(150) and not doubts(50) and not doubts(5000)


def test_a_shot_that_was_kept_from_its_start_by_a_frame_of_another_length_measures_nothing() -> None:
    trace = Trace(timebase=Timebase.SIMULATED, stamping={})
    short = DATABASE["BMS_State"]
    trace.frame(5 * MS, "vehicle", CanFrame(short.can_id, bytes(short.length - 1), short.extended), "dut")
    trace.mark(90 * MS, facts.PreconditionMissed(reason="not in drive"), "bench")
    found = measure(trace, replace(PLAN, heard=(("vehicle", "BMS_State", 50 * MS),)), REAL)
    assert found.not_begun and found.onset is None
    assert [one.code for one in (*found.broken, *found.misfits)] == ["not-begun", "frame-misfit"]


def test_a_memory_that_could_not_be_read_is_told_with_why() -> None:
    trace = shot()
    trace.mark(595 * MS, facts.DtcUnread(problem="it said no"), "dut")
    plan = replace(PLAN, dtc_status=("confirmed",))
    assert measure(trace, plan, DECODERS).dtc_status_problem == "it said no"
    assert measure(shot(), plan, DECODERS).dtc_status_problem == "it was never asked"


def test_a_build_that_was_not_refused_is_not_taken_for_refused() -> None:
    assert measure(shot(), replace(PLAN, aim=Aim.MUST_REFUSE), DECODERS).refused is None
    assert measurement(None, None).refused is None


def test_a_fault_shown_in_the_frame_of_the_command_itself_began_then() -> None:
    trace = trace_of((90, cells(3700)), (100, cells(4300)), (120, cells(4300)))
    trace.mark(101 * MS, facts.StimulusConfirmed(readback=True, low_ns=99 * MS, high_ns=101 * MS), "cells")
    onset = measure(trace, PLAN, DECODERS).onset
    assert onset is not None and onset.high_ns == 100 * MS


@pytest.mark.parametrize(("status", "code"), [(3, "dut-not-up"), (-9, "dut-killed"), (137, "dut-killed")])
def test_how_a_dut_ended_before_it_was_heard_is_told_with_its_status(status: int, code: str) -> None:
    trace = trace_of()
    trace.mark(20 * MS, facts.DutCrashed(reason="it ended", status=status), "dut")
    found = killed_or_not_up(trace)
    assert found is not None and found.code == code
    assert (found.said, found.status) == ("it ended", status)  # type: ignore[attr-defined]
    trace.mark(10 * MS, facts.DutHeard(state="init"), "bench")
    assert (killed_or_not_up(trace) is None) is (code == "dut-not-up")


def test_a_report_that_comes_and_goes_before_the_fault_is_told_once() -> None:
    flag = [DECODERS["vehicle"].encode("BMS_Faults", CellOvervoltage=k) for k in (0, 1)]
    says = [(15 + 20 * k, flag[k % 2]) for k in range(5)]
    trace = trace_of(*says, (110, cells(4300)))
    trace.mark(101 * MS, facts.StimulusConfirmed(readback=True, low_ns=99 * MS, high_ns=101 * MS), "cells")
    assert [one.code for one in measure(trace, PLAN, DECODERS).broken].count("reported-before-fault") == 1


def test_what_the_bench_played_before_the_arming_is_no_report_of_the_dut() -> None:
    says = (("overvoltage", "CellOvervoltage", 1.0, None),)
    reports = (Unexpected(what=What.FLAG, channel="vehicle", message="BMS_Faults", says=says),)
    plan = replace(QUIET, unexpected=reports, only_expected=True, detection=())
    flag = [DECODERS["vehicle"].encode("BMS_Faults", CellOvervoltage=k) for k in (0, 1)]
    trace = Trace(timebase=Timebase.SIMULATED, stamping=dict(trace_of().stamping))
    for at, k, sender in ((2, 0, "dut"), (4, 1, "bench"), (20, 1, "dut")):
        trace.frame(at * MS, "vehicle", flag[k], sender)
    trace.marks.extend(trace_of().marks)
    told = [one for one in measure(trace, plan, DECODERS).broken if isinstance(one, UnexpectedReport)]
    assert [one.name for one in told] == ["overvoltage"]


def test_a_signal_that_is_clipped_after_the_safe_state_is_no_doubt() -> None:
    clipped = facts.SignalClipped(
        signal="S", quantity="cell voltage", value=5.0, carried=4.2, off_scale=False
    )

    def doubts(at: int) -> list[str]:
        trace = shot()
        trace.mark(at * MS, clipped, "bench")
        return [one.code for one in measure(trace, PLAN, DECODERS).doubts]

    assert doubts(200) == ["signal-clipped"] and doubts(400) == []


def test_a_confirmation_that_is_no_readback_serves_where_none_is_asked_for() -> None:
    trace = shot()
    marks = [
        mark._replace(fact=facts.StimulusConfirmed(readback=False, low_ns=100 * MS, high_ns=105 * MS))
        if isinstance(mark.fact, facts.StimulusConfirmed)
        else mark
        for mark in trace.marks
    ]
    pin = replace(PLAN, onset=(), confirm_by_readback=False)
    found = measure(replace(trace, marks=marks), pin, DECODERS)
    assert found.onset == Interval(low_ns=100 * MS, high_ns=105 * MS)
    asked = measure(replace(trace, marks=marks), replace(pin, confirm_by_readback=True), DECODERS)
    assert asked.onset is None and "no-readback" in [one.code for one in asked.bench_faults]


def test_the_hottest_cell_is_stable_over_exactly_that_time() -> None:
    asked = EndQuestion(observe_ns=0, stable_k=1.0, stable_ns=2)
    steps = [state(hottest_c=c) for c in (20.0, 25.0, 25.5, 25.5)]
    assert ended(asked, *steps) == (EndedBy.STABLE, 3)  # from 1 to 3; at 2 the 20 °C of 0 still count
    assert ended(asked, *steps[:3]) == (None, None)


def test_what_its_frames_are_themselves_leaves_nothing_out() -> None:
    asked = replace(NEXT, signal=None)
    frames = [(at, cells(3700)) for at in range(10, 200, 20)]
    trace = trace_of(*frames)
    trace.mark(101 * MS, facts.StimulusConfirmed(readback=False, low_ns=99 * MS, high_ns=101 * MS), "cells")
    plan = replace(PLAN, onset=(), onset_irregular=(asked,), onset_step=0, confirm_by_readback=False)
    found = measure(trace, plan, REAL)
    assert found.onset is not None and found.left_out is LeftOut.NOTHING
    shown = measure(trace, replace(plan, onset_irregular=(NEXT,)), REAL)
    assert shown.onset is not None and shown.left_out is not LeftOut.NOTHING


def test_a_flag_that_goes_within_the_hold_is_none_and_one_that_goes_after_it_is() -> None:
    plan = replace(PLAN, flag_stands=True, hold_ns=100 * MS)

    def codes(gone: int) -> list[str]:
        trace = shot()
        none = DECODERS["vehicle"].encode("BMS_Faults", CellOvervoltage=0)
        faults = [
            seen._replace(frame=none) if seen.frame.can_id == none.can_id and seen.t_ns >= gone * MS else seen
            for seen in trace.frames
        ]
        return [one.code for one in measure(replace(trace, frames=faults), plan, DECODERS).broken]

    assert "flag-not-held" in codes(300)  # safe at 260, held until 360
    assert "flag-not-held" not in codes(450)


def test_a_shot_without_a_frame_is_measured_all_the_same() -> None:
    trace = shot()
    trace.mark(700 * MS, facts.RunEnded(), "bench")
    found = measure(replace(trace, frames=[], timebase=Timebase.HOST), PLAN, DECODERS)
    assert found.onset is None and "stimulus-unproven" in [one.code for one in found.bench_faults]


@pytest.mark.parametrize(("end_ns", "short"), [(270 * MS, False), (270 * MS - 1, True)])
def test_a_mode_has_to_be_held_to_the_nanosecond(end_ns: int, short: bool) -> None:
    trace = Trace(timebase=Timebase.SIMULATED, stamping=dict(trace_of().stamping))
    trace.mark(10 * MS, facts.ObserversArmed(), "bench")
    trace.mark(100 * MS, facts.Requested(mode="drive", value=1), "bench")
    for at in range(20, 300, 50):
        frame = DECODERS["vehicle"].encode("BMS_State", ContactorPlusCommand=int(at < 150))
        trace.frame(at * MS, "vehicle", frame, "dut")
    trace.mark(end_ns, facts.WindowClosed(), "bench")
    plan = replace(PLAN, aim=Aim.MUST_REACH, reached=((OPEN,),), hold_ns=100 * MS, window_ns=400 * MS)
    faults = [one.code for one in measure(trace, plan, DECODERS).bench_faults]
    assert ("hold-cut-short" in faults) is short


def test_an_end_by_a_stable_temperature_needs_both_of_its_figures() -> None:
    flat = [state(hottest_c=20.0)] * 4
    assert ended(EndQuestion(observe_ns=0, stable_k=1.0), *flat) == (None, None)
    assert ended(EndQuestion(observe_ns=0, stable_ns=1), *flat) == (None, None)


@pytest.mark.parametrize(("sender", "stored"), [("dut", False), ("bench", True)])
def test_a_code_told_after_what_counts_is_told_by_the_dut_only(sender: str, stored: bool) -> None:
    codes = Codes(channel="vehicle", message="BMS_Dtc", signal="DtcCode", expected=(0x1A0117,))
    plan = replace(PLAN, codes=codes, only_expected=True)
    trace = shot()
    late = DECODERS["vehicle"].encode("BMS_Dtc", DtcCode=7)
    trace.frame(700 * MS, "vehicle", late, sender)
    marks = [*trace.marks, *_made(((1, read(5)), (590, read(5)), (591, read(7))))]
    trace = replace(trace, marks=sorted(marks, key=lambda one: one.t_ns))  # type: ignore[attr-defined]
    told = [one for one in measure(trace, plan, DECODERS).broken if isinstance(one, UnexpectedCode)]
    assert [(one.dtc, one.stored) for one in told] == ([(7, True)] if stored else [])


def test_an_insulation_that_is_lost_is_told_once() -> None:
    trace = trace_of()
    for at, ohm in ((20, 90.0), (30, 500.0), (40, 99.9), (50, 50.0)):
        trace.mark(at * MS, state(iso_ohm_per_v=ohm), "plant")
    found = find_end(trace, EndQuestion(observe_ns=0, after_ns=10 * MS), armed_window(trace), None)
    assert found.problems == (InsulationLost(ohm_per_v=99.9, after_end_ns=10 * MS),)
