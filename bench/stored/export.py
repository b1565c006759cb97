"""A stored run in the formats of other tools. The run folder itself is never changed."""

import csv
import importlib.util
from collections.abc import Callable
from pathlib import Path

from bench.errors import ConfigError, RecordError
from bench.record.columns import numbers_of
from bench.record.container import shot_name
from bench.record.folder import open_run
from bench.record.for_lab import write_shot_as_blf, write_shot_as_lines
from bench.record.shot import BENCH_SENDER
from bench.record.targets import try_folder
from bench.report.junit_style import JUnitStyle
from bench.running.filter_words import filter_of
from bench.stored.export_rows import FRAME_COLUMNS, SHOT_COLUMNS, Export, frame_rows, shot_rows
from bench.stored.rejudge import stored_databases, stored_dbc_files
from bench.trace.timeline import Trace

_EXTRAS = {"mf4": ("asammdf", "mf4"), "parquet": ("pyarrow", "parquet"), "reqif": ("reqif", "reqif")}


def export(
    run: Path,
    kind: str,
    out: Path,
    only: str | None,
    shot: int | None,
    junit_style: JUnitStyle = JUnitStyle.FULL,
) -> list[Path]:
    """Write `run` as `kind` into the folder `out`; the files written. Raises ConfigError, RecordError."""
    from bench.stored.builds import load_checked, refuse_altered

    if kind not in EXPORTERS:
        raise ConfigError(f"--to '{kind}': expected one of {', '.join(EXPORTERS)}")
    library, extra = _EXTRAS.get(kind, ("", ""))
    if library and importlib.util.find_spec(library) is None:
        raise ConfigError(
            f"--to {kind}: found no '{library}'; expected it: pip install 'bms-hil-bench[{extra}]'"
        )
    stored = load_checked(run)
    refuse_altered(stored, "exported")
    opened, result = open_run(run), stored.result
    fits = filter_of(only or "")
    shots = tuple(
        folder
        for folder in opened.shots()
        if fits(folder.parent.name, "") and (shot is None or folder.name == shot_name(shot))
    )
    if not shots:
        asked = " ".join(
            [*([] if only is None else [f"-k '{only}'"]), *([] if shot is None else [f"--shot {shot}"])]
        )
        if asked:
            raise ConfigError(f"{asked}: found no shot that fits in {run}; expected at least one")
        raise RecordError(f"{run}: found no shot; expected at least one")
    try_folder("--out", out)
    try:
        return EXPORTERS[kind](
            Export(
                opened=opened,
                result=result,
                databases=stored_databases(opened),
                dbc_files=stored_dbc_files(opened),
                shots=shots,
                out=out,
                junit_style=junit_style,
            )
        )
    except OSError as error:
        raise RecordError(f"{out}: cannot be written: {error}") from error


def _numbers(trace: Trace) -> dict[str, int]:
    return numbers_of(trace.stamping, (seen.channel for seen in trace.frames))


def _blf(job: Export) -> list[Path]:
    files = []
    for folder in job.shots:
        file = job.out / f"{folder.parent.name}-{folder.name}.blf"
        write_shot_as_blf(folder, file, job.zero)
        files.append(file)
    return files


def _marks(job: Export) -> list[Path]:
    """What the bench did and read back, and the verdict: the frames are left to other formats."""
    files = []
    for folder in job.shots:
        file = job.out / f"{folder.parent.name}-{folder.name}.jsonl"
        write_shot_as_lines(folder, file)
        files.append(file)
    return files


def _asc(job: Export) -> list[Path]:
    from bench.record.asc import write_asc

    files = []
    for scenario, name, trace in job.traces():
        file = job.out / f"{scenario}-{name}.asc"
        write_asc(file, trace.frames, _numbers(trace), BENCH_SENDER, job.dated(trace))
        files.append(file)
    return files


def _mf4(job: Export) -> list[Path]:
    from bench.record.mf4 import write_mf4

    files = []
    for scenario, name, trace in job.traces():
        file = job.out / f"{scenario}-{name}.mf4"
        write_mf4(file, trace.frames, _numbers(trace), BENCH_SENDER, job.dbc_files, job.dated(trace))
        files.append(file)
    return files


def _csv(job: Export) -> list[Path]:
    frames, shots = job.out / "frames.csv", job.out / "shots.csv"
    with frames.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        writer = csv.writer(file)
        writer.writerow(FRAME_COLUMNS)
        writer.writerows((*row[:-1], row[-1].hex()) for row in frame_rows(job))
    with shots.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        writer = csv.writer(file)
        writer.writerow(SHOT_COLUMNS)
        writer.writerows(shot_rows(job.result))
    return [frames, shots]


def _parquet(job: Export) -> list[Path]:
    from bench.stored.export_parquet import write_parquet

    return write_parquet(job)


def _bdf(job: Export) -> list[Path]:
    from bench.stored.export_bdf import write_bdf

    return write_bdf(job)


def _junit(job: Export) -> list[Path]:
    from bench.report.junit import write_junit

    file = job.out / "junit.xml"
    write_junit(job.result, file, attempts=True, style=job.junit_style)
    return [file]


def _needs(job: Export) -> list[Path]:
    from bench.report.needs import write_needs

    file = job.out / "needs.json"
    write_needs(job.result, file)
    return [file]


def _reqif(job: Export) -> list[Path]:
    from bench.report.reqif_file import write_reqif

    file = job.out / "results.reqif"
    write_reqif(job.result, file)
    return [file]


EXPORTERS: dict[str, Callable[[Export], list[Path]]] = {
    "mf4": _mf4,
    "blf": _blf,
    "asc": _asc,
    "marks": _marks,
    "parquet": _parquet,
    "bdf": _bdf,
    "csv": _csv,
    "junit": _junit,
    "needs": _needs,
    "reqif": _reqif,
}
