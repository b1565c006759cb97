"""A report has to stay: flickers, codes told in turn, witnesses that deny, frames that contradict each other."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from test_measure_trace import DATABASE, DECODERS, FAULT, MS, PLAN, of, shot, span
from told import told

from bench.measure.plan import Plan
from bench.measure.signal_test import SignalTest
from bench.record.codable import plan_from_dict, plan_to_dict
from bench.report.finding_words import reasons_words
from bench.scenario.prepare import Prepared
from bench.trace.timeline import Trace
from bench.verdict.judge import judge
from bench.verdict.result import Verdict

STANDS = replace(PLAN, flag_stands=True)
HEALS = replace(STANDS, flag_heals=True)
WITNESS = replace(FAULT, message="BMS_Faults2", signal="ShortCircuit")
CODE = SignalTest(channel="vehicle", message="BMS_Dtc", signal="DtcCode", op="==", value=7)


def flagged(told_at: Callable[[int], bool], **facts: int | None) -> Trace:
    """A good shot (flag at 210 ms, open at 260, held until 360) but for the flag, which is told at 10, 30, …"""
    trace = shot(**facts)  # type: ignore[arg-type]
    can_id = DATABASE["BMS_Faults"].can_id
    trace.frames = [
        seen._replace(frame=DATABASE.encode("BMS_Faults", CellOvervoltage=int(told_at(seen.t_ns // MS))))
        if seen.frame.can_id == can_id
        else seen
        for seen in trace.frames
    ]
    return trace


def verdict(trace: Trace, plan: Plan) -> tuple[Verdict, str]:
    judgement = judge(of(trace, plan), plan)
    return judgement.verdict, "; ".join(reasons_words(judgement))


@pytest.mark.parametrize(
    ("told_at", "plan", "expected", "said"),
    [
        (lambda t: t >= 210, STANDS, Verdict.PASS, ""),
        (lambda t: t == 210, STANDS, Verdict.FAIL, "CellOvervoltage == 1 was taken back at +120.0 ms after onset"),
        (lambda t: t == 210, STANDS, Verdict.FAIL, "fault not detected"),
        (lambda t: t >= 210 and t % 40 == 10, STANDS, Verdict.FAIL, "4 times in all"),
        (lambda t: t == 190 or t >= 230, STANDS, Verdict.FAIL, "was taken back at +100.0 ms"),
        (lambda t: 210 <= t < 350, STANDS, Verdict.FAIL, "after 140.0 ms"),
        (lambda t: 210 <= t < 370, STANDS, Verdict.PASS, ""),
        # What goes with its cause may be taken back, but not at once.
        (lambda t: 210 <= t < 270, HEALS, Verdict.PASS, ""),
        (lambda t: 210 <= t < 250, HEALS, Verdict.FAIL, "was taken back"),
        (lambda t: t >= 210 and t % 40 == 10, HEALS, Verdict.FAIL, "was taken back"),
        # A plan of a release before: one frame was enough.
        (lambda t: t == 210, PLAN, Verdict.PASS, ""),
    ],
)  # fmt: skip
def test_a_flag_that_does_not_stay_is_no_detection(
    told_at: Callable[[int], bool], plan: Plan, expected: Verdict, said: str
) -> None:
    found, words = verdict(flagged(told_at), plan)
    assert found is expected, words
    assert said in words


def test_the_flag_is_part_of_every_safe_state() -> None:
    late = replace(STANDS, fdti_budget_ns=None, fhti_budget_ns=None, window_ns=600 * MS)
    trace = flagged(lambda t: t >= 310, end=800)
    found = of(trace, late)
    assert found.safe is not None and span(found.safe) == (290, 310)
    assert found.held is True
    healing = of(trace, replace(late, flag_heals=True)).safe
    assert healing is not None and span(healing) == (250, 260), "the outputs alone"


def told_in_turn(codes: str) -> Trace:
    """A code a frame of BMS_Dtc, every 20 ms from 190 ms on; the cyclic flag denies all the time."""
    trace = flagged(lambda _: False, dtc=None)
    can_id = DATABASE["BMS_Dtc"].can_id
    trace.frames = [seen for seen in trace.frames if seen.frame.can_id != can_id]
    for number, code in enumerate(codes):
        frame = DATABASE.encode("BMS_Dtc", DtcCode=int(code))
        trace.frame((192 + 20 * number) * MS, "vehicle", frame, "dut")
    trace.frames = sorted(trace.frames)
    return trace


IN_TURN = replace(
    STANDS, detection=(CODE, FAULT), in_turn=(CODE,), dtc_test=None, safe_state=PLAN.safe_state[:1]
)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ("0777777777", Verdict.PASS),
        ("0784784784784", Verdict.PASS),  # three codes in turn
        ("0788747887884", Verdict.PASS),  # at a jitter
        ("0788888888888", Verdict.FAIL),  # told once, and never again
        ("0788878888888", Verdict.FAIL),
    ],
)
def test_another_code_is_no_denial_until_it_has_come_round_three_times(codes: str, expected: Verdict) -> None:
    found, words = verdict(told_in_turn(codes), IN_TURN)
    assert found is expected, words
    assert ("taken back" in words) is (expected is Verdict.FAIL)


def with_witness(agrees_at: int | None, until: int = 10_000) -> Trace:
    trace = shot()
    for t in range(15, 640, 10):
        agrees = agrees_at is not None and t >= agrees_at
        if t < until:
            trace.frame(t * MS, "vehicle", DATABASE.encode("BMS_Faults2", ShortCircuit=int(agrees)), "dut")
    trace.frames = sorted(trace.frames)
    return trace


@pytest.mark.parametrize(
    ("agrees_at", "until", "detected", "denies"),
    [
        (None, 10_000, (190, 210), True),  # denies to the end: what it said before shows no ignorance
        (240, 10_000, (205, 210), False),  # agrees later: it did not know at 205 ms
        (None, 208, (205, 210), False),  # not heard since: nothing speaks against what it said
    ],
)
def test_a_witness_that_denies_to_the_end_bounds_nothing(
    agrees_at: int | None, until: int, detected: tuple[int, int], denies: bool
) -> None:
    plan = replace(STANDS, detection=(FAULT, WITNESS))
    found = of(with_witness(agrees_at, until), plan)
    assert found.detected is not None and span(found.detected) == detected
    words = [one for one in told(found.anomalies) if "ShortCircuit == 1 was denied to the end" in one]
    assert bool(words) is denies
    assert judge(found, plan).verdict is Verdict.PASS
    old = of(with_witness(agrees_at, until), replace(plan, flag_stands=False))
    assert old.detected is not None and span(old.detected) == (205, 210), "a plan of a release before"


def test_frames_that_contradict_each_other_within_a_cycle_are_told() -> None:
    trace = shot()
    for t in range(211, 600, 20):  # a second sender of the flag's message, 1 ms behind, denies it
        trace.frame(t * MS, "vehicle", DATABASE.encode("BMS_Faults", CellOvervoltage=0), "dut")
    trace.frames = sorted(trace.frames)
    found = of(trace, STANDS)
    assert any(
        "frames of BMS_Faults contradicted each other within a cycle" in one for one in told(found.anomalies)
    )
    assert judge(found, STANDS).verdict is Verdict.FAIL
    for good in (shot(), shot(reopen=500), flagged(lambda t: t >= 210 and t % 40 == 10)):
        assert not any("contradicted" in one for one in told(of(good, STANDS).anomalies))


def test_every_must_trip_scenario_asks_for_a_flag_that_stays(prepared: dict[str, Prepared]) -> None:
    trips = [one.plan for one in prepared.values() if one.scenario.expect is not None]
    assert trips and all(plan.flag_stands for plan in trips)
    assert {one.scenario.expect.flag for one in prepared.values() if one.scenario.expect and one.plan.flag_heals} == {
        "vcu_command_lost"
    }  # fmt: skip
    assert not any(plan.in_turn for plan in trips), "the reference tells each flag in a bit of its own"


def test_a_plan_of_a_release_before_has_no_such_demand() -> None:
    stored = plan_to_dict(IN_TURN)
    assert plan_from_dict(stored) == IN_TURN
    old = {key: value for key, value in stored.items() if not key.startswith("flag_") and key != "in_turn"}
    assert plan_from_dict(old) == replace(IN_TURN, flag_stands=False, in_turn=())
    assert DECODERS["vehicle"] is DATABASE
