"""The signals of a stored run, decoded in columns, are to the last bit those that frame by frame decoding gives."""

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from frame_by_frame import signal_rows

from bench.codec.database import Database
from bench.record.folder import open_run, read_shot
from bench.stored.rejudge import stored_databases
from bench.stored.signal_columns import signal_columns
from bench.trace.events import CanFrame, FrameSeen
from bench.trace.timeline import Timebase, Trace

RUNS = Path(__file__).parent / "data" / "runs_of_rules_1"
HEAD = 'VERSION ""\nBU_: B\n'
TEXT = HEAD + (
    'BO_ 257 Floats: 8 B\n SG_ Half : 0|32@1- (1,0) [0|0] "" B\n SG_ Scaled : 32|32@1- (-2,0) [0|0] "" B\n'
    'BO_ 2147484161 Far: 8 B\n SG_ Wide : 0|64@1- (1,0) [0|0] "" B\n'
    'BO_ 258 Odd: 8 B\n SG_ Three : 0|60@1+ (3,1) [0|0] "" B\n SG_ Down : 60|4@1+ (-1,0) [0|0] "" B\n'
    'BO_ 259 Pages: 8 B\n SG_ Page M : 0|2@1+ (1,0) [0|0] "" B\n SG_ A m0 : 8|12@1+ (0.1,-3) [0|0] "" B\n'
    ' SG_ B m1 : 8|16@1- (-0.5,0) [0|0] "" B\n SG_ All : 56|8@1+ (-1,0) [0|0] "" B\n'
    'BO_ 260 Small: 1 B\n SG_ One : 7|1@0+ (1,0) [0|0] "" B\n'
    "SIG_VALTYPE_ 257 Half : 1;\nSIG_VALTYPE_ 257 Scaled : 1;\n"
)


def told(trace: Trace, databases: dict[str, Database]) -> list[tuple[int, str, str, str, bytes]]:
    found = signal_columns(trace, databases)
    return [
        (t_ns, *found.names[at], bits(value))
        for t_ns, at, value in zip(found.t_ns.tolist(), found.which.tolist(), found.values.tolist())
    ]


def bits(value: float) -> bytes:
    """So that a negative zero is no zero; one nan is as good as another."""
    return b"nan" if value != value else struct.pack("<d", value)


def expected(trace: Trace, databases: dict[str, Database]) -> Iterator[tuple[int, str, str, str, bytes]]:
    for _, _, t_ns, channel, message, signal, value in signal_rows("", "", trace, databases):
        yield t_ns, channel, message, signal, bits(value)


def test_a_stored_run_is_decoded_as_frame_by_frame() -> None:
    count = 0
    for folder in sorted(one for one in RUNS.iterdir() if one.is_dir()):
        opened = open_run(folder)
        databases = stored_databases(opened)
        for shot in list(opened.shots())[:1]:
            trace, _, _ = read_shot(shot)
            want = list(expected(trace, databases))
            assert told(trace, databases) == want
            count += len(want)
    assert count > 1_000


def test_nan_floats_pages_extended_ids_and_short_payloads(tmp_path: Path) -> None:
    (tmp_path / "x.dbc").write_text(TEXT)
    databases = {"bus": Database.load(tmp_path / "x.dbc")}
    assert not databases["bus"].troubles
    rng = np.random.default_rng(5)
    special = (
        struct.pack("<ff", float("nan"), float("nan")),
        struct.pack("<ff", -0.0, 0.0),
        b"\xff" * 8,
        bytes(8),
    )
    payloads = [
        *special,
        struct.pack("<ff", 3e38, float("-inf")),
        bytes(7),
        bytes(12),
        *map(bytes, rng.integers(0, 256, (60, 8), np.uint8)),
    ]
    trace = Trace(timebase=Timebase.SIMULATED)
    for at, data in enumerate(payloads):
        for can_id, extended in (
            (257, False),
            (513, True),
            (258, False),
            (259, False),
            (260, False),
            (513, False),
        ):
            trace.frames.append(FrameSeen(at * 1000, "bus", CanFrame(can_id, data, extended, fd=True), "bms"))
    want = list(expected(trace, databases))
    assert told(trace, databases) == want
    seen = {(message, signal) for _, _, message, signal, _ in want}
    assert {("Far", "Wide"), ("Floats", "Half"), ("Odd", "Three"), ("Pages", "A"), ("Pages", "B")} <= seen
    assert b"nan" in {one[-1] for one in want}
    pages = {one[0] for one in want if one[2] == "Pages"}
    assert 0 < len(pages) < len(payloads), "a page that nobody has defined has no row"


def test_a_trace_without_frames_has_no_rows() -> None:
    assert told(Trace(timebase=Timebase.SIMULATED), {}) == []


def test_parquet_of_a_stored_run_is_what_rows_gave(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    from bench.stored.export_parquet import signal_arrays, units_of, write_table
    from bench.stored.export_rows import SIGNAL_COLUMNS

    opened = open_run(min(one for one in RUNS.iterdir() if one.is_dir()))
    databases = stored_databases(opened)
    trace, _, _ = read_shot(next(iter(opened.shots())))
    units = {name: units_of(one) for name, one in databases.items()}
    rows = [
        (*row, units[row[3]].get(f"{row[4]}.{row[5]}", ""))
        for row in signal_rows("s", "shot-000", trace, databases)
    ]
    write_table(tmp_path / "rows.parquet", (*SIGNAL_COLUMNS, "unit"), rows, {})
    was = parquet.read_table(tmp_path / "rows.parquet")
    now = signal_arrays("s", "shot-000", signal_columns(trace, databases), units)
    assert [str(one.type) for one in now] == [str(one.type) for one in was.columns]
    assert [one.to_pylist() for one in now] == [one.to_pylist() for one in was.columns]
