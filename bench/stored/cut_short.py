"""A run that was cut short, by whatever: what is whole of it becomes an aborted run, sealed like any other.

It is never a finished one, also where all its shots are there: no footer vouches for what was written before.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from bench.errors import RecordError
from bench.record.codable import decode, run_from_dict, run_to_dict
from bench.record.evidence import of_header
from bench.record.folder import OpenedRun, RunFolder, open_run, read_shot
from bench.record.for_lab import lay_out
from bench.record.held import held
from bench.record.targets import REPORT
from bench.report.junit import write_junit
from bench.running.reach import with_must_reach
from bench.running.results import scenario_result
from bench.stored.finish import Written, ask_equipment, write_report
from bench.stored.lab_files import shots_for_lab
from bench.stored.replan import Replanned, replan
from bench.stored.shot_pages import write_shot_pages
from bench.timing.clock import Timebase
from bench.verdict.result import RunResult, ScenarioResult, ShotResult

_PART = "*.part"  # a file that its writer had not finished; what it was to replace is there, or never was


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """whole: shots that are in the result. torn: shots of which something is there, but not all. lacking: see `words`.

    troubles: a line for each part that could not be written.
    """

    result: RunResult
    whole: int
    torn: int
    planned: int | None
    lacking: str
    troubles: tuple[str, ...]

    def words(self) -> str:
        of = "" if self.planned is None else f" of {self.planned}"
        torn = f", {self.torn} were cut short" if self.torn else ""
        return f"{self.whole}{of} shots are whole{torn}{self.lacking}"


def complete_cut_short(folder: Path) -> Completed:
    """Write result and footer of a run that has no footer. Raises RecordError where it is still being written."""
    with held(folder) as mine:
        if not mine:
            raise RecordError(f"{folder}: is being written just now; expected its run to have ended")
        opened = open_run(folder)
        for part in sorted(folder.rglob(_PART)):
            with contextlib.suppress(OSError):
                part.unlink()
        found = _found(opened)
        written = Written()
        written.attempt("equipment", partial(ask_equipment, RunFolder(folder)), folder)
        written.attempt("BLF", partial(lay_out, folder, tuple(shots_for_lab(found.result))), folder)
        written.attempt("signals", partial(write_shot_pages, folder, found.result, f"../{REPORT}"), folder)
        written.attempt("JUnit", partial(write_junit, found.result, folder / "junit.xml"), folder)
        written.attempt("report", partial(write_report, folder, found.result, folder / REPORT), folder)
        RunFolder(folder).finish(run_to_dict(found.result))
        return replace(found, troubles=tuple(written.troubles))


def _found(opened: OpenedRun) -> Completed:
    shots: dict[str, list[ShotResult]] = {}
    torn = 0
    for place in opened.shots():
        try:
            shots.setdefault(place.parent.name, []).append(decode(ShotResult, read_shot(place)[2]))
        except RecordError:
            torn += 1
    torn += _never_closed(opened)
    planned = opened.header.get("shots")
    lacking = ""
    try:
        scenarios = _scenarios(opened, replan(opened), shots)
        if left := sorted(shots.keys() - {one.scenario_id for one in scenarios}):
            lacking = f"; no verdict of {', '.join(left)}: not among the copies of its files"
    except RecordError as error:
        scenarios, lacking = (), f"; no verdict of its scenarios: {error}"
    found = Completed(
        result=_result(opened, shots, scenarios, ""),
        whole=sum(map(len, shots.values())),
        torn=torn,
        planned=sum(planned.values()) if isinstance(planned, dict) else None,
        lacking=lacking,
        troubles=(),
    )
    why = _why(opened) or "cut short"
    return replace(found, result=replace(found.result, aborted=f"{why}; {found.words()}"))


def _never_closed(opened: OpenedRun) -> int:
    return sum(
        not (one / "result.json").is_file() for one in opened.path.glob("scenarios/*/shot-*") if one.is_dir()
    )


def _why(opened: OpenedRun) -> str | None:
    """Where the run itself could still say it."""
    try:
        return None if opened.result is None else run_from_dict(opened.result).aborted
    except RecordError:
        return None


def _scenarios(
    opened: OpenedRun, made: Replanned, shots: Mapping[str, Sequence[ShotResult]]
) -> tuple[ScenarioResult, ...]:
    timebase = Timebase(opened.header["timebase"])
    files = opened.header.get("files", {})
    day = str(opened.header["started_utc"])[:10]
    results = []
    for name in opened.header["scenarios"]:
        prepared = made.prepared.get(name)
        if name not in shots or prepared is None:
            continue
        one = scenario_result(
            prepared, shots[name], timebase, made.wired.profile, made.wired.chemistry.id, day
        )
        results.append(replace(one, file=str(files.get(name, ""))))
    return with_must_reach(results)


def _result(
    opened: OpenedRun,
    shots: Mapping[str, Sequence[ShotResult]],
    scenarios: tuple[ScenarioResult, ...],
    aborted: str,
) -> RunResult:
    header: dict[str, Any] = opened.header
    read = dict.fromkeys(shot.identity for ones in shots.values() for shot in ones if shot.identity)
    try:
        return RunResult(
            run_id=header["run_id"],
            started_utc=header["started_utc"],
            timebase=Timebase(header["timebase"]),
            seed=header["seed"],
            bench_version=header["bench_version"],
            firmware=header["firmware"],
            firmware_identity=f"{header['firmware']}@{' | '.join(read) or 'unidentified'}",
            chemistry=header["chemistry"],
            hashes=header["hashes"],
            environment=header["environment"],
            scenarios=scenarios,
            aborted=aborted,
            rules=header.get("rules", 1),
            evidence=of_header(header, opened.path).evidence,
            mismatch=header.get("mismatch", ""),
        )
    except (KeyError, ValueError) as error:
        raise RecordError(f"{opened.path}: its header cannot be used: {error!r}") from error
