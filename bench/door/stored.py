"""Runs that are stored: judged again, compared, listed. Nothing is driven."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.door.run import Run
from bench.errors import BenchError, ConfigError
from bench.record.folder import HEADER, RESULT, verify_read, verify_run
from bench.record.shot import read_json
from bench.stored.builds import find_run, load_neighbour
from bench.stored.rejudge import Rejudged, rejudge_run
from bench.stored.sides import load_sides
from bench.units import parse_duration_ns
from bench.verdict.budgets import load_budgets
from bench.verdict.compare import Comparison
from bench.verdict.compare import compare as compare_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondJudgement:
    """A stored run judged again. altered: what of it is not as it was written; then nothing in it is evidence."""

    folder: Path
    found: Rejudged
    altered: tuple[str, ...]

    @property
    def agreed(self) -> bool:
        """Every verdict and figure is as recorded, and the run is whole and as it was written."""
        return self.exit_code == 0

    @property
    def exit_code(self) -> int:
        """The exit code of `hil rejudge`: 0 agreed, 1 something differs, 3 altered, aborted, or parts could not be
        made again.
        """
        found = self.found
        if self.altered:
            return 3
        return 1 if found.differences or found.of_run else 3 if found.aborted or found.unchecked else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """The stored runs of a bench, the newest first. unreadable: a line for each folder that could not be read."""

    runs: tuple[Run, ...]
    unreadable: tuple[str, ...]


def name_of(run: Run | str | Path) -> str:
    """The folder of a run as text, or the name that was given."""
    return str(run.folder if isinstance(run, Run) else run)


def folder_of(run: Run | str | Path, runs: Path) -> Path:
    """The folder of a run, given as a run, a folder, a run's id, or a firmware (its newest run). Raises NotARun."""
    return find_run(name_of(run), runs)


def altered_in(run: Path) -> tuple[str, ...]:
    """What is not as it was written; of a run that was ended early, as far as anything shows it."""
    footer, altered = verify_run(run)
    if footer is None and (run / RESULT).is_file():
        altered = verify_read(run)
    return tuple(altered)


def rejudged(
    run: Path, budgets: str | Path | None, altered: tuple[str, ...] | None = None
) -> SecondJudgement:
    """altered: what `altered_in` has found, where it was asked already."""
    goals = None if budgets is None else load_budgets(Path(budgets), _chemistry_of(run))
    found = altered_in(run) if altered is None else altered
    return SecondJudgement(folder=run, found=rejudge_run(run, goals), altered=found)


def _chemistry_of(run: Path) -> str | None:
    """A safety goal may have times of its own on a chemistry. A folder that is no run is told later."""
    try:
        found = read_json(run / HEADER).get("chemistry")
    except BenchError:
        return None
    return found if isinstance(found, str) else None


def compared(base: Sequence[str], new: Sequence[str], runs: Path, shift: str | None) -> Comparison:
    """shift: the smallest one worth an alarm; a mistake in it is told at --shift."""
    relevant_ns = None
    if shift is not None:
        try:
            relevant_ns = parse_duration_ns(shift)
        except ValueError as error:
            raise ConfigError(f"--shift: {error}") from error
        if relevant_ns <= 0:
            raise ConfigError(f"--shift: found '{shift}'; expected a duration above 0, as \"2 ms\"")
    before, after, altered = load_sides(base, new, runs)
    return compare_runs(before, after, relevant_ns, altered)


def stored_runs(runs: Path, firmware: str | None, newest: int | None) -> Results:
    """By the time in their ids. A run that is going on, or was cut short, has no result yet and is left out."""
    found: list[Run] = []
    unreadable: list[str] = []
    for header in sorted(runs.glob(f"*/{HEADER}"), reverse=True):
        if len(found) == newest:
            break
        if not (header.parent / RESULT).is_file():
            continue
        try:
            run = _stored(header.parent)
        except BenchError as error:
            unreadable.append(str(error))
            continue
        if firmware in (None, run.result.firmware):
            found.append(run)
    return Results(runs=tuple(found), unreadable=tuple(unreadable))


def _stored(folder: Path) -> Run:
    stored = load_neighbour(folder)
    names = {"JUnit": "junit.xml", "report": "report.html"}
    files = {name: folder / file for name, file in names.items() if (folder / file).is_file()}
    return Run(
        folder=folder,
        result=stored.result,
        files={"evidence": folder, **files},
        troubles=stored.altered,
        left_out=(),
    )
