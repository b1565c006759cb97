"""Where a bound of the judge itself is met to the nanosecond, to the millivolt or to the last shot."""

from dataclasses import replace
from pathlib import Path

import pytest
from sample_run import latency
from test_budgets_told import goal, loaded
from test_judge_on_traces import DECODERS, MS, NEXT, REAL, cells, trace_of
from test_measure_trace import OVER, PLAN

from bench.measure.finding.answer import UnexpectedCode
from bench.measure.finding.base import Since, When
from bench.measure.finding.bench import FaultTakenOff
from bench.measure.finding.life import UnknownPage
from bench.measure.finding.standing import ReportHeldBefore
from bench.measure.hidden_glitch import longest_hidden
from bench.measure.interval import Reaction
from bench.measure.measure import measure
from bench.measure.only_expected import Codes, Standing, Unexpected, What
from bench.measure.own_fault import SHOWN_WRONG_V, taken_off_early
from bench.measure.plan import NOTHING
from bench.measure.unknown_pages import unknown_pages
from bench.measure.window import armed_window
from bench.trace import facts
from bench.trace.events import CanFrame
from bench.trace.mark import Mark
from bench.trace.timeline import Trace
from bench.verdict.budgets import lint_budgets
from bench.verdict.fmea import _rating
from bench.verdict.reaction import judge_reactions

SAYS = (("overvoltage", "CellOvervoltage", 1.0, None), ("pyro", "CellUndervoltage", 1.0, None))


def flags(*frames: tuple[int, dict[str, int]]) -> Trace:
    return trace_of(*((at, DECODERS["vehicle"].encode("BMS_Faults", **values)) for at, values in frames))


def standing(what: What, borne: tuple[str, ...] = ()) -> list[ReportHeldBefore]:
    reports = (Unexpected(what=what, channel="vehicle", message="BMS_Faults", says=SAYS),)
    both = {"CellOvervoltage": 1, "CellUndervoltage": 1}
    plan = replace(NOTHING, window_ns=1, standing=Standing(fails=False, borne=borne, reports=reports))
    found = measure(flags((4, both), (20, both)), plan, DECODERS).anomalies
    return [one for one in found if isinstance(one, ReportHeldBefore)]


def test_an_output_that_no_flag_sets_is_not_told_of_and_all_others_are() -> None:
    since = When(offset_ns=-6 * MS, since=Since.ARMING)
    told = [ReportHeldBefore(what=What.OUTPUT, name=name, when=since) for name in ("overvoltage", "pyro")]
    assert sorted(standing(What.OUTPUT), key=lambda one: one.name) == told
    assert standing(What.OUTPUT, ("pyro",)) == told[:1]
    assert standing(What.OUTPUT, ("pyro", "overvoltage", "more")) == []
    assert len(standing(What.FLAG, ("pyro", "overvoltage"))) == 2


def test_what_held_before_the_arming_and_is_denied_first_in_the_window_did_not_stand() -> None:
    reports = (Unexpected(what=What.FLAG, channel="vehicle", message="BMS_Faults", says=SAYS[:1]),)
    plan = replace(NOTHING, window_ns=1, standing=Standing(fails=True, reports=reports), only_expected=True)
    trace = flags((4, {"CellOvervoltage": 1}), (20, {"CellOvervoltage": 0}), (40, {"CellOvervoltage": 1}))
    found = measure(trace, plan, DECODERS)
    assert [one.code for one in (*found.broken, *found.anomalies)] == []


def test_an_empty_place_of_the_memory_is_no_code_and_the_first_of_all_codes_is_one() -> None:
    codes = Codes(channel="vehicle", message="BMS_Dtc", signal="DtcCode", expected=(5,))
    trace = trace_of()
    for at, code in ((1, 5), (590, 0), (591, 1)):
        trace.marks.append(
            Mark(at * MS, 0, "dut", facts.DtcRead(code=code, status=0x09, bits="", occurrences=None))
        )
    trace.marks.sort(key=lambda one: one.t_ns)
    plan = replace(NOTHING, window_ns=1, codes=codes, only_expected=True)
    told = [one for one in measure(trace, plan, DECODERS).broken if isinstance(one, UnexpectedCode)]
    assert [(one.dtc, one.stored) for one in told] == [(1, True)]


@pytest.mark.parametrize(("beyond_v", "told"), [(SHOWN_WRONG_V, False), (SHOWN_WRONG_V + 0.001, True)])
def test_an_output_may_be_beyond_its_range_by_what_decides_nothing(beyond_v: float, told: bool) -> None:
    trace = trace_of()
    beyond = facts.OutputBeyondRange(cell=3, cell_voltage_v=5.0 + beyond_v, highest_v=5.0, beyond_v=beyond_v)
    trace.mark(10 * MS, beyond, "plant")
    codes = [one.code for one in measure(trace, PLAN, DECODERS).doubts]
    assert ("output-beyond-range" in codes) is told


def test_a_fault_that_was_taken_off_in_the_instant_of_the_arming_was_taken_off_in_the_window() -> None:
    trace = trace_of()
    for at in (9, 10, 200):
        cleared = facts.StimulusCleared(fault=f"at {at}", owner="step 0", why="time to live", outlived_ns=7)
        trace.mark(at * MS, cleared, "cells")
    found = taken_off_early(trace, armed_window(trace), 200 * MS)
    assert found == [FaultTakenOff(fault="at 10", time_to_live_ns=7, before_read=False, before_end=False)]
    lacking = taken_off_early(trace, armed_window(trace), 200 * MS, bits_lacking=True)
    assert [(one.fault, one.before_read) for one in lacking] == [("at 10", True), ("at 200", True)]  # type: ignore[attr-defined]


def test_a_page_that_no_database_knows_is_told_with_message_selector_value_and_count() -> None:
    odd = CanFrame(REAL["vehicle"]["BMS_Identity"].can_id, bytes([9, *bytes(7)]))
    plan = replace(NOTHING, heard=(("vehicle", "BMS_Identity", 50 * MS),))
    assert unknown_pages(trace_of((20, odd), (30, odd)), plan, REAL) == [
        UnknownPage(message="BMS_Identity", selector="IdentityPage", value=9, count=2)
    ]


def test_a_shot_that_was_kept_from_its_start_says_why() -> None:
    trace = Trace(timebase=trace_of().timebase, stamping={})
    short = REAL["vehicle"]["BMS_State"]
    trace.frame(5 * MS, "vehicle", CanFrame(short.can_id, bytes(short.length - 1), short.extended), "dut")
    trace.mark(90 * MS, facts.PreconditionMissed(reason="not in drive"), "bench")
    (why,) = measure(trace, replace(PLAN, heard=(("vehicle", "BMS_State", 50 * MS),)), REAL).broken
    assert (why.code, why.said) == ("not-begun", "not in drive")  # type: ignore[attr-defined]


@pytest.mark.parametrize(("spread_ms", "last_ms"), [(20, 140), (19, 110)])
def test_the_last_page_of_a_fault_may_come_within_one_and_a_half_spreads(
    spread_ms: int, last_ms: int
) -> None:
    higher = replace(OVER, value=4300.0)
    plan = replace(PLAN, onset=(OVER, higher), onset_spread_ns=spread_ms * MS)
    trace = trace_of((90, cells(3700)), (110, cells(4270)), (140, cells(4310)))
    confirmed = facts.StimulusConfirmed(readback=True, low_ns=99 * MS, high_ns=101 * MS)
    trace.mark(101 * MS, confirmed, "cells")
    onset = measure(trace, plan, DECODERS).onset
    assert onset is not None and (onset.low_ns, onset.high_ns) == (110 * MS, last_ms * MS)


def test_an_opening_that_ends_at_its_ceiling_is_in_time() -> None:
    for high_ns, fails, open_ in ((100 * MS, 0, 0), (100 * MS + 1, 0, 1)):
        one = Reaction(latency=latency(90 * MS, high_ns - 90 * MS), floor_ns=0, ceiling_ns=100 * MS)
        told: tuple[list[object], list[object]] = ([], [])
        judge_reactions((one,), *told)  # type: ignore[arg-type]
        assert (len(told[0]), len(told[1])) == (fails, open_)


def test_a_monitoring_rating_is_reached_at_its_bound() -> None:
    spans = [latency(10, 1).interval, latency(11, 1).interval]
    reached = {
        lower: _rating(lower, True, spans, 1000)[0] for lower in (0.0, 0.1, 0.6, 0.9, 0.97, 0.99, 0.999)
    }
    assert reached == {0.0: 9, 0.1: 8, 0.6: 7, 0.9: 5, 0.97: 4, 0.99: 3, 0.999: 2}
    below = {
        lower: _rating(lower - 1e-9, True, spans, 1000)[0] for lower in (0.1, 0.6, 0.9, 0.97, 0.99, 0.999)
    }
    assert below == {0.1: 9, 0.6: 8, 0.9: 7, 0.97: 5, 0.99: 4, 0.999: 3}
    assert _rating(0.0, False, spans, 1000) == (10, "no detection was seen")
    assert _rating(0.99, True, spans, 20) == (
        4, "at least 99.00 % handled inside the FHTI, but latencies scatter over 10 % of the FHTI",
    )  # fmt: skip


def test_a_warning_is_a_state_to_stay_in_unless_the_pack_opens_or_locks_out_beside(tmp_path: Path) -> None:
    states = {"SG-A": "warn", "SG-B": "warn_and_open", "SG-C": "warn_and_inhibit", "SG-D": "open"}
    goals = loaded(tmp_path, "\n".join(goal(name, safe_state=f'"{state}"') for name, state in states.items()))
    told = [line for line in lint_budgets(goals) if "eotti" in line]
    assert told == ["1 of 4 goals degrade, limit or warn first and state no eotti: SG-A"]


def test_only_frames_that_carry_the_signal_show_what_was_hidden() -> None:
    """Pages of one message: the first with cell 5 comes at 130 ms, the one after the glitch at 200 ms."""
    can_id = REAL["vehicle"]["BMS_CellVoltages"].can_id
    pages = ((90, 0), (110, 0), (130, 1), (150, 0), (200, 1), (220, 0))
    trace = trace_of(*((at, CanFrame(can_id, bytes([page, *bytes(7)]))) for at, page in pages))
    trace.mark(140 * MS, facts.StimulusCleared(fault="x", owner="step 0", why="done"), "cells")
    asked = replace(NEXT, message="BMS_CellVoltages", signal="CellVoltage05")
    plan = replace(PLAN, onset_irregular=(asked,))
    assert longest_hidden(trace, armed_window(trace), plan, REAL) == (70 * MS, asked)


def test_a_message_that_was_too_short_before_the_arming_only_is_received_frame_by_frame() -> None:
    state = REAL["vehicle"]["BMS_State"]
    frames = [CanFrame(state.can_id, bytes(n)) for n in (state.length - 1, state.length)]
    plan = replace(NOTHING, window_ns=1, protected=(("vehicle", "BMS_State"),))
    found = measure(trace_of((5, frames[0]), (20, frames[1])), plan, REAL)
    assert [one.code for one in found.bench_faults] == ["stimulus-unproven"]
