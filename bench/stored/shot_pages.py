"""Which shots of a run are shown with their signals: in the report, and on a page beside it for each scenario."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice, zip_longest
from pathlib import Path
from statistics import median_low

from bench.codec.database import Database
from bench.config.profile import Role
from bench.config.profile_file import load_profile
from bench.errors import RecordError
from bench.record.codable import plan_from_dict
from bench.record.folder import OpenedRun, open_run, read_shot
from bench.report.extras import share_used
from bench.report.shot_page import FOLDER, ShotShown, page_name, shot_page
from bench.report.traces import TracePicture
from bench.stored.lab_files import MOST_FAILING
from bench.stored.own_inputs import stored_input
from bench.stored.pictures import handled_ns, picture_of, worst_shot
from bench.stored.rejudge import stored_databases
from bench.verdict.result import RunResult, ScenarioResult, ShotResult, Verdict

_MOST_INSIDE = 20  # failing shots
Place = tuple[str, int]  # a scenario's id and the index of a shot


def shown_inside(run: RunResult) -> dict[Place, str]:
    """The shots whose signals stand in the report, with why: failing ones, the worst of each goal, a typical one."""
    failing = chain.from_iterable(
        zip_longest(*([(one.scenario_id, shot.index) for shot in _failing(one)] for one in run.scenarios))
    )
    found = dict.fromkeys(islice((place for place in failing if place is not None), _MOST_INSIDE), "")
    measured = [one for one in run.scenarios if one.fhti is not None and not one.mismatch]
    for goal in dict.fromkeys(one.budget.safety_goal for one in measured):
        own = [one for one in measured if one.budget.safety_goal == goal]
        worst = max(own, key=share_used)
        if (shot := worst_shot(worst)) is not None:
            found.setdefault((worst.scenario_id, shot.index), f"the worst of {goal}")
    if (typical := _typical(measured)) is not None:
        found.setdefault(typical, "typical of this run")
    return found


def _failing(one: ScenarioResult) -> list[ShotResult]:
    """Those that did not pass and have something to draw; none where each shot has to fail."""
    if one.mismatch:
        return []
    return [
        shot
        for shot in one.shots
        if shot.judgement.verdict is not Verdict.PASS and shot.measurement is not None and shot.folder
    ]


def _typical(measured: list[ScenarioResult]) -> Place | None:
    """The median shot of the scenario that uses the median share of its budget."""
    passed = [one for one in measured if one.judgement.verdict is Verdict.PASS]
    if not passed:
        return None
    middle = median_low(sorted(map(share_used, passed)))
    one = next(one for one in passed if share_used(one) == middle)
    shots = [shot for shot in one.shots if shot.measurement is not None and shot.measurement.fhti is not None]
    handled = median_low(sorted(map(handled_ns, shots)))
    return one.scenario_id, next(shot.index for shot in shots if handled_ns(shot) == handled)


def on_a_page(one: ScenarioResult) -> list[ShotResult]:
    """The worst shot of a scenario and the first failing ones, in their order; none of a twin that stayed quiet."""
    if "--" in one.scenario_id and one.judgement.verdict is Verdict.PASS:
        return []
    worst = worst_shot(one)
    chosen = {shot.index: shot for shot in _failing(one)[:MOST_FAILING]}
    if worst is not None and worst.folder:
        chosen[worst.index] = worst
    return [chosen[index] for index in sorted(chosen)]


class Signals:
    """The signals of a stored run's shots, read back from its own copies of DBC files and profile."""

    def __init__(self, opened: OpenedRun) -> None:
        self._path = opened.path
        self._databases: dict[str, Database] = stored_databases(opened)
        self._roles: dict[str, Role] = load_profile(stored_input(opened, "profile")).roles

    @property
    def databases(self) -> Mapping[str, Database]:
        return self._databases

    def shown(self, scenario: ScenarioResult, shot: ShotResult) -> ShotShown:
        """Raises RecordError where the shot cannot be read."""
        trace, stored, _ = read_shot(self._path / shot.folder)
        picture = picture_of(scenario, shot, trace, plan_from_dict(stored), self._databases, self._roles)
        frames = f"{shot.folder}.blf"
        there = (self._path / frames).is_file()
        return ShotShown(shot=shot, picture=picture, marks=trace.marks, frames=frames if there else "")


def write_shot_pages(folder: Path, run: RunResult, report: str = "") -> None:
    """Write a page for each scenario that has something to show. report: the way from there to the report.

    Raises RecordError.
    """
    signals = Signals(open_run(folder))
    for scenario in run.scenarios:
        shots = [signals.shown(scenario, shot) for shot in on_a_page(scenario)]
        if not shots:
            continue
        page = folder / page_name(scenario.scenario_id)
        try:
            page.parent.mkdir(exist_ok=True)
            page.write_text(
                shot_page(run, scenario, shots, report), encoding="utf-8", errors="backslashreplace"
            )
        except OSError as error:
            raise RecordError(f"{page}: cannot write the page of signals: {error}") from error


def way(from_folder: Path, to: Path) -> str:
    """A relative link from a page in one folder to a place; a whole one where the two lie on different drives."""
    try:
        return Path(os.path.relpath(to.resolve(), from_folder.resolve())).as_posix()
    except ValueError:
        return to.resolve().as_uri()


def way_to_run(report: Path, run: Path) -> str:
    """The way from a report to the folder of its run, with its last slash; "" where it lies in it."""
    there = way(report.parent, run)
    return "" if there == "." else f"{there}/"


def linked(folder: Path) -> Iterator[str]:
    """What a report can lead to by a link, by its place within the run's folder."""
    for pattern in (f"{FOLDER}/*.html", "scenarios/*/*.blf"):
        for file in sorted(folder.glob(pattern)):
            yield file.relative_to(folder).as_posix()


def pictures_inside(
    run: RunResult, signals: Signals, kept: frozenset[str]
) -> dict[str, tuple[TracePicture, ...]]:
    """By scenario id. The worst shot of a scenario that has no page beside the report is shown, too."""
    places = shown_inside(run)
    found: dict[str, tuple[TracePicture, ...]] = {}
    for scenario in run.scenarios:
        wanted = {index: why for (name, index), why in places.items() if name == scenario.scenario_id}
        if page_name(scenario.scenario_id) not in kept:
            worst = worst_shot(scenario) if on_a_page(scenario) else None
            wanted |= {} if worst is None else {worst.index: wanted.get(worst.index, "")}
        shots = [shot for shot in scenario.shots if shot.index in wanted and shot.folder]
        if shots:
            found[scenario.scenario_id] = tuple(
                _told(signals.shown(scenario, shot).picture, wanted[shot.index]) for shot in shots
            )
    return found


def _told(picture: TracePicture, why: str) -> TracePicture:
    return replace(picture, title=f"{picture.title}, {why}") if why else picture
