"""Judging a stored run again: every shot from its frames and events alone, and the run from its shots and files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.codec.database import Database
from bench.config.user_file import MOST_TOML_BYTES, NotToml, read_text, toml_of
from bench.errors import ConfigError, RecordError
from bench.record.codable import run_from_dict
from bench.record.folder import OpenedRun, open_run
from bench.running.sources import source_hash
from bench.running.workers import bounded, on_workers
from bench.stored.builds import refuse_newer
from bench.stored.judged_again import Job, ShotAgain, judge_again
from bench.stored.replan import Replanned, replan
from bench.stored.run_again import RunAgain, judge_run_again
from bench.verdict.result import Budget
from bench.verdict.rules import RULES

_CHUNK = 8  # shots that a worker takes at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejudged:
    """What a second judgement found. `differences`: one line for each part of a shot that is judged otherwise now.

    agreed: number of shots without a difference.
    of_run: one line for each fact of the run as a whole that does not follow from its shots and files.
    scenarios, scenarios_agreed: number of scenario results, and how many of them add up to what is recorded.
    rules: the version by which it was judged. note: questions that could not be asked again as today's rules ask
    them.
    unchecked: parts of the run that could not be made again, so that nothing shows them to be right.
    """

    shots: int
    agreed: int
    differences: tuple[str, ...]
    aborted: bool
    of_run: tuple[str, ...] = ()
    scenarios: int = 0
    scenarios_agreed: int = 0
    rules: int = RULES
    note: str | None = None
    unchecked: str | None = None


def rejudge_run(
    path: Path, budgets: Mapping[str, Budget] | None = None, workers: int | None = None
) -> Rejudged:
    """Judge every shot again, and the run. With `budgets`, judge the shots only, by those, to see what would change.

    The questions are made again from the run's copies of its files. Where these no longer make a bench, the stored
    questions are used. workers: number of processes, all processors by default. Whether the run is as it was written
    is a question for `verify_run`.

    Raises RecordError when the folder is no run or a shot's evidence cannot be read.
    """
    opened = open_run(path)
    refuse_newer(opened)
    rules: int = opened.header.get("rules", 1)
    made, why = _made_anew(opened) if budgets is None else (None, None)
    job = Job(
        header=opened.header,
        databases=stored_databases(opened),
        prepared={} if made is None else made.prepared,
        wired=None if made is None else made.wired,
        todays=rules >= RULES,
        same_source=opened.header.get("bench_source") == source_hash(),
        budgets=budgets,
        goals=judged_by(opened) if budgets is not None else {},
        path=path,
    )
    shots = _all_shots(job, opened, workers)
    if not shots:
        raise RecordError(f"{path}: holds no finished shot; nothing can be judged")
    whole = RunAgain(differences=(), scenarios=0, agreed=0)
    if budgets is None:
        result = None if opened.result is None else run_from_dict(opened.result)
        whole = judge_run_again(job, opened, result, shots)
    return Rejudged(
        shots=len(shots),
        agreed=sum(not one.differences for one in shots),
        differences=tuple(line for one in shots for line in one.differences),
        aborted=opened.aborted,
        of_run=whole.differences,
        scenarios=whole.scenarios,
        scenarios_agreed=whole.agreed,
        rules=rules,
        note=_note(job, shots, why),
        unchecked=why if rules >= RULES else None,
    )


def _note(job: Job, shots: Sequence[ShotAgain], why: str | None) -> str | None:
    if not job.todays:
        return None if why is None else f"{why}; judged by the questions that it has stored"
    otherwise = sum(one.asked_otherwise for one in shots)
    if job.same_source or not otherwise:
        return None
    return (
        f"{job.path}: of another release, which asked other questions of {otherwise} shots; judged by today's"
    )


def _all_shots(job: Job, opened: OpenedRun, workers: int | None) -> list[ShotAgain]:
    """On all processors: nothing is driven, and a shot takes as long to judge as to fire."""
    folders = list(opened.shots())
    chunks = [folders[first : first + _CHUNK] for first in range(0, len(folders), _CHUNK)]
    count, _ = bounded(workers, len(chunks))
    with on_workers(partial(judge_again, job), count) as pool:
        return [one for done in pool.in_order(chunks) for one in done]


def _made_anew(opened: OpenedRun) -> tuple[Replanned | None, str | None]:
    """The bench and its questions; where they cannot be made, why."""
    try:
        return replan(opened), None
    except RecordError as error:
        return None, str(error)


def judged_by(opened: OpenedRun) -> dict[str, str]:
    """Scenario id → the section of the budgets it is judged by, from the copies of the scenario files."""
    goals: dict[str, str] = {}
    for key, digest in opened.header["hashes"].items():
        scenario = key.removeprefix("scenario.")
        for file in (opened.path / "inputs").glob(f"{digest[:12]}-*.toml") if scenario != key else ():
            try:
                content = toml_of(read_text(file, "a scenario", error=RecordError, most=MOST_TOML_BYTES))
            except NotToml as error:
                raise RecordError(
                    f"{file}:{error.line}: found no valid TOML ({error}); expected {error.expected}"
                ) from error
            goals[scenario] = str(content.get("budget", content.get("safety_goal", "")))
    return goals


def stored_dbc_files(opened: OpenedRun) -> dict[str, list[Path]]:
    """The DBC files in the evidence, by channel."""
    hashes = opened.header["hashes"]
    return {
        channel: [
            opened.path / "inputs" / f"{hashes[f'dbc.{channel}.{number}'][:12]}-{name}"
            for number, name in enumerate(names)
        ]
        for channel, names in opened.header["dbc"].items()
    }


def stored_databases(opened: OpenedRun) -> dict[str, Database]:
    """The DBC files as they were at the time of the run, from the evidence itself."""
    databases: dict[str, Database] = {}
    for channel, files in stored_dbc_files(opened).items():
        try:
            databases[channel] = Database.load(*files, bus=channel)
        except ConfigError as error:
            raise RecordError(f"{opened.path}: its DBC files cannot be read: {error}") from error
    return databases
