"""Shots as BLF files, for lab tools: those that a run keeps beside its containers, and those that are exported.

They carry the date of their run, and their stamps count from there, exact to the ns.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from bench.errors import RecordError
from bench.record.blf import write_blf
from bench.record.columns import columns_of, numbers_of
from bench.record.folder import HEADER
from bench.record.shot import BENCH_SENDER, EVENTS, FRAMES, RESULT, read_json, read_shot
from bench.record.shot_record import columns_in, is_in_container, lines_in
from bench.record.time_zero import TimeZero


def write_shot_as_blf(shot: Path, file: Path, zero: TimeZero) -> None:
    """shot: its place in a run. zero: of that run. Raises RecordError."""
    try:
        if (shot / FRAMES).is_file():  # of an earlier release, which kept every shot as BLF
            trace, _, _ = read_shot(shot)
            columns = columns_of(trace.frames)
            numbers = numbers_of(trace.stamping, (one[0] for one in columns.table))
        else:
            columns, numbers = columns_in(shot)
        first_ns, last_ns = (int(columns.t_ns.min()), int(columns.t_ns.max())) if len(columns) else (0, 0)
        dated = zero.before(first_ns)
        dates = dated.utc, dated.utc_of(last_ns)
        write_blf(file, columns, numbers, BENCH_SENDER, dated.clock_ns, dates)
    except OSError as error:
        raise RecordError(f"{file}: cannot be written: {error.strerror}") from error


def write_shot_as_lines(shot: Path, file: Path) -> None:
    """Head, marks and result as lines of JSON, for people and scripts. Raises RecordError."""
    try:
        if (shot / EVENTS).is_file():  # of an earlier release
            result = json.dumps(read_json(shot / RESULT))
            file.write_text(f"{(shot / EVENTS).read_text(encoding='utf-8')}{result}\n", encoding="utf-8")
        else:
            file.write_text(lines_in(shot), encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{file}: cannot be written: {error}") from error


def lay_out(run: Path, shots: Iterable[str]) -> None:
    """Write these shots (places within the run) as BLF beside their container. Raises RecordError."""
    zero = TimeZero.of_run(read_json(run / HEADER))
    for one in dict.fromkeys(shots):
        if is_in_container(run / one):
            write_shot_as_blf(run / one, run / f"{one}.blf", zero)
