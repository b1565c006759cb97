"""Everything a report shows of a run, gathered from its own folder: nothing else is needed, years later."""

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from bench.codec.database import Database
from bench.confidence.covered_again import Qualified, qualified_by
from bench.errors import BenchError, RecordError
from bench.measure.estimation import samples_of
from bench.measure.window import armed_window
from bench.record.evidence import of_header
from bench.record.folder import HEADER, OpenedRun, open_run, read_shot
from bench.record.said import said_of
from bench.record.shot import read_json
from bench.report.clauses import clause_rows, clause_words
from bench.report.estimates import EstimatePicture, worst_estimates
from bench.report.extras import ReportExtras
from bench.report.finding_words import joined_words
from bench.report.traceability import denominator, denominator_words, rows
from bench.running.equipment import doubts, stored_equipment
from bench.running.load import LONG_LANE, matches
from bench.scenario.library import Entry, Library
from bench.stored.builds import load_neighbour
from bench.stored.goal_trend import goal_trend
from bench.stored.own_inputs import stored_goals, stored_library
from bench.stored.shot_pages import Signals, linked, pictures_inside
from bench.stored.status import status_of
from bench.verdict.compare import Comparison, compare
from bench.verdict.result import Budget, RunResult, ScenarioResult, Verdict

_MOST_NAMED = 3  # files on the command line


def gather(run: RunResult, folder: Path, *, at_end: bool = True, to_run: str = "") -> ReportExtras:
    """From the run's folder and its neighbours. What is missing there is missing in the report, visibly.

    at_end: for the run's own page, which is sealed with it and stays as it is; else with what came to be known since.
    to_run: the way from the report to the run's folder, with its last slash.
    """
    opened = open_run(folder)
    signals, kept = Signals(opened), frozenset(linked(folder))
    estimates = {
        scenario.scenario_id: tuple(_estimates(scenario, folder, signals.databases))
        for scenario in run.scenarios
        if worst_estimates(scenario)
    }
    previous, passed_over = last_build(run, folder)
    extras = replace(
        beside(run, opened),
        traces=pictures_inside(run, signals, kept),
        estimates=estimates,
        previous=previous,
        trend=goal_trend(run, folder),
        kept=kept,
        to_run=to_run,
    )
    extras = replace(extras, alerts=(*extras.alerts, *passed_over))
    with contextlib.suppress(RecordError):  # a folder of an older release: its report has no first page
        extras = replace(extras, sheet=status_of(run, folder, at_end=at_end))
    covering = qualified_by(opened)
    if covering is None:
        return extras
    return replace(extras, qualification=covering.trouble, qualified_by=covering.by)


def beside(run: RunResult, opened: OpenedRun) -> ReportExtras:
    """What the folder says beside the result, without pictures, and without what came to be known elsewhere."""
    equipment = stored_equipment(opened)
    library = stored_library(opened)
    blocked = {
        s.scenario_id: f"BLOCKED: {joined_words(s.judgement)}"
        for s in run.scenarios
        if s.judgement.verdict is Verdict.BLOCKED
    }
    return ReportExtras(
        goals=_served(stored_goals(opened), library),
        library=library,
        not_run={**_not_chosen(opened, run, library), **_missing(opened, run), **blocked},
        equipment=equipment,
        said=said_of(opened.header),
        timekeeping=opened.header.get("timekeeping", {}),
        always=tuple(tuple(one) for one in opened.header.get("always", ())),
        corrected=tuple(tuple(one) for one in opened.header.get("corrected", ())),
        evidence_why=of_header(opened.header, opened.path).why,
        alerts=doubts(equipment, str(opened.header.get("started_utc", ""))[:10]),
    )


def _estimates(
    scenario: ScenarioResult, folder: Path, databases: Mapping[str, Database]
) -> Iterator[EstimatePicture]:
    """Truth and estimate over time, of the shot that each estimate was worst in."""
    for index, found in worst_estimates(scenario):
        shot = next(one for one in scenario.shots if one.index == index)
        trace, _, _ = read_shot(folder / shot.folder)
        samples, _ = samples_of(trace, found.question, armed_window(trace), databases)
        points = [(one.t_ns, one.true, one.said) for one in samples]
        yield EstimatePicture(name=found.question.name, shot=index, points=points)


def covered_words(run: RunResult, folder: Path) -> tuple[str, Qualified]:
    """(the denominator in a line, what of the qualification), from the folder, and what is known beside it."""
    opened = open_run(folder)
    library = stored_library(opened)
    covering = qualified_by(opened) or Qualified(trouble="none is known to this run")
    if library is None:
        return "not recorded, the run folder was written by an older release", covering
    served = denominator_words(
        rows(library, _served(stored_goals(opened), library), run.scenarios, run.chemistry)
    )
    clauses = clause_words(clause_rows(library, run.scenarios))
    return "; ".join(words for words in (served, clauses) if words), covering


def _served(goals: dict[str, Budget], library: Library | None) -> dict[str, Budget]:
    return goals if library is None else denominator(goals, library.lent)


def _not_chosen(opened: OpenedRun, run: RunResult, library: Library | None) -> dict[str, str]:
    """Scenarios of the library that this run was not asked for. A twin run alone does not stand for its scenario."""
    if library is None:
        return {}
    chosen = {*opened.header.get("scenarios", ()), *(one.scenario_id for one in run.scenarios)}
    asked = str(opened.header.get("selection") or "")
    many = len(asked.split()) > _MOST_NAMED
    why = f"not among what was asked for: {f'{len(asked.split())} files' if many else asked or 'part of the library'}"
    return {
        one.scenario_id: LONG_LANE if one.long and _is_asked(one, asked) else why
        for one in library.entries
        if one.scenario_id not in chosen
    }


def _is_asked(one: Entry, selection: str) -> bool:
    """Whether the selection names the scenario, so that only its lane kept it out of the run."""
    found = re.fullmatch("(?:-k '([^']*)' ?)?(.*)", selection)
    only, paths = (found[1] or "", found[2].split()) if found is not None else ("", [])
    inside = not paths or Path(one.file).parent.name in {Path(path).name for path in paths}
    return inside and matches(only, one.scenario_id, Path(one.file))


def last_build(run: RunResult, folder: Path) -> tuple[Comparison | None, tuple[str, ...]]:
    """Against the newest earlier finished run on the same rig and chemistry beside this one; None without.

    Looked for among the fifty runs before: their results are read whole. Then: those passed over, since they are not
    as they were written.
    """
    earlier = sorted(p for p in folder.parent.glob("*/footer.json") if p.parent.name < folder.name)
    altered: list[str] = []
    for path in reversed(earlier[-50:]):
        try:
            header = read_json(path.parent / HEADER)
            hashes = header.get("hashes", {})
            if hashes.get("rig") != run.hashes.get("rig") or header["chemistry"] != run.chemistry:
                continue
            stored = load_neighbour(path.parent)
        except (BenchError, KeyError):
            continue  # a damaged neighbour is no reason to give no report
        if stored.altered:
            altered.append(f"{path.parent.name} is ALTERED and was not compared with: {stored.altered[0]}")
            continue
        if stored.result.aborted is not None:
            continue
        found = compare(stored.result, run)
        if not found.refused and found.handled:
            return found, tuple(altered)
    return None, tuple(altered)


def _missing(opened: OpenedRun, run: RunResult) -> dict[str, str]:
    """Scenarios the header promises that have no result."""
    done = {scenario.scenario_id for scenario in run.scenarios}
    promised: list[str] = opened.header.get("scenarios", [])
    return {name: "aborted before its first shot" for name in promised if name not in done}
