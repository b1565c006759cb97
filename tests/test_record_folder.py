"""Evidence comes back as it was written, or a RecordError says in one line why not."""

import itertools
import json
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import can
import pytest
from evidence import alter_result
from fact_strategies import facts
from hypothesis import given, settings
from hypothesis import strategies as st
from shot_folders import write_shot_files

from bench.errors import RecordError
from bench.record.folder import RunFolder, open_run, read_shot
from bench.record.for_lab import lay_out, write_shot_as_blf
from bench.record.time_zero import TimeZero
from bench.timing.clock import Timebase
from bench.trace.events import CanFrame
from bench.trace.facts import StimulusCommanded
from bench.trace.stamping import Origin, Stamping
from bench.trace.timeline import Trace

_RUN_NUMBERS = itertools.count()
_FD_LENGTHS = [*range(9), 12, 16, 20, 24, 32, 48, 64]


@st.composite
def can_frames(draw: st.DrawFn) -> CanFrame:
    extended, fd = draw(st.booleans()), draw(st.booleans())
    length = draw(st.sampled_from(_FD_LENGTHS if fd else range(9)))
    return CanFrame(
        can_id=draw(st.integers(0, 0x1FFF_FFFF if extended else 0x7FF)),
        data=draw(st.binary(min_size=length, max_size=length)),
        extended=extended,
        fd=fd,
        bitrate_switch=fd and draw(st.booleans()),
    )


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    trace = Trace(
        timebase=draw(st.sampled_from(Timebase)),
        stamping={
            "vehicle": Stamping(origin=Origin.KERNEL, source="kernel", u_ns=draw(st.integers(0, 10**9)))
        },
    )
    stamps = st.integers(-(10**12), 2**61)
    for _ in range(draw(st.integers(0, 25))):
        channel = draw(st.sampled_from(["vehicle", "sense", "third\n"]))
        frame = draw(can_frames() | st.just(CanFrame(0x123, b"\x01")))
        trace.frame(
            draw(stamps), channel, frame, draw(st.sampled_from(["bench", "dut", "", "Füller\u2028x"]))
        )
    for _ in range(draw(st.integers(0, 5))):
        trace.mark(draw(stamps), draw(facts), "rig", u_ns=draw(st.integers(0, 10**9)))
    return trace


def small_trace() -> Trace:
    trace = Trace(
        timebase=Timebase.SIMULATED,
        stamping={"vehicle": Stamping(origin=Origin.ARRIVAL, source="end of frame", u_ns=0)},
    )
    trace.frame(123_456_789, "vehicle", CanFrame(0x210, b"\x01\x02"), "bench")
    trace.frame(123_456_790, "vehicle", CanFrame(0x12345, b"\x03", True), "dut")
    trace.frame(
        999_999_999_999_999, "sense", CanFrame(0x321, bytes(range(12)), fd=True, bitrate_switch=True), "dut"
    )
    trace.mark(5, StimulusCommanded(fault="4.3 V"), "cells")
    return trace


@settings(max_examples=80, deadline=None)
@given(traces())
def test_a_shot_read_back_is_the_shot_written(tmp_path_factory: pytest.TempPathFactory, trace: Trace) -> None:
    run = RunFolder.create(tmp_path_factory.getbasetemp(), f"hyp-{next(_RUN_NUMBERS)}", {})
    folder = run.write_shot("ov", 0, trace, {"window_ns": 7}, {"digest": trace.digest()})
    again, plan, result = read_shot(run.path / folder)
    assert again.digest() == trace.digest()
    assert (again.frames, again.marks, again.stamping) == (trace.frames, trace.marks, trace.stamping)
    assert plan == {"window_ns": 7}
    assert result == {"digest": trace.digest()}


def test_lab_tools_read_the_frames_with_exact_stamps(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "run-1", {})
    trace = small_trace()
    shot = run.write_shot("ov", 3, trace, {}, {})
    lay_out(run.path, [shot])
    with can.BLFReader(run.path / f"{shot}.blf") as reader:
        seen = list(reader)
    assert [round(m.timestamp * 1e9) for m in seen] == [t.t_ns for t in trace.frames]
    assert [(m.arbitration_id, m.is_extended_id, bytes(m.data)) for m in seen] == [
        (t.frame.can_id, t.frame.extended, t.frame.data) for t in trace.frames
    ]
    assert [(m.is_rx, m.is_fd, m.bitrate_switch, m.channel) for m in seen] == [
        (False, False, False, 0),
        (True, False, False, 0),
        (True, True, True, 1),
    ]


def test_many_containers_keep_every_frame_for_both_readers(tmp_path: Path) -> None:
    trace = Trace(timebase=Timebase.HOST)
    for k in range(9_001):
        trace.frame(k * 1_000_003, "vehicle", CanFrame(0x100, k.to_bytes(k % 7 + 2)), "dut")
    run = RunFolder.create(tmp_path, "long", {})
    folder = run.path / run.write_shot("ov", 0, trace, {}, {})
    assert read_shot(folder)[0].frames == trace.frames
    write_shot_as_blf(folder, tmp_path / "long.blf", TimeZero(clock_ns=0, utc_ns=0))
    with can.BLFReader(tmp_path / "long.blf") as reader:
        assert [bytes(m.data) for m in reader] == [f.frame.data for f in trace.frames]


def test_a_finished_run_proves_that_nothing_was_altered(tmp_path: Path) -> None:
    source = tmp_path / "bms.dbc"
    source.write_text("VERSION")
    run = RunFolder.create(tmp_path, "run-1", {"seed": 4})
    digest = run.add_input(source)
    shot = run.path / run.write_shot("ov", 0, small_trace(), {}, {})
    run.finish({"verdict": "PASS"})
    opened = open_run(run.path)
    assert (opened.aborted, opened.header["seed"], opened.result) == (False, 4, {"verdict": "PASS"})
    assert opened.altered() == ()
    assert list(opened.shots()) == [shot]
    assert opened.footer is not None
    assert opened.footer["sha256"][f"inputs/{digest[:12]}-bms.dbc"] == digest
    alter_result(shot, lambda _: '{"verdict": "PASS"}')
    (run.path / "header.json.bak").write_text("x")
    (run.path / "result.json").unlink()
    size = (shot.parent / "shots.hil").stat().st_size
    assert opened.altered() == (
        "header.json.bak: not in the footer",
        "result.json: missing",
        f"scenarios/ov/shots.hil: changed within bytes 0 to {size - 1}, in shot-000",
    )


def test_a_crash_leaves_a_readable_prefix_and_means_aborted(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "run-1", {})
    for index in (10, 2):
        run.write_shot("ov", index, small_trace(), {}, {})
    half = run.path / "scenarios/ov/shot-011"
    half.mkdir()
    (half / "events.jsonl").write_text('{"format": "hil-shot-1"}\n')
    opened = open_run(run.path)
    assert opened.aborted
    assert opened.result is None
    assert [shot.name for shot in opened.shots()] == ["shot-002", "shot-010"]
    with pytest.raises(RecordError, match="cut short"):
        read_shot(half)


def test_evidence_is_never_written_twice(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "run-1", {})
    run.write_shot("ov", 0, small_trace(), {}, {})
    with pytest.raises(RecordError, match="never written twice"):
        run.write_shot("ov", 0, small_trace(), {}, {})
    with pytest.raises(RecordError, match="choose another run id"):
        RunFolder.create(tmp_path, "run-1", {})
    run.finish({})
    with pytest.raises(RecordError, match="footer already"):
        run.finish({})


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "a b"])
def test_ids_that_would_leave_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RecordError, match="cannot name a folder"):
        RunFolder.create(tmp_path, name, {})


def test_a_changed_frame_is_noticed_against_the_stated_digest(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "run-1", {})
    trace = small_trace()
    digest = trace.digest()
    first, *others = trace.frames
    trace.frames = [first._replace(t_ns=123_456_788), *others]
    other = run.path / run.write_shot("ov", 1, trace, {}, {"digest": trace.digest()})
    alter_result(other, lambda _: json.dumps({"digest": digest}))
    with pytest.raises(RecordError, match="the evidence was altered"):
        read_shot(other)


@pytest.mark.parametrize("cut", [0, 3, 100, 150, 190, -1])
def test_a_truncated_blf_is_one_line(tmp_path: Path, cut: int) -> None:
    run = RunFolder.create(tmp_path, "run-1", {})
    blf = run.path / "scenarios" / "ov" / "shot-000" / "frames.blf"
    blf.parent.mkdir(parents=True)
    write_shot_files(blf.parent, small_trace(), {}, {})
    blf.write_bytes(blf.read_bytes()[:cut])
    with pytest.raises(RecordError, match=r"shot-000") as caught:
        read_shot(blf.parent)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "frame",
    [
        CanFrame(1, bytes(9)),
        CanFrame(1, bytes(65), fd=True),
        CanFrame(2**29, b""),
        CanFrame(1, b"", False, False, True),
    ],
)
def test_a_frame_no_bus_could_carry_is_refused(tmp_path: Path, frame: CanFrame) -> None:
    run = RunFolder.create(tmp_path, "run-1", {})
    trace = Trace(timebase=Timebase.HOST)
    trace.frame(0, "vehicle", frame, "dut")
    with pytest.raises(RecordError, match="expected a legal CAN frame"):
        run.write_shot("ov", 0, trace, {}, {})


def test_what_is_no_run_folder_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no such folder"):
        open_run(tmp_path / "nothing")
    with pytest.raises(RecordError, match=r"no header\.json"):
        open_run(tmp_path)
    (tmp_path / "header.json").write_text(json.dumps({"format": "else"}))
    with pytest.raises(RecordError, match="expected 'hil-run-1'"):
        open_run(tmp_path)
    (tmp_path / "header.json").write_text('{"format": "hil-')
    with pytest.raises(RecordError, match="cannot be read"):
        open_run(tmp_path)
    with pytest.raises(RecordError, match=r"no events\.jsonl"):
        read_shot(tmp_path)


def _write_three(run: RunFolder, first: int) -> list[str]:
    return [run.write_shot("ov", first + k, small_trace(), {}, {"first": first}) for k in range(3)]


def test_several_processes_write_different_shots(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "run-1", {})
    with ProcessPoolExecutor(2) as pool:
        written = list(itertools.chain(*pool.map(_write_three, [run, run], [0, 3])))
    run.finish({})
    assert [shot.relative_to(run.path).as_posix() for shot in open_run(run.path).shots()] == sorted(written)
    assert open_run(run.path).altered() == ()
