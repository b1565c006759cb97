"""What the bench may have caused itself is held against nobody: late messages, a loop at a halt, foreign clocks."""

import re
from dataclasses import replace
from typing import Any

import pytest
from test_measure_trace import DECODERS, MS, PLAN, QUIET, of, shot
from told import told

from bench.measure.interval import Measurement
from bench.measure.measure import measure
from bench.record.codable import decode, encode, plan_from_dict, plan_to_dict
from bench.report.finding_words import reasons_words
from bench.rig.rig import Rig
from bench.running.shots import shoot
from bench.scenario.model import Inject
from bench.scenario.prepare import Prepared
from bench.timing.clock import Phase, Timebase
from bench.trace.facts import BenchLate, BenchTiming, DutWaited, OutputBeyondRange, StimulusCommanded
from bench.trace.stamping import Origin, Stamping
from bench.trace.timeline import Trace
from bench.verdict.judge import judge
from bench.verdict.result import Verdict
from bench.wiring.common import Wired

FED = replace(PLAN, fed=(("vehicle", "BMS_CellMinMax", 60 * MS),))


def real(*, without: tuple[int, int] | None = None, u_ns: int = 0, **facts: Any) -> Trace:
    """A good shot in real time; without the fed message from … to (ms)."""
    trace = shot(**facts)
    trace.timebase = Timebase.HOST
    trace.stamping["vehicle"] = Stamping(origin=Origin.KERNEL, source="kernel", u_ns=u_ns)
    can_id = DECODERS["vehicle"]["BMS_CellMinMax"].can_id
    if without is not None:
        low_ns, high_ns = without[0] * MS, without[1] * MS
        trace.frames = [
            seen
            for seen in trace.frames
            if not (seen.frame.can_id == can_id and low_ns < seen.t_ns < high_ns)
        ]
    return trace


def test_a_message_later_than_the_dut_tolerates_makes_every_verdict_inconclusive() -> None:
    for starved, verdict in ((None, Verdict.PASS), ((300, 450), Verdict.INCONCLUSIVE)):
        found = measure(real(without=starved), FED, DECODERS)
        judgement = judge(found, FED)
        assert judgement.verdict is verdict, (starved, reasons_words(judgement))
    (doubt,) = told(found.doubts)
    assert "the bench was late with BMS_CellMinMax" in doubt and "the DUT tolerates 60" in doubt
    assert found.bench_faults == ()


def test_what_a_starved_dut_did_is_told_and_not_held_against_it() -> None:
    trace = real(without=(300, 450), closing=400)
    judgement = judge(measure(trace, FED, DECODERS), FED)
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert any(text.startswith("seen, but not held against the DUT: ") for text in reasons_words(judgement))
    assert judge(measure(real(closing=400), FED, DECODERS), FED).verdict is Verdict.FAIL


def test_a_message_that_stops_is_late_at_the_end_of_the_window_too() -> None:
    assert measure(real(without=(500, 10_000)), FED, DECODERS).doubts
    assert not measure(real(without=(590, 10_000)), FED, DECODERS).doubts


def test_stamps_that_may_be_wrong_by_the_gap_raise_no_doubt() -> None:
    assert not measure(real(without=(300, 370), u_ns=10 * MS), FED, DECODERS).doubts


@pytest.mark.parametrize(("late_ms", "verdict"), [(49, Verdict.PASS), (51, Verdict.INCONCLUSIVE)])
def test_a_loop_that_stood_still_makes_it_inconclusive(late_ms: int, verdict: Verdict) -> None:
    trace = real()
    trace.mark(200 * MS, BenchLate(late_ns=late_ms * MS), "loop")
    assert judge(measure(trace, PLAN, DECODERS), PLAN).verdict is verdict


def silenced(*, closing: int | None) -> Trace:
    """Its cyclic state is missing for a while; closing: a contactor closes, too."""
    trace = real() if closing is None else real(closing=closing)
    heard = {DECODERS[channel][message].can_id for channel, message, _ in FED.heard}
    trace.frames = [
        seen for seen in trace.frames if not (seen.frame.can_id in heard and 300 * MS < seen.t_ns < 400 * MS)
    ]
    return trace


@pytest.mark.parametrize(
    ("waited_ms", "closing", "verdict"),
    [(29, None, Verdict.FAIL), (31, None, Verdict.INCONCLUSIVE), (31, 500, Verdict.FAIL)],
)
def test_a_silence_of_a_process_that_got_no_processor_does_not_fail_and_all_else_does(
    waited_ms: int, closing: int | None, verdict: Verdict
) -> None:
    trace = silenced(closing=closing)
    trace.mark(390 * MS, DutWaited(waited_ns=waited_ms * MS), "DUT's process")
    found = measure(trace, FED, DECODERS)
    assert found.silent
    assert judge(found, FED).verdict is verdict
    assert any("came late to a processor" in text for text in told(found.excuses)) is (waited_ms > 30)
    assert decode(Measurement, encode(found)) == found


def test_what_passes_passes_whatever_its_process_waited() -> None:
    trace = real()
    trace.mark(390 * MS, DutWaited(waited_ns=80 * MS), "DUT's process")
    assert judge(measure(trace, FED, DECODERS), FED).verdict is Verdict.PASS


def test_stamps_of_two_clocks_are_never_subtracted() -> None:
    plan = replace(PLAN, onset=tuple(replace(test, channel="sense") for test in PLAN.onset))
    decoders = {**DECODERS, "sense": DECODERS["vehicle"]}
    can_id = DECODERS["vehicle"]["BMS_CellMinMax"].can_id

    def trace(clock: str) -> Trace:
        made = real()
        made.frames = [
            seen._replace(channel="sense") if seen.frame.can_id == can_id else seen for seen in made.frames
        ]
        made.stamping["sense"] = Stamping(origin=Origin.ADAPTER, source="device", u_ns=0, clock=clock)
        return made

    assert judge(measure(trace("host"), plan, decoders), plan).verdict is Verdict.PASS
    judgement = judge(measure(trace("adapter 2"), plan, decoders), plan)
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert (
        "clocks that nobody has correlated: 'sense' by adapter 2 and 'vehicle' by host"
        in reasons_words(judgement)[0]
    )


def test_simulated_time_has_no_lateness() -> None:
    trace = real(without=(300, 450))
    trace.timebase = Timebase.SIMULATED
    assert measure(trace, FED, DECODERS).doubts == ()


def test_quiet_scenarios_doubt_as_well_and_doubts_survive_storage() -> None:
    plan = replace(QUIET, fed=FED.fed)
    trace = real(without=(300, 450), detect=None, safe=None)
    trace.mark(700 * MS, BenchTiming(calls=10, p50_ns=MS, p99_ns=2 * MS, max_ns=3 * MS), "host clock")
    found = measure(trace, plan, DECODERS)
    assert found.doubts and found.bench_late_ns == 3 * MS
    assert decode(Measurement, encode(found)) == found
    assert plan_from_dict(plan_to_dict(plan)) == plan
    old = {key: value for key, value in plan_to_dict(plan).items() if key != "fed"}
    assert plan_from_dict(old).fed == (), "a plan stored by an earlier version"
    assert of(shot()).doubts == ()


@pytest.mark.parametrize(
    ("gone_ms", "trips", "verdict"),
    [(150, True, Verdict.FAIL), (170, True, Verdict.INCONCLUSIVE), (170, False, Verdict.PASS)],
)
def test_a_trip_under_a_glitch_that_was_shown_too_long_is_no_failure(
    gone_ms: int, trips: bool, verdict: Verdict
) -> None:
    """The debounce may fill from 50 ms on; the glitch begins at 110 ms."""
    plan = replace(QUIET, glitch_under_ns=50 * MS)
    trace = real(detect=210 if trips else None, safe=260 if trips else None)
    message = DECODERS["vehicle"]["BMS_CellMinMax"]
    good = DECODERS["vehicle"].encode("BMS_CellMinMax", CellVoltageMax=3700)
    trace.frames = [
        seen._replace(frame=good)
        if seen.frame.can_id == message.can_id and seen.t_ns >= gone_ms * MS
        else seen
        for seen in trace.frames
    ]
    for trace.timebase in (Timebase.HOST, Timebase.SIMULATED):
        judgement = judge(measure(trace, plan, DECODERS), plan)
        assert judgement.verdict is verdict, reasons_words(judgement)
        if verdict is Verdict.INCONCLUSIVE:
            assert "showed the glitch for 60" in reasons_words(judgement)[0]
            assert any(
                text.startswith("seen, but not held against the DUT: ") for text in reasons_words(judgement)
            )


def test_cells_beyond_what_the_emulator_puts_out_are_held_at_its_end_and_leave_the_verdict_open(
    wired: Wired, prepared: dict[str, Prepared]
) -> None:
    rigs: list[Rig] = []

    def reverse(rig: Rig, scenario: str, index: int) -> None:
        rigs.append(rig)
        rig.clock.every(
            3600 * 1000 * MS, Phase.PLANT, lambda: rig.plant.pack.cells.set_soc(2, -0.1), first_ns=1000 * MS
        )

    result = shoot(wired, prepared["ov-step-cell60"], 0, 1, 1, None, reverse)
    told = [mark.fact.text for mark in rigs[0].trace.of(OutputBeyondRange)]
    assert "the plant's cell 3 is at -1." in told[0] and "goes from 0 to 6 V" in told[0]
    judgement = result.judgement
    assert judgement.verdict is not Verdict.ERROR, reasons_words(
        judgement
    )  # nothing was commanded that is refused
    assert measure(rigs[0].trace, prepared["ov-step-cell60"].plan, wired.databases).anomalies
    trace = shot()
    mark = next(rigs[0].trace.of(OutputBeyondRange))
    inside_ns = next(trace.of(StimulusCommanded)).t_ns + MS
    trace.mark(inside_ns, mark.fact, mark.source)
    assert judge(measure(trace, FED, DECODERS), FED).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("ttl_ms", "verdict"),
    [
        (60, Verdict.INCONCLUSIVE),
        (150, Verdict.INCONCLUSIVE),
        (400, Verdict.INCONCLUSIVE),
        (60_000, Verdict.PASS),
    ],
)
def test_a_fault_that_the_rig_took_off_before_the_answer_is_not_held_against_the_dut(
    wired: Wired, prepared: dict[str, Prepared], ttl_ms: int, verdict: Verdict
) -> None:
    """The dead-man heals the fault before the debounce, before the DUT's memory is read, and after both."""
    one = prepared["hvil-open-driving"]
    (step,) = one.steps
    assert isinstance(step, Inject)
    result = shoot(wired, replace(one, steps=(replace(step, ttl_ns=ttl_ms * MS),)), 0, 1, 1, None)
    assert result.judgement.verdict is verdict, reasons_words(result.judgement)
    if verdict is not Verdict.PASS:
        assert re.search("off before the DUT had .*: its time to live of", reasons_words(result.judgement)[0])
