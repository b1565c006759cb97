"""Parquet with units: of each column, and of each signal; pyarrow and DuckDB read both."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.codec.database import Database
from bench.stored.export_rows import (
    FRAME_COLUMNS,
    SHOT_COLUMNS,
    SIGNAL_COLUMNS,
    Export,
    frame_rows,
    shot_rows,
)
from bench.stored.signal_columns import SignalColumns, signal_columns


def write_parquet(job: Export) -> list[Path]:
    """Write shots, frames and signals as Parquet files. Returns their paths."""
    shots, frames = job.out / "shots.parquet", job.out / "frames.parquet"
    identity = _identity(job)
    write_table(shots, SHOT_COLUMNS, shot_rows(job.result), identity)
    write_table(frames, FRAME_COLUMNS, frame_rows(job), identity)
    return [shots, frames, *_signals(job, identity)]


def _signals(job: Export, identity: dict[str, str]) -> Iterator[Path]:
    units = {name: units_of(db) for name, db in job.databases.items()}
    named = {f"{channel}.{name}": unit for channel, own in units.items() for name, unit in own.items()}
    for scenario, name, trace in job.traces():
        file = job.out / f"signals-{scenario}-{name}.parquet"
        columns = signal_arrays(scenario, name, signal_columns(trace, job.databases), units)
        told = {**identity, "signal_units": json.dumps(named)}
        write_columns(file, (*SIGNAL_COLUMNS, "unit"), columns, told)
        yield file


def signal_arrays(
    scenario: str, name: str, found: SignalColumns, units: dict[str, dict[str, str]]
) -> list[Any]:
    """A column of `SIGNAL_COLUMNS` each, and the unit."""
    import pyarrow

    rows = len(found.which)
    which = pyarrow.array(found.which)
    words = [
        (*names, units[names[0]].get(f"{names[1]}.{names[2]}", "")) for names in found.names
    ]  # channel, message, signal, unit
    channel, message, signal, unit = (
        pyarrow.array([one[place] for one in words], pyarrow.string()).take(which) for place in range(4)
    )
    shot = [pyarrow.repeat(pyarrow.scalar(text, pyarrow.string()), rows) for text in (scenario, name)]
    return [*shot, pyarrow.array(found.t_ns), channel, message, signal, pyarrow.array(found.values), unit]


def units_of(database: Database) -> dict[str, str]:
    """`Message.Signal` → its unit, as the DBC file has it; without those that have none."""
    return {
        f"{message.name}.{field.name}": field.unit
        for message in database.messages
        for field in message.fields.values()
        if field.unit
    }


def _identity(job: Export) -> dict[str, str]:
    zero = job.zero
    return {
        "run_id": job.result.run_id,
        "firmware_identity": job.result.firmware_identity,
        "timebase": job.result.timebase.value,
        "started_utc": job.result.started_utc,
        "time_zero_utc_ns": str(zero.utc_ns),
        "time_zero_clock_ns": "" if zero.clock_ns is None else str(zero.clock_ns),
    }


def write_table(
    file: Path, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]], told: dict[str, str]
) -> None:
    """A column has its type and unit also where no row has a value."""
    found = list(rows)
    write_columns(file, columns, list(zip(*found)) if found else [()] * len(columns), told)


def write_columns(file: Path, columns: tuple[str, ...], values: Sequence[Any], told: dict[str, str]) -> None:
    """values: of each column."""
    import pyarrow
    import pyarrow.parquet

    units = {name: _unit(name) for name in columns if _unit(name)}
    fields = [
        pyarrow.field(name, _type(name, columns), metadata={"unit": units[name]} if name in units else None)
        for name in columns
    ]
    kept = {name: text.encode(errors="backslashreplace") for name, text in told.items()}
    schema = pyarrow.schema(fields, metadata={**kept, "units": json.dumps(units)})
    arrays = [pyarrow.array(one, type=field.type) for one, field in zip(values, fields)]
    table = pyarrow.Table.from_arrays(arrays, schema=schema)
    pyarrow.parquet.write_table(table, file, compression="zstd")


def _unit(column: str) -> str:
    """The unit of a column whose name tells it. The unit of `value` is in each row."""
    return "ns" if column.endswith("_ns") else ""


def _type(column: str, columns: tuple[str, ...]) -> Any:
    import pyarrow

    if column.endswith("_ns") or (column in ("shot", "stratum", "place") and "verdict" in columns):
        return pyarrow.int64()
    kind = {"can_id": "uint32", "extended": "bool_", "fd": "bool_", "data": "binary", "value": "float64"}.get(
        column
    )
    return getattr(pyarrow, kind or "string")()
