"""Measuring hand-built traces: every fact, every way in which DUT or bench can be wrong."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cantools
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from told import told

from bench.codec.database import Database
from bench.codec.layout import Layer
from bench.errors import ScenarioError
from bench.measure.interval import Measurement
from bench.measure.measure import measure
from bench.measure.plan import Aim, Plan, Probe
from bench.measure.questions import Question
from bench.measure.signal_test import SignalTest
from bench.record.codable import decode, encode, plan_from_dict, plan_to_dict
from bench.timing.clock import Timebase
from bench.trace.events import CanFrame, Kind
from bench.trace.facts import (
    Aborted,
    Anomaly,
    BenchLate,
    Fact,
    LinkBroke,
    ObserversArmed,
    Odd,
    PreconditionMissed,
    SafeStateReached,
    StimulusCommanded,
    StimulusConfirmed,
    WindowClosed,
)
from bench.trace.stamping import Origin, Stamping
from bench.trace.timeline import Trace

MS = 1_000_000
DBC = Path(__file__).parents[1] / "dbc"


class TinyMessage:
    """One message straight from cantools: the tests do not lean on the bench's own codec."""

    def __init__(self, message: Any) -> None:
        self.message = message
        self.can_id: int = message.frame_id
        self.extended: bool = message.is_extended_frame
        self.cycle_ns: int = (message.cycle_time or 0) * MS
        self.length: int = message.length
        self.layout = Layer(fields=(), branches={})  # no pages

    def reader(self, signal: str) -> Callable[[bytes], float | None]:
        self.message.get_signal_by_name(signal)

        def read(data: bytes) -> float | None:
            value = self.message.decode(data, decode_choices=False).get(signal)
            return None if value is None else float(value)

        return read

    def extract(self, signals: Iterable[str]) -> Callable[[bytes], bytes]:
        return bytes  # every payload is news

    def mask(self, signals: Iterable[str]) -> None: ...

    page_mask = mask


class TinyDatabase:
    def __init__(self) -> None:
        database: Any = cantools.database.load_file(DBC / "bms.dbc")
        self.messages = {message.name: TinyMessage(message) for message in database.messages}

    def __getitem__(self, name: str) -> TinyMessage:
        return self.messages[name]

    def encode(self, name: str, **values: float) -> CanFrame:
        message = self.messages[name].message
        zeros = {signal.name: 0 for signal in message.signals}
        return CanFrame(message.frame_id, message.encode({**zeros, **values}, strict=False))


DATABASE = TinyDatabase()
DECODERS = {"vehicle": DATABASE}
FAULT = SignalTest(channel="vehicle", message="BMS_Faults", signal="CellOvervoltage", op="==", value=1)
OPEN = SignalTest(channel="vehicle", message="BMS_State", signal="ContactorPlusCommand", op="==", value=0)
ERROR_STATE = SignalTest(channel="vehicle", message="BMS_State", signal="State", op="==", value=5)
CLOSING = SignalTest(channel="vehicle", message="BMS_State", signal="PrechargeCommand", op="==", value=1)
OVER = SignalTest(channel="vehicle", message="BMS_CellMinMax", signal="CellVoltageMax", op=">=", value=4250)
DTC = SignalTest(channel="vehicle", message="BMS_Dtc", signal="DtcCode", op="==", value=0x1A0117)

PLAN = Plan(
    aim=Aim.MUST_TRIP,
    onset=(OVER,),
    detection=(FAULT,),
    safe_state=(OPEN, ERROR_STATE),
    forbidden=(CLOSING,),
    heard=(("vehicle", "BMS_State", 50 * MS),),
    dtc_test=DTC,
    confirm_by_readback=True,
    hold_ns=100 * MS,
    window_ns=400 * MS,
    floor_ns=None,
    ceiling_ns=None,
    fdti_budget_ns=150 * MS,
    fhti_budget_ns=250 * MS,
    ftti_ns=500 * MS,
)
QUIET = replace(PLAN, aim=Aim.MUST_NOT_TRIP, dtc_test=None, forbidden=(CLOSING, OPEN))


def shot(
    *,
    onset: int | None = 110,
    detect: int | None = 210,
    safe: int | None = 260,
    reopen: int | None = None,
    closing: int | None = None,
    dtc: int | None = 300,
    silent_from: int = 10_000,
    end: int = 600,
    u_ns: int = 0,
    origin: Origin = Origin.SIMULATED,
) -> Trace:
    """Armed at 10 ms, commanded at 100 ms, closed at `end`; all times in ms."""
    trace = Trace(
        timebase=Timebase.SIMULATED,
        stamping={"vehicle": Stamping(origin=origin, source="as a test says", u_ns=u_ns)},
    )
    trace.mark(10 * MS, ObserversArmed(), "bench")
    trace.mark(100 * MS, StimulusCommanded(fault="x"), "cells")
    trace.mark(105 * MS, StimulusConfirmed(readback=True, low_ns=100 * MS, high_ns=105 * MS), "cells")
    for t in range(0, end + 50, 10):
        frames = []
        if t % 20 == 10:
            frames.append(
                ("BMS_CellMinMax", {"CellVoltageMax": 4270 if onset is not None and t >= onset else 3700})
            )
            frames.append(("BMS_Faults", {"CellOvervoltage": int(detect is not None and t >= detect)}))
        if t % 100 == 0:
            frames.append(("BMS_Dtc", {"DtcCode": 0x1A0117 if dtc is not None and t >= dtc else 0}))
        is_open = safe is not None and t >= safe and not (reopen is not None and t >= reopen)
        state = {"State": 5 if is_open else 3, "ContactorPlusCommand": int(not is_open)}
        frames.append(("BMS_State", {**state, "PrechargeCommand": int(t == closing)}))
        for name, values in frames:
            if name == "BMS_CellMinMax" or t < silent_from:
                trace.frame(t * MS, "vehicle", DATABASE.encode(name, **values), "dut")
    trace.mark(end * MS, WindowClosed(), "bench")
    trace.mark(end * MS, SafeStateReached(readback=True), "rig")
    return trace


def of(trace: Trace, plan: Plan = PLAN) -> Measurement:
    return measure(trace, plan, DECODERS)


def span(interval: Any) -> Any:
    return interval.low_ns / MS, interval.high_ns / MS


def test_a_good_shot_gives_exact_intervals() -> None:
    found = of(shot())
    assert found.onset and found.detected and found.safe and found.fdti and found.fhti and found.frti
    assert span(found.onset) == (110, 110)
    assert span(found.detected) == (190, 210)
    assert span(found.safe) == (250, 260)
    assert span(found.fdti.interval) == (80, 100)
    assert span(found.fhti.interval) == (140, 150)
    assert span(found.frti.interval) == (40, 70)
    assert found.fdti.widest().name == "DUT reporting cycle"
    assert found.fdti.widest().width_ns == 20 * MS == found.observable_ns
    assert (found.held, found.dtc_seen) == (True, True)
    assert found.broken == found.silent == found.bench_faults == found.anomalies == ()


def test_stamp_uncertainty_widens_both_ends() -> None:
    found = of(shot(u_ns=MS))
    assert found.fdti is not None
    assert span(found.fdti.interval) == (78, 102)
    assert sum(term.width_ns for term in found.fdti.terms) == found.fdti.interval.width_ns


def test_lateness_counts_only_for_stamps_taken_in_user_space() -> None:
    sound = (Origin.SIMULATED, Origin.KERNEL, Origin.HARDWARE, Origin.ADAPTER)
    for origin in Origin:
        expected = (80, 100) if origin in sound else (70, 110)
        trace = shot(origin=origin)
        trace.mark(200 * MS, BenchLate(late_ns=5 * MS), "loop")
        found = of(trace)
        assert found.fdti is not None
        assert span(found.fdti.interval) == expected
        assert found.bench_faults == ()


def with_mark(fact: Fact) -> Trace:
    trace = shot()
    trace.mark(200 * MS, fact, "bench")
    return trace


@pytest.mark.parametrize(
    ("trace", "words"),
    [
        (with_mark(Anomaly(what=Odd.FRAME_LOST, text="overrun", dropped=3)), "3 frames were lost"),
        (
            with_mark(PreconditionMissed(reason="not in Drive")),
            "precondition missed: bench: not in Drive",
        ),
        (with_mark(LinkBroke(text="port gone")), "port gone"),
        (with_mark(Aborted(reason="by the user")), "aborted"),
        (shot(onset=50), "stimulus was already present"),
        (shot(onset=None), "no proof that the stimulus"),
        (shot(safe=560, end=600), "before the hold time had passed"),
        (shot(detect=None, end=450), "the window closed 350.0 ms after the stimulus"),
        (shot(silent_from=0), "never heard"),
    ],
)
def test_the_bench_is_blamed(trace: Trace, words: str) -> None:
    assert any(words in fault for fault in told(of(trace).bench_faults))


def test_missing_marks_blame_the_bench() -> None:
    for kind, words in (
        (Kind.OBSERVERS_ARMED, "never armed"),
        (Kind.WINDOW_CLOSED, "never closed"),
        (Kind.STIMULUS_COMMANDED, "no stimulus was commanded"),
        (Kind.STIMULUS_CONFIRMED, "not confirmed by readback"),
    ):
        trace = shot()
        trace.marks[:] = [mark for mark in trace.marks if mark.kind is not kind]
        assert any(words in fault for fault in told(of(trace).bench_faults))


@pytest.mark.parametrize(
    ("trace", "words"),
    [
        (shot(detect=50), "reported before the fault: CellOvervoltage == 1"),
        (shot(safe=50, detect=50), "reported before the fault"),
        (shot(safe=50), "safe state already held before the fault"),
        (shot(reopen=300), "safe state was not held"),
        (shot(closing=270), "PrechargeCommand == 1 at +160.0 ms after onset"),
        (shot(dtc=100), "reported before the fault: DtcCode"),
    ],
)
def test_the_dut_is_blamed(trace: Trace, words: str) -> None:
    found = of(trace)
    assert any(words in text for text in told(found.broken))
    assert found.bench_faults == ()


def test_a_lost_safe_state_is_not_held() -> None:
    assert of(shot(reopen=300)).held is False
    assert of(shot(reopen=400)).held is True  # after the hold time: for `forbidden` to tell


def test_each_link_of_the_chain_is_seen_between_its_last_denial_and_the_frame_that_shows_it() -> None:
    probes = (
        Probe(name="flag", tests=(FAULT,)),
        Probe(name="opened", tests=(OPEN, ERROR_STATE)),
        Probe(name="never", tests=(CLOSING,)),
        Probe(name="before", tests=(replace(OPEN, value=1),)),
    )
    found = of(shot(), replace(PLAN, probes=probes))
    plain = of(shot())
    by_name = {one.name: one for one in found.probes}
    assert found.detected is not None and found.safe is not None
    assert by_name["flag"].at == found.detected
    assert span(by_name["opened"].at) == span(found.safe)
    assert by_name["never"].at is None and not by_name["never"].held_before
    assert by_name["before"].at is None and by_name["before"].held_before
    assert replace(found, probes=()) == plain, "probes judge nothing"
    stored = json.loads(json.dumps(encode(found)))
    assert decode(Measurement, stored) == found
    wide = of(shot(u_ns=5), replace(PLAN, probes=probes[:1])).probes[0].at
    assert wide is not None and wide.width_ns == by_name["flag"].at.width_ns + 10


def test_silence_is_told_with_its_longest_gap_and_never_counts_as_holding() -> None:
    found = of(shot(silent_from=280))
    assert any("BMS_State silent for 330.0 ms" in text for text in told(found.silent))
    assert found.held is None


def test_what_lies_outside_the_window_does_not_count() -> None:
    trace = shot()
    trace.frame(5 * MS, "vehicle", DATABASE.encode("BMS_Faults", CellOvervoltage=1), "dut")
    trace.frame(620 * MS, "vehicle", DATABASE.encode("BMS_State", PrechargeCommand=1), "dut")
    trace.frames = sorted(trace.frames, key=lambda seen: seen.t_ns)
    assert of(trace) == of(shot())


def test_a_stimulus_no_frame_shows_is_dated_by_its_readback() -> None:
    found = of(shot(), replace(PLAN, onset=()))
    assert found.onset is not None
    assert span(found.onset) == (100, 105)


def test_quiet_dut_leaves_no_trace_and_a_nuisance_trip_does() -> None:
    quiet = of(shot(detect=None, safe=None), QUIET)
    assert (quiet.detected, quiet.broken, quiet.silent, quiet.bench_faults) == (None, (), (), ())
    nuisance = of(shot(), QUIET)
    assert nuisance.detected is not None
    assert told(nuisance.broken) == ("ContactorPlusCommand == 0 at +150.0 ms after onset",)


def test_unknown_names_are_told_in_one_line() -> None:
    changes: tuple[tuple[dict[str, Any], str], ...] = (
        ({"channel": "vehicel"}, "did you mean 'vehicle'"),
        ({"message": "Nope"}, "message 'Nope'"),
        ({"signal": "Nope"}, "signal 'Nope'"),
        ({"op": "=~"}, "operator '=~'"),
    )
    for change, words in changes:
        for decoders in (DECODERS, {"vehicle": Database.load(DBC / "bms.dbc")}):
            with pytest.raises(ScenarioError, match=words):
                measure(shot(), replace(PLAN, detection=(replace(FAULT, **change),)), decoders)


def test_the_bench_s_own_codec_gives_the_same_facts() -> None:
    decoders = {"vehicle": Database.load(DBC / "bms.dbc")}
    for trace in (shot(), shot(reopen=300), shot(silent_from=280)):
        assert measure(trace, PLAN, decoders) == of(trace)


def test_a_torn_frame_answers_nothing_and_is_told() -> None:
    trace = shot()
    trace.frame(150 * MS, "vehicle", CanFrame(DATABASE["BMS_Faults"].can_id, b"\0\0\xff"), "dut")
    found = measure(trace, PLAN, {"vehicle": Database.load(DBC / "bms.dbc")})
    assert told(found.anomalies) == ("1 frame of BMS_Faults could not be read: payload of 3 bytes",)
    assert found.fdti == of(shot()).fdti


def test_thresholds_do_not_hang_on_the_last_bit_of_a_float() -> None:
    database = Database.load(DBC / "bms.dbc")
    equal = {"==": True, ">=": True, "<=": True, ">": False, "<": False, "!=": False}
    cases = [(op, 0.3, expected) for op, expected in equal.items()] + [(">", 0.2, True), ("<", 0.4, True)]
    for op, value, expected in cases:
        question = Question(
            SignalTest(channel="vehicle", message="BMS_PackValues", signal="PackVoltage", op=op, value=value),
            {"vehicle": database},
        )
        assert question.hear(0, bytes([3, 0, 0, 0, 0, 0, 0, 0])) is expected


def test_plan_and_measurement_survive_json() -> None:
    for plan in (PLAN, QUIET):
        assert plan_from_dict(json.loads(json.dumps(plan_to_dict(plan)))) == plan
        for trace in (shot(), shot(detect=None, safe=None)):
            found = of(trace, plan)
            assert decode(Measurement, json.loads(json.dumps(encode(found)))) == found


@settings(max_examples=60, deadline=None)
@given(
    cycle=st.integers(1 * MS, 40 * MS),
    phase=st.integers(0, 40 * MS),
    truth=st.integers(0, 200 * MS),
    onset_error=st.integers(-MS, MS),
    errors=st.lists(st.integers(-MS, MS), min_size=400, max_size=400),
)
def test_the_truth_lies_in_the_interval(
    cycle: int, phase: int, truth: int, onset_error: int, errors: list[int]
) -> None:
    onset_ns = 100 * MS
    trace = Trace(
        timebase=Timebase.HOST, stamping={"vehicle": Stamping(origin=Origin.KERNEL, source="kernel", u_ns=MS)}
    )
    trace.mark(10 * MS, ObserversArmed(), "bench")
    trace.mark(90 * MS, StimulusCommanded(fault="x"), "bench")
    trace.mark(95 * MS, StimulusConfirmed(readback=True), "bench")
    over = DATABASE.encode("BMS_CellMinMax", CellVoltageMax=4270)
    trace.frame(onset_ns + onset_error, "vehicle", over, "bench")
    good, bad = DATABASE.encode("BMS_Faults"), DATABASE.encode("BMS_Faults", CellOvervoltage=1)
    for k, t_ns in enumerate(range(20 * MS + phase % cycle, 400 * MS, cycle)):
        frame = bad if t_ns >= onset_ns + truth else good
        trace.frame(t_ns + errors[k], "vehicle", frame, "dut")
    trace.mark(600 * MS, WindowClosed(), "bench")
    trace.mark(600 * MS, SafeStateReached(readback=True), "rig")
    found = of(trace, replace(PLAN, heard=()))
    assert found.broken == ()  # overlapping stamps prove no wrong order
    assert found.fdti is not None
    assert found.fdti.interval.low_ns <= truth <= found.fdti.interval.high_ns
    assert found.fdti.interval.width_ns <= cycle + 6 * MS


def test_an_onset_before_the_readback_s_actuation_is_the_bench_s_contradiction() -> None:
    trace = shot()
    trace.marks[:] = [mark for mark in trace.marks if mark.kind is not Kind.STIMULUS_CONFIRMED]
    trace.mark(130 * MS, StimulusConfirmed(readback=True, low_ns=120 * MS, high_ns=130 * MS), "cells")
    assert told(of(trace).bench_faults) == (
        "the onset was seen before the readback says the stimulus was actuated",
    )


def test_quiet_without_proof_of_the_stimulus_or_the_whole_window_is_no_evidence() -> None:
    plan = replace(QUIET, onset=(), confirm_by_readback=False)
    trace = shot(onset=None, detect=None, safe=None)
    assert of(trace, plan).bench_faults == ()
    trace.marks[:] = [mark for mark in trace.marks if mark.kind is not Kind.STIMULUS_CONFIRMED]
    assert told(of(trace, plan).bench_faults) == ("no proof that the stimulus reached the DUT's terminals",)
    short = of(shot(detect=None, safe=None, end=450), QUIET)
    assert told(short.bench_faults) == ("the window closed 350.0 ms after the stimulus; expected 400.0 ms",)
