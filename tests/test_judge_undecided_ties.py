"""Who wins where two things are equally long or come at once, and what was never denied."""

from dataclasses import replace
from typing import Any

import pytest
from test_judge_at_ties import counted
from test_judge_on_traces import DATABASE, DECODERS, MS, REAL, cells, shot_of, trace_of
from test_measure_ending import ended
from test_measure_estimation import ASKED, WHOLE, S
from test_measure_estimation import DECODERS as PACK
from test_measure_trace import FAULT, OPEN, OVER, PLAN

from bench.measure.announced import Announced
from bench.measure.ending import EndedBy, EndQuestion
from bench.measure.estimation import samples_of
from bench.measure.excused import excused_spans
from bench.measure.finding.bench import GlitchTooLong
from bench.measure.finding.life import FrameSkipped
from bench.measure.glitch import too_long_a_glitch
from bench.measure.interval import Interval
from bench.measure.measure import measure
from bench.measure.plan import NOTHING
from bench.measure.reaction import reactions
from bench.measure.shot import Seen
from bench.measure.window import armed_window
from bench.timing.clock import Timebase
from bench.trace import facts
from bench.trace.events import CanFrame
from bench.trace.timeline import Trace
from bench.verdict.extremes import _pareto
from bench.verdict.paired import Pair, Pairs

# --- a delay between report and opening ---

ONSET = Seen(interval=Interval(low_ns=110 * MS, high_ns=110 * MS), t_ns=110 * MS, terms=())


def flag(on: int) -> CanFrame:
    return DECODERS["vehicle"].encode("BMS_Faults", CellOvervoltage=on)


def coil(closed: int) -> CanFrame:
    return DECODERS["vehicle"].encode("BMS_State", ContactorPlusCommand=closed)


def delays(*frames: tuple[int, CanFrame]) -> list[tuple[float, float]]:
    """(shortest, longest) delay in ms of each reaction that was seen; the onset was at 110 ms."""
    announced = (Announced(tests=(FAULT,), floor_ns=0),)
    found = reactions(shot_of(trace_of(*frames)), ONSET, None, announced, (OPEN,))
    return [(one.latency.interval.low_ns / MS, one.latency.interval.high_ns / MS) for one in found]


def test_a_delay_is_from_the_report_to_the_opening_within_what_denied_them() -> None:
    heard = (20, flag(0)), (30, coil(1)), (200, flag(0)), (220, flag(1)), (250, coil(1)), (260, coil(0))
    assert delays(*heard) == [(30, 60)]


def test_a_coil_that_nobody_heard_closed_has_not_opened() -> None:
    assert delays((20, flag(0)), (220, flag(1)), (260, coil(0)), (270, coil(0))) == []


def test_a_report_that_comes_only_now_and_then_was_not_so_before() -> None:
    heard = (30, coil(1)), (220, flag(1)), (250, coil(1)), (260, coil(0))
    assert [high for _, high in delays(*heard)] == [150]  # from the onset on


def test_what_held_before_the_onset_is_no_report_of_it() -> None:
    assert delays((20, flag(1)), (30, coil(1)), (220, flag(1)), (260, coil(0))) == []
    assert delays((20, flag(0)), (30, coil(0)), (220, flag(1)), (260, coil(0))) == []


# --- ends, glitches and pairs ---


@pytest.mark.parametrize(
    ("signalled_s", "by", "at_s"),
    [(6.9, EndedBy.SIGNAL, 6.9), (7, EndedBy.CUT_OFF, 7), (8, EndedBy.CUT_OFF, 7)],
)
def test_what_the_pack_did_ends_a_test_before_what_the_dut_says_at_that_instant(
    signalled_s: float, by: EndedBy, at_s: float
) -> None:
    found = ended(EndQuestion(observe_ns=0, signal=True, cut_off=True), signalled_s, closed={7: False})
    assert (found.by, found.at_ns) == (by, round(at_s * S))


@pytest.mark.parametrize(
    ("last_ms", "message"), [(549, "BMS_Faults"), (550, "BMS_CellMinMax"), (551, "BMS_CellMinMax")]
)
def test_of_two_glitches_that_last_equally_long_the_first_is_told(last_ms: int, message: str) -> None:
    """One from 110 to 160 ms by a voltage, one by a flag from `last_ms` to the end of the window at 600 ms."""
    trace = trace_of((110, cells(4270)), (160, cells(3700)), (last_ms, flag(1)))
    plan = replace(PLAN, onset=(OVER, FAULT), glitch_under_ns=10 * MS)
    found = too_long_a_glitch(trace, armed_window(trace), plan, DECODERS)
    shown_ns = max(50, 600 - last_ms) * MS
    assert found == [GlitchTooLong(message=message, shown_ns=shown_ns, limit_ns=10 * MS)]


@pytest.mark.parametrize(("n", "within_ns", "same"), [(59, 10.5, True), (59, 10.0, False), (58, 10.5, False)])
def test_a_pair_that_is_apart_by_all_that_is_allowed_is_not_the_same(
    n: int, within_ns: float, same: bool
) -> None:
    found = Pairs(both=(Pair(apart_ns=10, hidden_ns=4.0, moved_ns=0.0),) * n, alone=0)
    assert found.same_within(within_ns, 0.0) == (within_ns if same else None)


def test_what_a_report_hides_allows_no_more_than_that() -> None:
    found = Pairs(both=(Pair(apart_ns=10, hidden_ns=5.0, moved_ns=0.0),) * 59, alone=0)
    assert found.same_within(1.0, 2.0) is None
    assert found.same_within(1.0, 2.1) == 10.5


@pytest.mark.parametrize("scale", [1e-3, 1e-6, 1e6])
def test_a_fitted_tail_is_the_same_in_every_unit(scale: float) -> None:
    over = [0.1, 0.25, 0.4, 0.7, 0.9, 1.3, 1.8, 2.9]
    shape, width = _pareto(over)
    assert _pareto([one * scale for one in over]) == pytest.approx((shape, width * scale))


# --- limits, restarts, receivers ---


@pytest.mark.parametrize(("truth", "true"), [("charge_limit", 0.25), ("discharge_limit", 0.75)])
def test_a_limit_is_held_against_the_one_that_it_is_of(truth: Any, true: float) -> None:
    trace = Trace(timebase=Timebase.SIMULATED)
    trace.frame(S, "vehicle", CanFrame(0x110, bytes(2)), "dut")
    fact = facts.Truth(
        soc=0.5,
        soc_low=0.5,
        soc_high=0.5,
        soh=1.0,
        current_a=0.0,
        charge_limit_a=50.0,
        discharge_limit_a=150.0,
    )
    trace.mark(S, fact, "plant")
    samples, problem = samples_of(trace, replace(ASKED, truth=truth, full=200.0), WHOLE, PACK)
    assert problem is None and [one.true for one in samples] == [true]


def test_a_sign_of_life_without_a_cycle_pauses_for_half_of_what_it_may_be_late() -> None:
    message = DATABASE["UDS_Response"]
    assert message.cycle_ns == 0
    answer = CanFrame(message.can_id, bytes(message.length), message.extended)
    trace = trace_of(*((at, answer) for at in (20, 130, 149, 170, 200)))
    marks = (
        (101, facts.StimulusCommanded(fault="x", step=3)),
        (120, facts.StimulusConfirmed(readback=True, low_ns=None, high_ns=None, step=3)),
    )
    for at, fact in marks:
        trace.mark(at * MS, fact, "cells")
    asked = replace(PLAN, heard=(("vehicle", "UDS_Response", 40 * MS),), own=(), silenced_by=((3, True),))
    shot = replace(shot_of(trace, asked), decoders=REAL)
    assert excused_spans(shot) == ((101 * MS, 170 * MS),)


def test_the_benchs_own_frames_do_not_fill_a_gap_in_the_duts_counter() -> None:
    trace = counted((0, 10, 20, 30, 40, 50))
    plan = replace(NOTHING, window_ns=1, protected=(("vehicle", "BMS_State"),))

    def skipped(trace: Trace) -> list[int]:
        return [one.count for one in measure(trace, plan, REAL).anomalies if isinstance(one, FrameSkipped)]

    assert skipped(trace) == []
    ours = [one._replace(sender="bench") if one.t_ns in (40 * MS, 50 * MS) else one for one in trace.frames]
    trace.frames = ours
    assert skipped(trace) == [1]
