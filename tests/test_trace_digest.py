"""The digest speaks for the whole trace: equal only when every frame, mark, fact and the order are equal."""

import copy
import hashlib
import json
import struct
from collections.abc import Callable
from dataclasses import replace

import pytest
from fact_strategies import facts
from hypothesis import given
from hypothesis import strategies as st

from bench.timing.clock import Timebase
from bench.trace.events import CanFrame, FrameSeen, Kind
from bench.trace.facts import (
    BenchBroke,
    Fact,
    Requested,
    RunEnded,
    RunStarted,
    StimulusCleared,
    StimulusConfirmed,
)
from bench.trace.mark import Mark
from bench.trace.refill import buffer_of
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
MARKS = st.builds(Mark, st.integers(0, 2**40), st.integers(0, 9), st.sampled_from(["engine", "rig"]), facts)
TRACES = st.builds(
    Trace,
    timebase=st.sampled_from(list(Timebase)),
    frames=st.lists(FRAMES, max_size=3),
    marks=st.lists(MARKS, max_size=3),
)


def _content(trace: Trace) -> str:
    # repr tells 1 from 1.0 from True, as the digest must.
    marks = [(*mark[:3], mark.kind, sorted(mark.fact.version_1().items())) for mark in trace.marks]
    return repr((trace.timebase, trace.frames, marks))


@given(TRACES, TRACES)
def test_equal_digests_exactly_for_equal_content(one: Trace, other: Trace) -> None:
    assert (one.digest() == other.digest()) == (_content(one) == _content(other))
    assert copy.deepcopy(one).digest() == one.digest()


def _sample() -> Trace:
    trace = Trace(timebase=Timebase.SIMULATED)
    trace.frame(1_000, "vehicle", CanFrame(0x123, b"\x01\x02"), "dut")
    trace.frame(2_000, "sense", CanFrame(0x124, b""), "bench")
    trace.mark(3_000, StimulusConfirmed(value="4.3 V", readback=True), "engine", u_ns=5)
    trace.mark(3_000, RunEnded(), "engine")
    return trace


def _frame(**changes: object) -> Callable[[Trace], None]:
    def change(trace: Trace) -> None:
        first, *others = trace.frames
        trace.frames = [first._replace(**changes), *others]

    return change


def _can(**changes: object) -> Callable[[Trace], None]:
    def change(trace: Trace) -> None:
        first, *others = trace.frames
        trace.frames = [first._replace(frame=first.frame._replace(**changes)), *others]

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
    "frame missing": lambda trace: setattr(trace, "frames", trace.frames[:-1]),
    "frames swapped": lambda trace: setattr(trace, "frames", trace.frames[::-1]),
    "mark 1 ns later": _mark(t_ns=3_001),
    "other uncertainty": _mark(u_ns=6),
    "other kind": _mark(fact=BenchBroke(reason="4.3 V")),
    "other source": _mark(source="rig"),
    "other fact": _mark(fact=StimulusConfirmed(value="4.4 V", readback=True)),
    "fact of another type": _mark(fact=StimulusConfirmed(value="4.3 V", readback=1)),
    "fact missing": _mark(fact=StimulusConfirmed(readback=True)),
    "mark missing": lambda trace: trace.marks.pop() and None,
    "marks swapped": lambda trace: trace.marks.reverse(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_any_change_shows(change: Callable[[Trace], None]) -> None:
    changed = _sample()
    change(changed)
    assert changed.digest() != _sample().digest()


def test_the_timebase_shows() -> None:
    sample = _sample()
    assert replace(sample, timebase=Timebase.HOST).digest() != sample.digest()


def test_the_digest_is_the_one_of_version_1() -> None:
    """A figure from a release before facts had types: stored digests stay what they are."""
    assert _sample().digest() == "42b2dd86fa88b37caf0c6ae731a2df796013cddd56b13fb0d342e224709198fe"


def test_what_types_have_added_is_not_in_the_digest() -> None:
    plain, typed = _sample(), _sample()
    why = "its time to live of 5.00 s ended"
    plain.mark(4_000, StimulusCleared(fault="x", owner="y", why=why), "rig")
    typed.mark(4_000, StimulusCleared(fault="x", owner="y", why=why, outlived_ns=5 * 10**9), "rig")
    assert plain.digest() == typed.digest()


def test_listeners_get_every_later_mark_and_of_kind_keeps_the_order() -> None:
    trace = Trace(timebase=Timebase.SIMULATED)
    trace.mark(1, RunStarted(phase_ns=0), "engine")
    heard: list[Mark[Fact]] = []
    trace.on_mark(heard.append)
    said = (Requested(mode="drive", value=1), BenchBroke(reason="x"), Requested(mode="off", value=0))
    told = [trace.mark(t_ns, fact, "engine") for t_ns, fact in enumerate(said, start=2)]
    assert heard == told
    assert [mark.t_ns for mark in trace.of_kind(Kind.REQUEST, Kind.RUN_STARTED)] == [1, 2, 4]
    assert [mark.fact.mode for mark in trace.of(Requested)] == ["drive", "off"]


def _of_version_1(trace: Trace) -> str:
    """As it was taken before frames lay in one buffer, one by one."""
    sha = hashlib.sha256(f"{trace.timebase}\0{len(trace.frames)}\0".encode())
    for t_ns, channel, (can_id, data, extended, fd, switch), sender in trace.frames:
        sha.update(struct.pack("<qIBB", t_ns, can_id, extended | fd << 1 | switch << 2, len(data)))
        sha.update(data + f"{channel}\0{sender}\0".encode())
    for mark in trace.marks:
        content = [mark.t_ns, mark.u_ns, mark.kind, mark.source, mark.fact.version_1()]
        sha.update(json.dumps(content, sort_keys=True).encode())
    return sha.hexdigest()


@given(st.lists(FRAMES, max_size=40), st.lists(MARKS, max_size=2))
def test_what_is_packed_is_what_was_seen(frames: list[FrameSeen], marks: list[Mark[Fact]]) -> None:
    trace = Trace(timebase=Timebase.SIMULATED, frames=frames, marks=marks)
    assert list(trace.frames) == frames and trace.frames[1:9:2] == frames[1:9:2]
    assert [trace.frames[-1 - at] for at in range(len(frames))] == frames[::-1]
    ids = {frames[0].frame.can_id} if frames else {1}
    assert trace.frames.since(1, ids, 9) == [one for one in frames[1:9] if one.frame.can_id in ids]
    assert trace.digest() == _of_version_1(trace)
    assert list(buffer_of(trace.frames.columns())) == frames
    assert Trace(timebase=Timebase.SIMULATED, frames=trace.frames[:5]).frames == frames[:5]


def test_a_digest_is_taken_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = Trace(timebase=Timebase.SIMULATED)
    for number in range(100):
        frame = CanFrame(number % 7, bytes(number % 13), fd=number % 13 > 8)
        trace.frame(number, "vehicle" if number % 3 else "sense", frame, "dut")
    monkeypatch.setattr("bench.trace.columns._PIECE", 7)
    assert trace.digest() == _of_version_1(trace)


def test_frames_that_come_later_are_in_what_is_looked_at_later() -> None:
    trace = _sample()
    assert (len(trace.frames.columns()), len(list(trace.frames))) == (2, 2)
    trace.frame(4_000, "vehicle", CanFrame(0x123, b"\x09"), "dut")
    assert (len(trace.frames.columns()), len(list(trace.frames))) == (3, 3)
    assert trace.digest() == _of_version_1(trace)
