"""A container gives every whole shot, wherever it was cut, whoever else writes, and whatever was killed."""

import hashlib
import os
import signal
import subprocess
import tempfile
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forked import ForkedPython, run_forked
from hypothesis import given, settings
from hypothesis import strategies as st
from shot_folders import write_blf as write_blf_one_by_one
from shot_folders import write_shot_files
from test_record_folder import small_trace, traces

from bench.errors import RecordError
from bench.record.blf import write_blf
from bench.record.columns import columns_of, deflated, inflated, pack, unpack
from bench.record.container import FILE, HEAD_SIZE, Known, append_shot, read_body, read_plan, shots_in
from bench.record.container import _indexed as indexed
from bench.record.folder import RunFolder, open_run, read_shot
from bench.record.shot import marks_of
from bench.timing.clock import Timebase
from bench.trace.events import CanFrame
from bench.trace.facts import StimulusCommanded
from bench.trace.refill import buffer_of
from bench.trace.timeline import Trace

BODIES = [b"first", b"", b"HILSHOT1" * 30, bytes(range(256)), b"last"]
PLANS = [b"plan", b"plan", b"another plan", b"plan", b"plan"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, list[int]]:
    """A container of five shots, and where each of them ends."""
    path, known, ends = tmp_path_factory.mktemp("c") / FILE, Known(), []
    for number, (plan, body) in enumerate(zip(PLANS, BODIES)):
        append_shot(path, number, plan, body, known)
        ends.append(path.stat().st_size)
    return path.read_bytes(), ends


def _shots(content: bytes) -> dict[int, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILE
        path.write_bytes(content)
        return {number: read_body(path, number) for number in shots_in(path)}


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_file_cut_at_any_byte_gives_all_whole_shots(
    whole: tuple[bytes, list[int]], data: st.DataObject
) -> None:
    content, ends = whole
    cut = data.draw(st.integers(0, len(content)))
    expected = {number: BODIES[number] for number, end in enumerate(ends) if end <= cut}
    assert _shots(content[:cut]) == expected
    garbage = data.draw(st.binary(max_size=200))
    assert _shots(content[:cut] + garbage).items() >= expected.items()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_changed_byte_costs_its_own_shot_only(whole: tuple[bytes, list[int]], data: st.DataObject) -> None:
    content, ends = whole
    at = data.draw(st.integers(0, len(content) - 1))
    changed = bytearray(content)
    changed[at] ^= data.draw(st.integers(1, 255))
    starts = [0, *ends[:-1]]
    hit = next(number for number, end in enumerate(ends) if at < end)
    assert starts[hit] <= at
    found = _shots(bytes(changed))
    assert found.items() <= dict(enumerate(BODIES)).items() and found.keys() >= set(range(5)) - {hit}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_next_writer_goes_on_after_the_last_whole_shot(
    whole: tuple[bytes, list[int]], data: st.DataObject
) -> None:
    content, ends = whole
    cut = data.draw(st.integers(0, len(content)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILE
        path.write_bytes(content[:cut])
        append_shot(path, 77, b"another plan", b"after", Known())
        whole_ones = [number for number, end in enumerate(ends) if end <= cut]
        assert shots_in(path) == (*whole_ones, 77)
        assert read_body(path, 77) == b"after"
        assert read_plan(path, hashlib.sha256(b"another plan").digest()) == b"another plan"
        assert path.read_bytes().count(b"another plan") == 1


def test_a_shot_is_never_written_twice_by_whatever_writer(tmp_path: Path) -> None:
    path = tmp_path / FILE
    append_shot(path, 3, b"plan", b"body", Known())
    with pytest.raises(RecordError, match="holds shot 3 already"):
        append_shot(path, 3, b"plan", b"other", Known())
    assert read_body(path, 3) == b"body"


def test_the_plan_is_kept_once(whole: tuple[bytes, list[int]]) -> None:
    content, _ = whole
    heads = content.count(b"HILSHOT1") - BODIES[2].count(b"HILSHOT1")
    assert heads == 5 + 2


def _append_many(path: Path, first: int) -> None:
    known = Known()
    for number in range(first, 60, 3):
        append_shot(path, number, b"plan", bytes([number]) * (number * 997), known)


def test_several_writers_share_a_container(tmp_path: Path) -> None:
    path = tmp_path / FILE
    with ProcessPoolExecutor(3) as pool:
        list(pool.map(_append_many, [path] * 3, range(3)))
    assert shots_in(path) == tuple(range(60))
    assert all(read_body(path, number) == bytes([number]) * (number * 997) for number in range(60))


_ENDLESS = """
import sys
from pathlib import Path
from bench.record.container import Known, append_shot
known, number = Known(), int(sys.argv[2])
print("begun", flush=True)
while True:
    append_shot(Path(sys.argv[1]), number, b"plan", bytes(3_000_000), known)
    number += 1
"""


def test_a_writer_killed_in_its_write_harms_no_other(tmp_path: Path) -> None:
    path, body = tmp_path / FILE, hashlib.sha256(bytes(3_000_000)).digest()
    for attempt in range(4):
        command = [_ENDLESS, str(path), str(1000 * attempt)]
        with ForkedPython(command, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None and running.stdout.readline() == "begun\n"
            while not path.exists() or path.stat().st_size < 3_000_000 * (attempt + 1):
                pass
            running.send_signal(signal.SIGKILL)
    before = shots_in(path)
    append_shot(path, 9_999, b"plan", b"after", Known())
    assert shots_in(path) == (*before, 9_999) and len(before) >= 4
    assert all(hashlib.sha256(read_body(path, one)).digest() == body for one in before[:3])


def test_a_full_disk_leaves_the_shots_that_were_there(tmp_path: Path) -> None:
    path = tmp_path / FILE
    append_shot(path, 0, b"plan", b"body", Known())
    size = path.stat().st_size
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from bench.record.container import Known, append_shot\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size + 1000}, {size + 1000}))\n"
        "try: append_shot(Path(sys.argv[1]), 1, b'plan', bytes(50_000), Known())\n"
        "except OSError as error: print(error.errno)\n"
    )
    told = run_forked(code, str(path))
    assert told.stdout.split() == ["27"]  # EFBIG
    assert path.stat().st_size == size and shots_in(path) == (0,)


def test_a_damaged_body_is_told_by_place(tmp_path: Path) -> None:
    path = tmp_path / FILE
    append_shot(path, 0, b"plan", b"body" * 100, Known())
    assert shots_in(path) == (0,)
    content = bytearray(path.read_bytes())
    stat = path.stat()
    content[-5] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # as an index that was kept would not notice
    with pytest.raises(RecordError, match="another hash"):
        read_body(path, 0)
    indexed.cache_clear()
    with pytest.raises(RecordError, match="no whole shot 0"):
        read_body(path, 0)


def test_a_container_that_is_a_link_or_a_pipe_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.symlink_to(tmp_path / "else")
    with pytest.raises(RecordError, match="cannot be read"):
        shots_in(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(RecordError, match=r"cannot be read|no whole shot"):
        read_body(path, 0)


# --- columns -------------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(traces())
def test_frames_come_back_from_their_columns(trace: Trace) -> None:
    columns = columns_of(trace.frames)
    again = unpack(pack(columns), columns.table, len(columns))
    assert buffer_of(again) == trace.frames


@settings(max_examples=30, deadline=None)
@given(traces())
def test_blf_is_byte_for_byte_what_it_was_frame_by_frame(trace: Trace) -> None:
    names = dict.fromkeys(seen.channel for seen in trace.frames)
    numbers = {name: number for number, name in enumerate(names, start=1)}
    origin_ns = min(0, min((seen.t_ns for seen in trace.frames), default=0))
    with tempfile.TemporaryDirectory() as folder:
        one, other = Path(folder) / "one", Path(folder) / "other"
        write_blf(one, columns_of(trace.frames), numbers, "bench", origin_ns)
        write_blf_one_by_one(other, trace.frames, numbers, "bench", origin_ns)
        assert one.read_bytes() == other.read_bytes()


def test_times_may_be_the_largest_and_the_smallest_there_are() -> None:
    trace = Trace(timebase=Timebase.HOST)
    for t_ns in (2**63 - 1, -(2**63), 0, 2**63 - 1):
        trace.frame(t_ns, "vehicle", CanFrame(1, b""), "dut")
    columns = columns_of(trace.frames)
    assert buffer_of(unpack(pack(columns), columns.table, 4)) == trace.frames


def test_more_kinds_of_frames_than_a_byte_can_number() -> None:
    trace = Trace(timebase=Timebase.HOST)
    for can_id in range(300):
        trace.frame(can_id, "vehicle", CanFrame(can_id, bytes([can_id % 256])), "dut")
    columns = columns_of(trace.frames)
    assert buffer_of(unpack(pack(columns), columns.table, 300)) == trace.frames


def test_no_record_unpacks_to_more_than_its_reader_allows() -> None:
    zeros = bytes(20_000_000)
    assert inflated(deflated(zeros) + b"rest") == (zeros, b"rest")
    with pytest.raises(RecordError, match="larger than it may be"):
        inflated(zlib.compress(zeros, 9))


# --- a run ---------------------------------------------------------------------------------------------------


def test_folders_of_earlier_releases_and_containers_read_alike(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "run-1", {})
    trace, result = small_trace(), {"digest": small_trace().digest()}
    run.write_shot("ov", 0, trace, {"window_ns": 7}, result)
    old = run.path / "scenarios/ov/shot-001"
    old.mkdir()
    write_shot_files(old, trace, {"window_ns": 7}, result)
    new, old = open_run(run.path).shots()
    assert new.name == "shot-000" and not new.exists() and old.is_dir()
    assert read_shot(new) == read_shot(old)
    assert marks_of(new, StimulusCommanded) == marks_of(old, StimulusCommanded) != []


def test_a_run_of_many_shots_keeps_one_file_for_each_scenario(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "run-1", {})
    for index in range(20):
        run.write_shot("ov", index, small_trace(), {"window_ns": 7}, {})
    assert [file.name for file in (run.path / "scenarios/ov").iterdir()] == [FILE]
    assert np.all(np.diff([int(one.name[5:]) for one in open_run(run.path).shots()]) == 1)


def _records(content: bytes) -> Iterator[tuple[int, int]]:
    pos = 0
    while pos < len(content):
        length = int.from_bytes(content[pos + 16 : pos + 24], "little")
        yield pos, pos + HEAD_SIZE + length
        pos += HEAD_SIZE + length


def test_verify_names_the_shot_in_which_a_byte_was_changed(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "run-1", {})
    for index in range(40):
        run.write_shot("ov", index, small_trace(), {"window_ns": 7}, {"filling": os.urandom(4096).hex()})
    run.finish({})
    file = run.path / "scenarios/ov" / FILE
    content = bytearray(file.read_bytes())
    start, end = list(_records(content))[1 + 23]  # the plan is the first one
    content[(start + end) // 2] ^= 1
    file.write_bytes(content)
    (told,) = open_run(run.path).altered()
    assert told.startswith("scenarios/ov/shots.hil: changed within bytes") and "shot-023" in told


# --- the reader in the documentation ---------------------------------------------------------------------------


def _documented_reader() -> str:
    page = (Path(__file__).parents[1] / "docs" / "evidence.md").read_text(encoding="utf-8")
    return page.partition("```python\n")[2].partition("```")[0]


@settings(max_examples=25, deadline=None)
@given(st.lists(traces(), min_size=1, max_size=4))
def test_the_documented_reader_gives_every_shot(stored: list[Trace]) -> None:
    reader: dict[str, Any] = {}
    exec(_documented_reader(), reader)
    with tempfile.TemporaryDirectory() as base:
        run = RunFolder.create(Path(base), "run-1", {})
        for index, trace in enumerate(stored):
            run.write_shot("ov", index, trace, {"window_ns": 7}, {"digest": trace.digest()})
        found = list(reader["shots"](run.path / "scenarios/ov" / FILE))
    assert [number for number, *_ in found] == list(range(len(stored)))
    for trace, (_, head, marks, result, frames) in zip(stored, found):
        assert head["plan"] == {"window_ns": 7} and result == {"digest": trace.digest()}
        assert len(marks) == len(trace.marks)
        assert frames == [
            (t_ns, channel, sender, frame.can_id, frame.extended, frame.fd, frame.bitrate_switch, frame.data)
            for t_ns, channel, frame, sender in trace.frames
        ]


def test_the_documented_reader_needs_numpy_and_zlib_only_and_is_short() -> None:
    lines = _documented_reader().splitlines()
    assert len([line for line in lines if line.strip()]) <= 30
    imported = {word.strip(",") for line in lines if line.startswith("import") for word in line.split()[1:]}
    assert imported - {"as", "np"} == {"json", "struct", "zlib", "numpy"}
