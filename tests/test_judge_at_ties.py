"""Where two things of a shot meet at one instant, or the first of a row has nothing before it."""

from dataclasses import replace

import pytest
from test_judge_on_traces import DATABASE, DECODERS, MS, REAL, trace_of
from test_measure_irregular import found, sent
from test_measure_trace import DECODERS as TINY
from test_measure_trace import DTC, FAULT, PLAN, shot

from bench.config.lag import Lag
from bench.measure.finding.answer import UnexpectedCode
from bench.measure.finding.bench import FaultTakenOff
from bench.measure.finding.life import FrameSkipped, ProtectionBroken
from bench.measure.measure import measure
from bench.measure.only_expected import Codes, Unexpected, What
from bench.measure.plan import NOTHING
from bench.trace import facts
from bench.trace.events import CanFrame
from bench.trace.irregular import Irregular, Irregularity
from bench.trace.mark import Mark
from bench.trace.timeline import Trace

NEXT = Irregularity(channel="vehicle", message="VCU", what=Irregular.NEXT)
SAYS = (("overvoltage", "CellOvervoltage", 1.0, 7), ("undervoltage", "CellUndervoltage", 1.0, None))


@pytest.mark.parametrize(("lag_ns", "early"), [(100 * MS, False), (100 * MS + 1, True)])
def test_a_report_of_a_fact_at_the_onset_itself_is_an_answer(lag_ns: int, early: bool) -> None:
    """Onset at 110 ms, reported at 210 ms."""
    plan = replace(PLAN, detection=(replace(FAULT, lag=Lag(low_ns=lag_ns, high_ns=lag_ns)),))
    seen = measure(shot(), plan, TINY)
    assert ("reported-before-fault" in [one.code for one in seen.broken]) is early
    assert (seen.fdti is None) is early


@pytest.mark.parametrize(
    ("stamps_ms", "at_ms"),
    [
        ((40, 55, 56, 75, 76), 55),  # the first frame after the command begins its sweep
        ((55, 56, 75, 76), 55),  # nothing was sent before it
        ((49, 50.5, 51, 70, 71), 70),  # its sweep had begun before the command
        ((20, 21, 40, 41, 55, 56), 55),
    ],
)
def test_a_sweep_begins_after_the_rest_before_it(stamps_ms: tuple[float, ...], at_ms: float) -> None:
    seen = found(NEXT, sent(*stamps_ms))
    assert seen.high_ns == at_ms * MS


@pytest.mark.parametrize(
    ("asked", "status", "lacks"),
    [
        (("test_failed",), None, True),  # the memory did not hold it at all
        (("test_failed",), 0x08, True),
        (("test_failed",), 0x01, False),
        (("confirmed",), 0x01, True),
        (("test_failed", "confirmed"), 0x09, False),
        ((), None, False),
    ],
)
def test_a_fault_that_was_taken_off_excuses_only_the_bits_that_are_lacking(
    asked: tuple[str, ...], status: int | None, lacks: bool
) -> None:
    """Taken off at 400 ms, after the safe state: only a bit that comes late may have needed it for longer."""
    trace = shot()
    off = facts.StimulusCleared(fault="x", owner="step 0", why="time to live", outlived_ns=50 * MS)
    trace.mark(400 * MS, off, "rig")
    if status is not None:
        read = facts.DtcRead(code=round(DTC.value), status=status, bits="", occurrences=None)
        trace.mark(600 * MS, read, "bench")
    doubts = measure(trace, replace(PLAN, dtc_status=asked), TINY).doubts
    taken_off = [one for one in doubts if isinstance(one, FaultTakenOff)]
    assert [one.before_read for one in taken_off] == [True] * lacks


def stored(flags: dict[int, dict[str, int]], *codes: int) -> list[tuple[int | None, bool]]:
    """(code, whether only stored) of what was told; flags: by ms; codes: new in the memory at the end."""
    frames = ((at, TINY["vehicle"].encode("BMS_Faults", **values)) for at, values in flags.items())
    trace = trace_of(*frames)
    for at, code in ((1, 5), *((590, code) for code in (5, *codes))):
        read = facts.DtcRead(code=code, status=0x09, bits="", occurrences=None)
        trace.marks.append(Mark(at * MS, 0, "dut", read))
    trace.marks.sort(key=lambda one: one.t_ns)
    reports = (Unexpected(what=What.FLAG, channel="vehicle", message="BMS_Faults", says=SAYS),)
    memory = Codes(channel="vehicle", message="BMS_Dtc", signal="DtcCode", expected=(5,))
    plan = replace(NOTHING, window_ns=1, codes=memory, unexpected=reports, only_expected=True)
    told = measure(trace, plan, DECODERS).broken
    return [(one.dtc, one.stored) for one in told if isinstance(one, UnexpectedCode)]


@pytest.mark.parametrize(
    ("flags", "codes", "told"),
    [
        ({20: {"CellOvervoltage": 0}, 40: {"CellOvervoltage": 1}}, (7,), []),  # told by its flag
        ({20: {"CellOvervoltage": 1}}, (7, 8), [(8, True)]),  # which had it since the first frame
        ({4: {"CellOvervoltage": 1}, 20: {"CellOvervoltage": 1}}, (7,), []),  # and before the arming
        ({40: {"CellOvervoltage": 1}, 60: {"CellOvervoltage": 0}}, (7,), []),  # and told it for a moment
        ({20: {"CellOvervoltage": 0}}, (7,), [(7, True)]),
        ({20: {"CellUndervoltage": 0}, 40: {"CellUndervoltage": 1}}, (7,), [(7, True)]),  # another flag
    ],
)
def test_a_stored_code_is_told_by_the_flag_that_it_belongs_to(
    flags: dict[int, dict[str, int]], codes: tuple[int, ...], told: list[tuple[int, bool]]
) -> None:
    assert stored(flags, *codes) == told


def counted(order: tuple[int, ...], bench: bool = False) -> Trace:
    """BMS_State under its E2E protection every 10 ms; order: of those before 60 ms, as the trace has them."""
    message = DATABASE["BMS_State"]
    assert message.protection is not None
    trace = Trace(timebase=trace_of().timebase, stamping=trace_of().stamping)
    trace.mark(60 * MS, facts.ObserversArmed(), "bench")
    for at in (*order, *range(60, 300, 10)):
        data = bytearray(message.encode(message.decode(bytes(message.length))))
        message.protection.protect(data, at // 10 % message.protection.counters)
        trace.frame(at * MS, "vehicle", CanFrame(message.can_id, bytes(data), message.extended), "dut")
        if bench and at < 60:
            trace.frame(at * MS, "vehicle", CanFrame(message.can_id, bytes(8), message.extended), "bench")
    trace.mark(290 * MS, facts.WindowClosed(), "bench")
    return trace


@pytest.mark.parametrize(
    ("order", "bench", "odd"),
    [
        ((0, 10, 20, 30, 40, 50), False, False),
        ((0, 10, 20, 30, 40, 50), True, False),  # what the bench sent itself is not the DUT's counter
        ((30, 40, 50, 0, 10, 20), False, False),  # as they were sent, however they came in
        ((50, 40, 30, 20, 10, 0), False, False),
        ((0, 10, 20, 40, 50, 30), False, False),
        ((50, 30), False, False),
        ((50, 40), False, False),
        ((0, 10, 20, 30), False, True),  # two frames are lacking: the first of the window skips
    ],
)
def test_counters_go_on_from_the_frame_that_was_sent_last_before_the_window(
    order: tuple[int, ...], bench: bool, odd: bool
) -> None:
    plan = replace(NOTHING, window_ns=1, protected=(("vehicle", "BMS_State"),))
    told = measure(counted(order, bench), plan, REAL).anomalies
    skipped = [one for one in told if isinstance(one, FrameSkipped | ProtectionBroken)]
    assert bool(skipped) is odd, skipped
