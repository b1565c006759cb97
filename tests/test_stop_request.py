"""The instant at which the DUT asks for the current to stop: all told limits stand at 0 A, and did not before."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from test_measure_trace import DBC, MS, PLAN, shot

from bench.codec.database import Database
from bench.measure.ending import EndedBy, EndQuestion
from bench.measure.measure import measure
from bench.measure.signal_test import SignalTest
from bench.measure.stop_request import asked_to_stop_ns
from bench.measure.window import armed_window
from bench.timing.clock import Timebase
from bench.trace.events import CanFrame
from bench.trace.facts import ObserversArmed, StimulusCommanded, WindowClosed
from bench.trace.stamping import Origin, Stamping
from bench.trace.timeline import Trace

DATABASE = Database.load(DBC / "bms.dbc")
DECODERS = {"vehicle": DATABASE}
BMS_LIMITS = DATABASE["BMS_Limits"]
LIMITS = ("ChargeCurrentLimit", "DischargeCurrentLimit")
STOP = tuple(
    SignalTest(channel="vehicle", message="BMS_Limits", signal=one, op="<=", value=0.0) for one in LIMITS
)
ASKED = EndQuestion(observe_ns=0, signal=True, stop_request=STOP)


def traced(
    limits_a: Mapping[int, tuple[float, float]], *commanded: int, u_ns: int = 0, first: int = 0
) -> Trace:
    """A limits frame every 20 ms from `first` on, with (charge, discharge) in A from the given ms on.

    Armed at 10 ms; commanded: at which ms; closed at 400 ms.
    """
    stamping = {"vehicle": Stamping(origin=Origin.SIMULATED, source="as a test says", u_ns=u_ns)}
    trace = Trace(timebase=Timebase.SIMULATED, stamping=stamping)
    trace.mark(10 * MS, ObserversArmed(), "engine")
    for at in commanded:
        trace.mark(at * MS, StimulusCommanded(fault="x"), "cells")
    for at in range(first, 420, 20):
        charge_a, discharge_a = next(
            limits_a[since] for since in sorted(limits_a, reverse=True) if at >= since
        )
        told = {"ChargeCurrentLimit": charge_a, "DischargeCurrentLimit": discharge_a}
        data = BMS_LIMITS.encode({**BMS_LIMITS.decode(bytes(BMS_LIMITS.length)), **told})
        trace.frame(at * MS, "vehicle", CanFrame(BMS_LIMITS.can_id, data, BMS_LIMITS.extended), "dut")
    trace.mark(400 * MS, WindowClosed(), "engine")
    return trace


def asked_ms(trace: Trace) -> float | None:
    at_ns = asked_to_stop_ns(trace, ASKED, armed_window(trace), DECODERS)
    return None if at_ns is None else at_ns / MS


@pytest.mark.parametrize(
    ("limits_a", "at_ms"),
    [
        ({0: (50.0, 80.0), 201: (0.0, 0.0)}, 220),
        ({0: (50.0, 80.0), 161: (0.0, 80.0), 201: (0.0, 0.0)}, 220),  # the last of them decides
        ({0: (0.0, 80.0), 201: (0.0, 0.0)}, 220),  # one of them stood at 0 A before
        ({0: (50.0, 80.0), 201: (0.0, 80.0)}, None),  # only one of them
        ({0: (50.0, 80.0), 161: (0.0, 80.0), 201: (50.0, 0.0)}, None),  # never both at once
        ({0: (50.0, 80.0)}, None),
        ({0: (0.0, 0.0)}, None),  # before the stimulus: it did not cause it
        ({0: (50.0, 80.0), 381: (0.0, 0.0)}, 400),  # in the last frame of the window
        ({0: (50.0, 80.0), 401: (0.0, 0.0)}, None),  # after the window
    ],
)
def test_all_limits_at_0_a_after_the_stimulus_are_a_stop(
    limits_a: Mapping[int, tuple[float, float]], at_ms: int | None
) -> None:
    assert asked_ms(traced(limits_a, 100)) == at_ms


def test_the_instant_is_the_latest_that_the_stamp_allows() -> None:
    assert asked_ms(traced({0: (50.0, 80.0), 201: (0.0, 0.0)}, 100, u_ns=MS)) == 221


def test_only_a_stimulus_of_the_window_begins_it() -> None:
    stopped = {0: (50.0, 80.0), 201: (0.0, 0.0)}
    assert asked_ms(traced(stopped)) is None
    assert asked_ms(traced(stopped, 5)) is None, "before the observers were armed"
    assert asked_ms(traced(stopped, 10)) == 220, "at the instant of the arming"
    assert asked_ms(traced(stopped, 5, 100)) == 220, "the one before the arming counts for nothing"
    assert asked_ms(traced(stopped, 260)) is None, "it had asked before"
    assert asked_ms(traced(stopped, 100, 260)) == 220, "the first one counts"
    assert asked_ms(traced(stopped, 220)) is None, "at the instant of its first frame"


def test_a_dut_that_told_no_limit_before_the_stimulus_may_ask_after_it() -> None:
    assert asked_ms(traced({0: (0.0, 0.0)}, 100, first=140)) == 140


@pytest.mark.parametrize(
    ("asked", "by", "at_ms"),
    [
        (ASKED, EndedBy.SIGNAL, 220),
        (
            replace(ASKED, stop_request=()),
            EndedBy.SIGNAL,
            210,
        ),  # the flag of the plan, as releases before asked
        (replace(ASKED, signal=False), None, None),
    ],
)
def test_the_end_of_a_protection_test_is_that_instant(
    asked: EndQuestion, by: EndedBy | None, at_ms: int | None
) -> None:
    trace = shot()
    frames = [one for one in traced({0: (50.0, 80.0), 201: (0.0, 0.0)}).frames if one.t_ns >= 0]
    trace.frames = sorted([*trace.frames, *frames], key=lambda one: one.t_ns)
    end = measure(trace, replace(PLAN, end=asked), DECODERS).end
    assert end is not None
    assert (end.by, end.at_ns) == (by, None if at_ms is None else at_ms * MS)


def test_without_a_flag_and_a_stop_request_nothing_ended_it() -> None:
    plan = replace(PLAN, end=replace(ASKED, stop_request=()))
    end = measure(shot(detect=None), plan, DECODERS).end
    assert end is not None and (end.by, end.at_ns) == (None, None)
