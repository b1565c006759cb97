"""Shots as BLF files, for lab tools: those that a run keeps beside its containers, and those that are exported."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from bench.errors import RecordError
from bench.record.blf import write_blf
from bench.record.shot import BENCH_SENDER, FRAMES
from bench.record.shot_record import columns_in, is_in_container


def write_shot_as_blf(shot: Path, file: Path) -> None:
    """shot: its place in a run. Raises RecordError."""
    try:
        if (shot / FRAMES).is_file():  # of an earlier release, which kept every shot as BLF
            shutil.copyfile(shot / FRAMES, file)
            return
        columns, numbers = columns_in(shot)
        origin_ns = min(0, int(columns.t_ns.min())) if len(columns) else 0
        write_blf(file, columns, numbers, BENCH_SENDER, origin_ns)
    except OSError as error:
        raise RecordError(f"{file}: cannot be written: {error.strerror}") from error


def lay_out(run: Path, shots: Iterable[str]) -> None:
    """Write these shots (places within the run) as BLF beside their container. Raises RecordError."""
    for one in dict.fromkeys(shots):
        if is_in_container(run / one):
            write_shot_as_blf(run / one, run / f"{one}.blf")
