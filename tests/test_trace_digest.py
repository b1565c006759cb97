"""The digest speaks for the whole trace: equal only when every frame, mark, fact and the order are equal."""

import copy
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.timing.clock import Timebase
from bench.trace.events import CanFrame, FrameSeen, Kind, Mark
from bench.trace.timeline import Trace

BOOLS = st.booleans()
FRAMES = st.builds(
    FrameSeen,
    st.integers(0, 2**40),
    st.sampled_from(["vehicle", "sense"]),
    st.builds(
        CanFrame,
        st.integers(0, 2**29 - 1),
        st.binary(max_size=64),
        st.booleans(),
        st.booleans(),
        st.booleans(),
    ),
    st.sampled_from(["bench", "dut", ""]),
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False)
    | st.text('ab\0"é', max_size=3)
)
MARKS = st.builds(
    Mark,
    st.integers(0, 2**40),
    st.integers(0, 9),
    st.sampled_from(list(Kind)),
    st.sampled_from(["engine", "rig"]),
    st.dictionaries(st.sampled_from("abc"), SCALARS, max_size=3),
)
TRACES = st.builds(
    Trace,
    timebase=st.sampled_from(list(Timebase)),
    frames=st.lists(FRAMES, max_size=3),
    marks=st.lists(MARKS, max_size=3),
)


def _content(trace: Trace) -> str:
    # repr tells 1 from 1.0 from True, as the digest must.
    marks = [(*mark[:4], sorted(mark.facts.items())) for mark in trace.marks]
    return repr((trace.timebase, trace.frames, marks))


@given(TRACES, TRACES)
def test_equal_digests_exactly_for_equal_content(one: Trace, other: Trace) -> None:
    assert (one.digest() == other.digest()) == (_content(one) == _content(other))
    assert copy.deepcopy(one).digest() == one.digest()


def _sample() -> Trace:
    trace = Trace(timebase=Timebase.SIMULATED)
    trace.frame(1_000, "vehicle", CanFrame(0x123, b"\x01\x02"), "dut")
    trace.frame(2_000, "sense", CanFrame(0x124, b""), "bench")
    trace.mark(3_000, Kind.STIMULUS_CONFIRMED, "engine", u_ns=5, value="4.3 V", readback=True)
    trace.mark(3_000, Kind.RUN_ENDED, "engine")
    return trace


def _frame(**changes: object) -> Callable[[Trace], None]:
    def change(trace: Trace) -> None:
        trace.frames[0] = trace.frames[0]._replace(**changes)

    return change


def _can(**changes: object) -> Callable[[Trace], None]:
    def change(trace: Trace) -> None:
        seen = trace.frames[0]
        trace.frames[0] = seen._replace(frame=seen.frame._replace(**changes))

    return change


def _mark(**changes: object) -> Callable[[Trace], None]:
    def change(trace: Trace) -> None:
        trace.marks[0] = trace.marks[0]._replace(**changes)

    return change


CHANGES: dict[str, Callable[[Trace], None]] = {
    "frame 1 ns later": _frame(t_ns=1_001),
    "frame on another channel": _frame(channel="sense"),
    "frame from another sender": _frame(sender="bench"),
    "other id": _can(can_id=0x122),
    "one bit": _can(data=b"\x01\x03"),
    "one byte less": _can(data=b"\x01"),
    "extended": _can(extended=True),
    "fd": _can(fd=True),
    "bitrate switch": _can(bitrate_switch=True),
    "frame missing": lambda trace: trace.frames.pop() and None,
    "frames swapped": lambda trace: trace.frames.reverse(),
    "mark 1 ns later": _mark(t_ns=3_001),
    "other uncertainty": _mark(u_ns=6),
    "other kind": _mark(kind=Kind.STIMULUS_CLEARED),
    "other source": _mark(source="rig"),
    "other fact": _mark(facts={"value": "4.4 V", "readback": True}),
    "fact of another type": _mark(facts={"value": "4.3 V", "readback": 1}),
    "fact missing": _mark(facts={"value": "4.3 V"}),
    "mark missing": lambda trace: trace.marks.pop() and None,
    "marks swapped": lambda trace: trace.marks.reverse(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_any_change_shows(change: Callable[[Trace], None]) -> None:
    changed = _sample()
    change(changed)
    assert changed.digest() != _sample().digest()


def test_the_timebase_shows_and_the_order_of_facts_does_not() -> None:
    sample = _sample()
    assert replace(sample, timebase=Timebase.HOST).digest() != sample.digest()
    turned = _sample()
    turned.marks[0] = turned.marks[0]._replace(facts={"readback": True, "value": "4.3 V"})
    assert turned.digest() == sample.digest()


def test_listeners_get_every_later_mark_and_of_kind_keeps_the_order() -> None:
    trace = Trace(timebase=Timebase.SIMULATED)
    trace.mark(1, Kind.RUN_STARTED, "engine")
    heard: list[Mark] = []
    trace.on_mark(heard.append)
    kinds = (Kind.REQUEST, Kind.ERROR, Kind.REQUEST)
    told = [trace.mark(t_ns, kind, "engine") for t_ns, kind in enumerate(kinds, start=2)]
    assert heard == told
    assert [mark.t_ns for mark in trace.of_kind(Kind.REQUEST, Kind.RUN_STARTED)] == [1, 2, 4]
