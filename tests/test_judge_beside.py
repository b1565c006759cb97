"""What stands beside a measurement: stamps, senders, the range of the fit, receivers, claims and bounds."""

from dataclasses import replace

import numpy as np
import pytest
from test_judge_at_ties import counted
from test_judge_on_traces import DATABASE, MS, REAL, trace_of

from bench.measure.accepted import Receivers
from bench.measure.beyond_fit import left_the_fit, no_truth_for
from bench.measure.clock_rate import rate_ppb, rate_why, with_rate
from bench.measure.finding.base import Since, When
from bench.measure.finding.bench import SecondSender
from bench.measure.finding.plant import EstimateBeyondFit, PlantBeyondFit
from bench.measure.finding.stamps import StampsAhead, StampsWentBack
from bench.measure.frames import Frames
from bench.measure.interval import CLOCK_RATE, Interval, Latency, StampUsed, Term
from bench.measure.plan import NOTHING
from bench.measure.second_sender import second_senders
from bench.measure.stamp_order import CLOSING_NS, LEARNT_NS, stamps_out_of_order, stamps_used
from bench.measure.window import armed_window
from bench.timing.clock import Timebase
from bench.trace import facts
from bench.trace.events import CanFrame, Fitted, FrameSeen
from bench.trace.stamping import Origin, Stamping
from bench.trace.timeline import Trace
from bench.verdict.claims import ModeSays, OfMode, Ruling, ruling_of
from bench.verdict.extremes import _anderson_darling, _goodness, _growth
from bench.verdict.ftti_bound import FttiBound


def left(side: Fitted, since: int, farthest: int, value: float, cell: int | None = None) -> facts.FitLeft:
    return facts.FitLeft(side=side, bound=1.5, value=value, cell=cell, since_ns=since, farthest_ns=farthest)


HOT, FAST = left(Fitted.HOT, 300, 500, 71.0, 7), left(Fitted.DISCHARGE, 50, 60, 3.25)


def beyond() -> Trace:
    trace = Trace(timebase=Timebase.SIMULATED)
    for fact in (HOT, FAST):
        trace.mark(1000, fact, "plant")
    return trace


def test_each_side_of_the_fit_that_was_left_is_told_since_the_arming() -> None:
    def at(offset_ns: int) -> When:
        return When(offset_ns=offset_ns, since=Since.ARMING)

    assert left_the_fit(beyond(), 100) == [
        PlantBeyondFit(side=Fitted.HOT, bound=1.5, value=71.0, cell=7, since=at(200), farthest=at(400)),
        PlantBeyondFit(
            side=Fitted.DISCHARGE, bound=1.5, value=3.25, cell=None, since=at(-50), farthest=at(-40)
        ),
    ]


@pytest.mark.parametrize("until_ns", [50, 299, 300, 10_000])
def test_the_side_that_was_left_first_decides_over_an_estimate(until_ns: int) -> None:
    found = no_truth_for(beyond(), "soc", until_ns)
    assert found == EstimateBeyondFit(estimate="soc", side=Fitted.DISCHARGE, bound=1.5, value=3.25)


def test_a_side_that_was_left_after_the_last_truth_decides_nothing() -> None:
    assert no_truth_for(beyond(), "soc", 49) is None


# --- stamps ---


def stamped(
    *frames: tuple[int, str, str], u_ns: int = 0, origin: Origin = Origin.KERNEL, ended: int | None = None
) -> Trace:
    """(ms, channel, sender) of each frame, as they came in. Armed at 10 ms, closed at 600 ms."""
    trace = trace_of()
    trace.timebase = Timebase.HOST
    trace.stamping = {
        name: Stamping(origin=origin, source=f"of {name}", u_ns=u_ns, worth="measured") for name in ("a", "b")
    }
    trace.frames = [FrameSeen(at, channel, CanFrame(1, b""), sender) for at, channel, sender in frames]
    if ended is not None:
        for at in (ended, 5):
            trace.mark(at, facts.RunEnded(), "engine")
    return trace


def out_of_order(trace: Trace) -> list[object]:
    return list(stamps_out_of_order(trace, armed_window(trace)))


T = 100 * MS


@pytest.mark.parametrize(
    ("frames", "back"),
    [
        (((T, "a", "dut"), (T - 3, "a", "dut")), [("a", 1, 3)]),
        (((T, "a", "dut"), (T - 3, "a", "vcu")), []),  # each node passes one clock, two do not
        (((T, "a", "dut"), (T - 3, "b", "dut")), []),
        (((T, "a", "dut"), (T - 3, "a", "dut"), (T - 5, "a", "dut")), [("a", 2, 5)]),  # behind the latest
        (((T, "a", "dut"), (T - 9, "a", "dut"), (T - 5, "a", "dut")), [("a", 2, 9)]),
        (
            ((T, "b", "dut"), (T - 3, "b", "dut"), (T, "a", "x"), (T - 4, "a", "x")),
            [("b", 1, 3), ("a", 1, 4)],
        ),
        (((10 * MS, "a", "dut"), (10 * MS - 1, "a", "dut")), [("a", 1, 1)]),  # from the arming on
        (((10 * MS - 1, "a", "dut"), (10 * MS - 2, "a", "dut")), []),
        (((T, "a", "dut"), (T, "a", "dut")), []),
    ],
)
def test_stamps_of_one_node_on_one_bus_rise(
    frames: tuple[tuple[int, str, str], ...], back: list[tuple[str, int, int]]
) -> None:
    told = [StampsWentBack(channel=channel, count=n, back_ns=by) for channel, n, by in back]
    assert out_of_order(stamped(*frames)) == told


@pytest.mark.parametrize(
    ("origin", "u_ns", "borne_ns"),
    [(Origin.KERNEL, 7, 14), (Origin.ADAPTER, 7, LEARNT_NS + 14), (Origin.HARDWARE, 0, 0)],
)
def test_stamps_may_be_off_by_what_they_are_worth(origin: Origin, u_ns: int, borne_ns: int) -> None:
    for by_ns, told in ((borne_ns, 0), (borne_ns + 1, 1)):
        back = stamped((T, "a", "dut"), (T - by_ns, "a", "dut"), u_ns=u_ns, origin=origin)
        assert len(out_of_order(back)) == told
        late = 700 * MS + CLOSING_NS + by_ns
        ahead = stamped((T, "a", "dut"), (late, "a", "dut"), u_ns=u_ns, origin=origin, ended=700 * MS)
        expected = StampsAhead(channel="a", count=1, ahead_ns=CLOSING_NS + by_ns)
        assert out_of_order(ahead) == [expected] * told


def test_frames_after_the_end_are_counted_by_bus_and_told_with_the_farthest() -> None:
    end = 700 * MS
    frames = [
        (end + CLOSING_NS + by, channel, "dut") for by, channel in ((1, "a"), (9, "b"), (4, "a"), (0, "b"))
    ]
    found = out_of_order(stamped(*sorted(frames), ended=end))
    assert found == [
        StampsAhead(channel="a", count=2, ahead_ns=CLOSING_NS + 4),
        StampsAhead(channel="b", count=1, ahead_ns=CLOSING_NS + 9),
    ]
    assert out_of_order(stamped(*sorted(frames))) == [], "where the end is not known"


def test_what_stamps_are_worth_is_told_of_each_bus_in_real_time() -> None:
    trace = stamped(u_ns=7)
    assert stamps_used(trace) == tuple(
        StampUsed(channel=name, source=f"of {name}", u_ns=7, worth="measured") for name in ("a", "b")
    )
    trace.timebase = Timebase.SIMULATED
    assert stamps_used(trace) == ()


def test_the_rate_of_a_clock_is_what_was_known_last() -> None:
    trace = stamped()
    assert (rate_ppb(trace), rate_why(trace)) == (0, "")
    for ppb, why in ((100, "first"), (300, "then")):
        trace.mark(1, facts.ClockRate(bound_ppb=ppb, why=why), "host")
    assert (rate_ppb(trace), rate_why(trace)) == (300, "then")
    trace.timebase = Timebase.SIMULATED
    assert (rate_ppb(trace), rate_why(trace)) == (0, "")
    before = Latency(interval=Interval(low_ns=10**9, high_ns=2 * 10**9), terms=())
    assert with_rate(before, 0) == before
    term = Term(name=CLOCK_RATE, width_ns=1499 + 3001, note="±1.5 ppm")
    widened = Interval(low_ns=10**9 - 1500, high_ns=2 * 10**9 + 3001)
    found = with_rate(before, 1500)
    assert found.terms == (replace(term, width_ns=found.interval.width_ns - 10**9),)
    assert found.interval == widened


# --- senders and receivers ---


def senders(*frames: tuple[str, int, bool, str], own: tuple[tuple[str, str], ...] = ()) -> list[object]:
    seen = [
        FrameSeen(1, channel, CanFrame(can_id, b"", extended), by) for channel, can_id, extended, by in frames
    ]
    return list(second_senders(Frames.of(seen), replace(NOTHING, own=own), REAL))


STATE = DATABASE["BMS_State"].can_id


def test_one_identifier_from_two_nodes_is_told_with_both() -> None:
    twice = (("vehicle", 9, False, "vcu"), ("vehicle", 9, False, "dut"), ("vehicle", 9, False, "dut"))
    told = SecondSender(channel="vehicle", can_id=9, senders="dut, vcu")
    assert senders(*twice) == [told]
    others = (("vehicle", 9, False, "dut"), ("vehicle", 9, True, "vcu"), ("sense", 9, False, "vcu"))
    assert senders(*others) == []
    more = (
        ("vehicle", 3, False, "b"),
        ("vehicle", 3, False, "a"),
        ("sense", 9, True, "b"),
        ("sense", 9, True, "a"),
    )
    first = SecondSender(channel="sense", can_id=9, senders="a, b")
    assert senders(*more, *twice) == [first, SecondSender(channel="vehicle", can_id=3, senders="a, b"), told]


def test_what_the_bench_sends_of_the_duts_own_is_told_elsewhere() -> None:
    frames = (("vehicle", STATE, False, "bench"), ("vehicle", STATE, False, "dut"))
    told = SecondSender(channel="vehicle", can_id=STATE, senders="bench, dut")
    assert senders(*frames) == [told]
    assert senders(*frames, own=(("vehicle", "BMS_State"),)) == []
    assert senders(*frames, own=(("vehicle", "BMS_Faults"),)) == [told]
    third = ("vehicle", STATE, False, "vcu")
    beside = SecondSender(channel="vehicle", can_id=STATE, senders="dut, vcu")
    assert senders(*frames, third, own=(("vehicle", "BMS_State"),)) == [beside]


def test_a_receiver_accepts_a_right_frame_and_whatever_is_under_no_protection() -> None:
    frames = list(counted((0, 10, 20)).frames)[:3]
    receivers = Receivers((("vehicle", "BMS_State"), ("vehicle", "BMS_CellMinMax")), REAL)
    assert [receivers.accept(one) for one in frames] == [True, True, True]
    assert receivers.accept(frames[-1]) is False, "its counter stands"
    assert receivers.accept(frames[-1]._replace(channel="sense")) is True
    wrong = bytearray(frames[1].frame.data)
    wrong[-1] ^= 0xFF
    assert receivers.accept(frames[1]._replace(frame=frames[1].frame._replace(data=bytes(wrong)))) is False


def protected(name: str, at_ms: float, counter: int, crc_off: int = 0) -> FrameSeen:
    message = DATABASE[name]
    assert message.protection is not None
    data = bytearray(message.encode(message.decode(bytes(message.length))))
    message.protection.protect(data, counter)
    data[DATABASE[name].length - 1] ^= crc_off
    return FrameSeen(
        round(at_ms * MS), "vehicle", CanFrame(message.can_id, bytes(data), message.extended), "dut"
    )


def accepted(*frames: FrameSeen) -> list[bool]:
    receivers = Receivers((("vehicle", "BMS_State"), ("vehicle", "BMS_Faults")), REAL)
    return [receivers.accept(one) for one in frames]


STATE_MS, FAULTS_MS = (DATABASE[one].cycle_ns / MS for one in ("BMS_State", "BMS_Faults"))


@pytest.mark.parametrize(
    ("cycles", "taken"), [(1, False), (3.5, False), (3.5 + 1e-6, True), (50, True)], ids=str
)
def test_after_a_silence_of_more_than_three_frames_any_counter_begins_a_series(
    cycles: float, taken: bool
) -> None:
    first, later = protected("BMS_State", 0, 9), protected("BMS_State", cycles * STATE_MS, 2)
    assert accepted(first, later) == [True, taken]


def test_a_silence_is_counted_from_the_last_right_crc() -> None:
    wrong = protected("BMS_State", 2 * STATE_MS, 9, crc_off=0x55)
    frames = protected("BMS_State", 0, 9), wrong, protected("BMS_State", 4 * STATE_MS, 2)
    assert accepted(*frames) == [True, False, True]
    refused = protected("BMS_State", 2 * STATE_MS, 2)  # its CRC is right
    assert accepted(frames[0], refused, protected("BMS_State", 4 * STATE_MS, 9))[1:] == [False, False]


@pytest.mark.parametrize(("last_ms", "taken"), [(0.5, True), (1.0, True), (1.001, False)])
def test_a_restart_that_one_message_shows_is_one_of_those_that_fell_silent_with_it(
    last_ms: float, taken: bool
) -> None:
    """last_ms: when the slower message came last, in cycles of the faster one after the last of that."""
    state, faults = protected("BMS_State", 100, 9), protected("BMS_Faults", 100 + last_ms * STATE_MS, 9)
    again = protected("BMS_State", 100 + 4 * STATE_MS, 0)
    slow = protected("BMS_Faults", 100 + 4 * STATE_MS + 0.1, 0)
    assert accepted(state, faults, again, slow) == [True, True, True, taken]
    assert accepted(state, again, slow) == [True, True, True], "it was not heard before at all"


def test_only_the_very_identifier_is_under_protection() -> None:
    one = protected("BMS_State", 0, 9)
    odd = one._replace(frame=one.frame._replace(extended=not one.frame.extended))
    assert accepted(one, odd, one) == [True, True, False]
    assert accepted(one, one._replace(frame=one.frame._replace(fd=True))) == [True, False]


# --- claims and bounds ---


@pytest.mark.parametrize(
    ("modes", "expected"),
    [
        ((), Ruling.NOT_DECIDABLE),
        (((ModeSays.FOR, True), (ModeSays.FOR, True)), Ruling.CONFIRMED),
        (((ModeSays.FOR, True), (ModeSays.FOR, False)), Ruling.NOT_DECIDABLE),
        (((ModeSays.FOR, True), (ModeSays.NEITHER, True)), Ruling.NOT_DECIDABLE),
        (((ModeSays.FOR, True), (ModeSays.UNKNOWN, True)), Ruling.NOT_DECIDABLE),
        (((ModeSays.FOR, True), (ModeSays.AGAINST, False)), Ruling.NOT_DECIDABLE),
        (((ModeSays.FOR, False), (ModeSays.AGAINST, True)), Ruling.REFUTED),
    ],
)
def test_only_what_carries_decides_a_claim(
    modes: tuple[tuple[ModeSays, bool], ...], expected: Ruling
) -> None:
    assert ruling_of([OfMode(mode="m", says=says, carried=carried) for says, carried in modes]) is expected


@pytest.mark.parametrize(("bound_s", "too_long"), [(None, None), (0.9, True), (1.0, True), (1.001, False)])
def test_a_harm_at_the_instant_of_the_ftti_comes_too_soon(
    bound_s: float | None, too_long: bool | None
) -> None:
    found = FttiBound(
        goal="SG", chemistry="lfp", ftti_s=1.0, provenance="p", own=False, fault="f", bound_s=bound_s, draws=9
    )
    assert found.too_long is too_long


@pytest.mark.parametrize("shape", [0.0, 1e-9, -1e-9])
def test_a_tail_without_an_end_is_the_limit_of_those_with_one(shape: float) -> None:
    """The exponential is where the generalised Pareto distribution's shape goes through 0."""
    over = [0.1, 0.25, 0.4, 0.7, 0.9, 1.3, 1.8, 2.9]
    near = 2e-6
    assert _growth(shape, 20.0) == pytest.approx(_growth(near, 20.0), rel=1e-4)
    fit, low, high = _goodness(over, shape, 1.0, 20.0)
    other, other_low, other_high = _goodness(over, near, 1.0, 20.0)
    assert (fit.holds, fit.detail) == (other.holds, other.detail)
    assert (low, high) == pytest.approx((other_low, other_high), rel=1e-3)

    assert _anderson_darling(np.array(over), shape, 1.0) == pytest.approx(
        _anderson_darling(np.array(over), near, 1.0), rel=1e-3
    )
