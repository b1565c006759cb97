"""Stamps that cannot be true are the bench's ERROR, and not the DUT's silence."""

from dataclasses import replace

import pytest
from test_measure_trace import DECODERS, MS, PLAN, QUIET, shot
from told import told

from bench.measure.measure import measure
from bench.measure.plan import Plan
from bench.timing.clock import Timebase
from bench.trace.facts import RunEnded
from bench.trace.stamping import Origin, Stamping
from bench.trace.timeline import Trace
from bench.verdict.judge import judge
from bench.verdict.result import Verdict


def moved(
    from_ms: int, by_ms: int, *, u_ns: int = 0, origin: Origin = Origin.KERNEL, trip: bool = True
) -> Trace:
    """All frames that came from `from_ms` on are stamped so much later (or, negative, earlier)."""
    trace = shot() if trip else shot(detect=None, safe=None, dtc=None)
    trace.timebase = Timebase.HOST
    trace.stamping["vehicle"] = Stamping(origin=origin, source="as a test says", u_ns=u_ns)
    trace.frames = [
        seen._replace(t_ns=seen.t_ns + (by_ms * MS if seen.t_ns >= from_ms * MS else 0))
        for seen in trace.frames
    ]
    trace.mark(660 * MS, RunEnded(), "engine")
    return trace


@pytest.mark.parametrize("plan", [PLAN, QUIET])
@pytest.mark.parametrize("by_ms", [-300, -20])
def test_stamps_that_go_back_are_the_benchs_error(plan: Plan, by_ms: int) -> None:
    trace = moved(400, by_ms, trip=plan is PLAN)
    found = judge(measure(trace, plan, DECODERS), plan)
    assert found.verdict is Verdict.ERROR
    assert "stamps-went-back" in {one.finding.code for one in found.reasons}
    words = told([one.finding for one in found.reasons if one.finding.code == "stamps-went-back"])
    assert f"stamped up to {-by_ms - 10:.1f} ms before what had come earlier" in words[0]


def test_one_frame_that_goes_back_is_enough_and_a_second_bus_is_not_accused() -> None:
    trace = moved(10_000, 0)
    place = next(n for n, seen in enumerate(trace.frames) if seen.t_ns >= 300 * MS)
    frames = list(trace.frames)
    frames[place] = frames[place]._replace(t_ns=100 * MS)
    trace.frames = frames
    (one,) = [f for f in measure(trace, PLAN, DECODERS).bench_faults if f.code == "stamps-went-back"]
    assert one.figures() == {"channel": "vehicle", "count": 1, "back_ns": 190 * MS}


@pytest.mark.parametrize(
    ("by_ms", "u_ms", "origin", "error"),
    [
        (-11, 0, Origin.KERNEL, True),
        (-11, 1, Origin.KERNEL, False),
        (-14, 1, Origin.KERNEL, True),
        (-16, 1, Origin.ADAPTER, False),
        (-20, 1, Origin.ADAPTER, True),
    ],
)
def test_what_a_stamp_is_worth_is_no_going_back(by_ms: int, u_ms: int, origin: Origin, error: bool) -> None:
    faults = measure(moved(400, by_ms, u_ns=u_ms * MS, origin=origin), PLAN, DECODERS).bench_faults
    assert ("stamps-went-back" in {one.code for one in faults}) is error


def test_two_senders_on_two_clocks_may_come_in_any_order() -> None:
    """Without an echo the bench's own frames are stamped as they are handed over, others as their adapter says."""
    trace = moved(10_000, 0)
    handed_over = [
        seen._replace(
            t_ns=seen.t_ns + 4 * MS,
            sender="bench",
            frame=seen.frame._replace(can_id=seen.frame.can_id + 0x400),
        )
        for seen in trace.frames
    ]
    trace.frames = [seen for pair in zip(handed_over, trace.frames) for seen in pair]
    assert measure(trace, replace(PLAN, heard=PLAN.heard), DECODERS).bench_faults == ()


def test_before_the_arming_a_clock_may_still_be_learnt() -> None:
    trace = moved(10_000, 0)
    trace.frames = [trace.frames[0]._replace(t_ns=9 * MS), *trace.frames]
    assert measure(trace, PLAN, DECODERS).bench_faults == ()


def test_stamps_from_after_the_end_are_the_benchs_error() -> None:
    """A clock that leapt ahead: the DUT seems to have fallen silent, and goes on after the shot has ended."""
    trace = moved(300, 400, trip=False)
    found = judge(measure(trace, QUIET, DECODERS), QUIET)
    assert found.verdict is Verdict.ERROR and "stamps-ahead" in {one.finding.code for one in found.reasons}
    assert "after the shot had ended" in " ".join(told([one.finding for one in found.reasons]))
