"""The end of a run: its folder, complete and sealed; the files that were asked for; and the results database, last.

The folder is the truth. An error after it costs no more than a line.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bench.errors import BenchError, RecordError, UnusableUrl
from bench.record.codable import run_to_dict
from bench.record.database import ResultsDatabase, Sealed
from bench.record.folder import HEADER, RunFolder, open_run
from bench.record.for_lab import lay_out
from bench.record.shot import is_there
from bench.record.targets import REPORT
from bench.report.html import write_html
from bench.report.junit import write_junit
from bench.report.junit_style import JUnitStyle
from bench.report.shot_page import FOLDER
from bench.running.crash import crash_line
from bench.running.equipment import answered
from bench.stored.gather import gather
from bench.stored.lab_files import shots_for_lab
from bench.stored.shot_pages import way, way_to_run, write_shot_pages
from bench.verdict.result import RunResult

_TRIAL_S = 2.0  # for a database that others use just now: it is tried again at the end


@dataclass(slots=True, kw_only=True)
class Written:
    """Where the parts of a run are, by name, and a line for each that could not be written."""

    files: dict[str, Path] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)

    def attempt(self, name: str, write: Callable[[], None], folder: Path) -> bool:
        """Do one step of the end; what goes wrong is kept as a line, so that the next steps follow."""
        try:
            write()
        except (BenchError, OSError) as error:
            self.troubles.append(f"{name}: {error}")
        except Exception as error:  # noqa: BLE001 - a crash in a picture must not cost the footer
            self.troubles.append(f"{name}: {crash_line(error, folder)}")
        else:
            return True
        return False


def complete(
    result: RunResult,
    folder: RunFolder,
    junit: Path | None,
    report: Path | None,
    style: JUnitStyle = JUnitStyle.FULL,
) -> Written:
    """JUnit, HTML, result and footer. An aborted run gets no footer. Nothing is raised."""
    path = folder.path
    written = Written(files={"evidence": path})
    if gone := _gone(result, folder):
        written.troubles.append(f"evidence: {gone}")
        return written
    written.attempt("equipment", partial(ask_equipment, folder), path)
    written.attempt("BLF", partial(lay_out, path, tuple(shots_for_lab(result))), path)
    back = way(path / FOLDER, report or path / REPORT)
    written.attempt("signals", partial(write_shot_pages, path, result, back), path)
    inside: list[tuple[str, Path, Callable[[], None]]] = []
    elsewhere: list[tuple[str, Path, Callable[[], None]]] = []
    for name, asked, usual, write in (
        ("JUnit", junit, "junit.xml", partial(write_junit, style=style)),
        ("report", report, REPORT, partial(write_report, path)),
    ):
        file = asked or path / usual
        where = inside if path.resolve() in file.resolve().parents else elsewhere
        where.append((name, file, partial(write, result, file)))
    for name, file, step in inside:
        if written.attempt(name, step, path):
            written.files[name] = file
    if result.aborted is None:
        written.attempt("evidence", lambda: folder.finish(run_to_dict(result)), path)
    for name, file, step in elsewhere:
        if written.attempt(name, step, path):
            written.files[name] = file
    return written


def _gone(result: RunResult, folder: RunFolder) -> str | None:
    """What of the run is no longer there. A footer over the rest would call it complete."""
    path = folder.path
    if not (path / HEADER).is_file():
        return f"{path}: vanished while the run was going on; expected it to be left alone"
    shots = [shot.folder for scenario in result.scenarios for shot in scenario.shots if shot.folder]
    missing = [one for one in shots if not is_there(path / one)]
    if missing:
        return (
            f"{path}: {len(missing)} of {len(shots)} shots vanished while the run was going on: {missing[0]}"
        )
    if spoilt := folder.spoilt():
        return f"{path}: {' and '.join(spoilt)} vanished or changed while the run was going on"
    altered = [file.name for file in sorted((path / "inputs").glob("*")) if not _as_copied(file)]
    lost = [name for name, digest in result.hashes.items() if name != "rig" and not _kept(path, digest)]
    if wrong := [*altered, *lost]:
        return (
            f"{path}: {len(wrong)} of its inputs vanished or changed while the run was going on: {wrong[0]}"
        )
    return None


def _kept(path: Path, digest: str) -> bool:
    return any((path / "inputs").glob(f"{digest[:12]}-*"))


def _as_copied(file: Path) -> bool:
    """An input is kept under the beginning of its own hash."""
    try:
        return file.name.startswith(hashlib.sha256(file.read_bytes()).hexdigest()[:12])
    except OSError:
        return False


def write_report(folder: Path, result: RunResult, file: Path) -> None:
    """Write the HTML report of a run to `file`."""
    write_html(result, file, extras=gather(result, folder, to_run=way_to_run(file, folder)))


def ask_equipment(folder: RunFolder) -> None:
    """Add to the run's folder how its instruments named themselves."""
    opened = open_run(folder.path)
    folder.add_equipment(answered(opened.equipment(), opened.shots()))


def try_database(where: Path | str) -> str | None:
    """Why results cannot be stored there now, in a line. Raises UnusableUrl where they never can."""
    try:
        ResultsDatabase(where, wait_s=_TRIAL_S).try_writing()
    except UnusableUrl:
        raise
    except RecordError as error:
        return str(error)
    return None


def store_last(where: Path | str, result: RunResult, folder: Path) -> str | None:
    """Add a run whose folder is complete; a line where that cannot be. An unfinished one is not in the database."""
    if result.aborted is not None:
        return None
    try:
        ResultsDatabase(where).add(result, Sealed.of(folder))
    except RecordError as error:
        return f"not in the results database: {error}; once that is mended: hil store {folder}"
    return None
