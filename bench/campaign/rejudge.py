"""Judging a stored run again, from its frames and events alone."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.campaign.builds import refuse_newer
from bench.campaign.replan import replan
from bench.campaign.shots import judge_trace
from bench.codec.database import Database
from bench.errors import ConfigError, RecordError
from bench.measure.finding.scenario import Worded
from bench.measure.interval import Measurement
from bench.measure.plan import Aim, Plan
from bench.record.codable import decode, plan_from_dict
from bench.record.folder import OpenedRun, open_run, read_shot
from bench.record.version_1 import same_figures
from bench.report.finding_words import reasons_words
from bench.verdict.result import Budget, Judgement
from bench.verdict.rules import RULES


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejudged:
    """What a second judgement found. `differences`: one line for each shot that is judged otherwise now.

    rules: by which version it was judged; note: what could not be asked again as today's rules ask it.
    """

    shots: int
    differences: tuple[str, ...]
    aborted: bool
    rules: int = RULES
    note: str | None = None


def rejudge_run(path: Path, budgets: Mapping[str, Budget] | None = None) -> Rejudged:
    """Judge every shot again; with `budgets` by those in place of the run's own, to see what would change.

    A run of older rules is judged by today's: what they ask is made anew from the run's copies of its files. Whether
    the run is as it was written is asked of `verify_run`. Raises RecordError when the folder is no run or a shot's
    evidence cannot be read.
    """
    opened = open_run(path)
    refuse_newer(opened)
    goals = judged_by(opened) if budgets is not None else {}
    databases = stored_databases(opened)
    rules: int = opened.header.get("rules", 1)
    asked, note = _asked_today(opened) if budgets is None and rules < RULES else ({}, None)
    differences: list[str] = []
    shots = 0
    for folder in opened.shots():
        trace, plan, recorded = read_shot(folder)
        shots += 1
        name = f"{folder.parent.name}/{folder.name}"
        digest = trace.digest()
        if digest != recorded["digest"]:
            differences.append(f"{name}: the stored trace is not the one that was judged ({digest[:12]} now)")
            continue
        question = asked.get(folder.parent.name) or plan_from_dict(plan)
        if budgets is not None:
            question = _with_budget(question, goals.get(folder.parent.name, ""), budgets, path)
        measured, judgement = judge_trace(trace, question, databases)
        as_measured = budgets is None and rules >= RULES
        differences += [f"{name}: {one}" for one in _differences(recorded, measured, judgement, as_measured)]
    if shots == 0:
        raise RecordError(f"{path}: holds no finished shot; nothing can be judged")
    return Rejudged(
        shots=shots,
        differences=tuple(differences),
        aborted=opened.aborted,
        rules=rules,
        note=note,
    )


def _differences(
    recorded: Mapping[str, Any], measured: Measurement, judgement: Judgement, as_measured: bool
) -> Iterator[str]:
    """as_measured: whether the figures have to be those that were recorded, too."""
    if as_measured and not same_figures(decode(Measurement, recorded["measurement"]), measured):
        yield "another measurement than recorded"
    before = decode(Judgement, recorded["judgement"])
    if not _same(before, judgement):
        was, now = (f"{one.verdict.name} {reasons_words(one)}" for one in (before, judgement))
        yield f"{was} → {now}"


def _asked_today(opened: OpenedRun) -> tuple[dict[str, Plan], str | None]:
    """By scenario. Where they cannot be made, why: then the stored questions are put to the frames once more."""
    try:
        prepared = replan(opened).prepared
    except RecordError as error:
        return {}, f"{error}; judged by the questions that it has stored"
    return {name: one.plan for name, one in prepared.items()}, None


def _same(before: Judgement, now: Judgement) -> bool:
    """By verdict and findings. Reasons that were stored in words only cannot be compared, and are not."""
    if any(isinstance(one.finding, Worded) for one in before.reasons):
        return before.verdict is now.verdict
    return before == now


def judged_by(opened: OpenedRun) -> dict[str, str]:
    """Scenario id → the section of the budgets it is judged by, from the copies of the scenario files."""
    goals: dict[str, str] = {}
    for key, digest in opened.header["hashes"].items():
        scenario = key.removeprefix("scenario.")
        for file in (opened.path / "inputs").glob(f"{digest[:12]}-*.toml") if scenario != key else ():
            content = tomllib.loads(file.read_text(encoding="utf-8"))
            goals[scenario] = str(content.get("budget", content.get("safety_goal", "")))
    return goals


def _with_budget(plan: Plan, goal: str, budgets: Mapping[str, Budget], path: Path) -> Plan:
    if plan.aim is not Aim.MUST_TRIP:
        return plan
    if goal not in budgets:
        known = ", ".join(budgets)
        raise ConfigError(f"{path}: its safety goal '{goal}' is not in the budgets; expected one of {known}")
    budget = budgets[goal]
    return replace(plan, fdti_budget_ns=budget.fdti_ns, fhti_budget_ns=budget.fhti_ns, ftti_ns=budget.ftti_ns)


def stored_databases(opened: OpenedRun) -> dict[str, Database]:
    """The DBC files as they were at the time of the run, from the evidence itself."""
    hashes: dict[str, str] = opened.header["hashes"]
    databases: dict[str, Database] = {}
    for channel, names in opened.header["dbc"].items():
        files = [
            opened.path / "inputs" / f"{hashes[f'dbc.{channel}.{number}'][:12]}-{name}"
            for number, name in enumerate(names)
        ]
        databases[channel] = Database.load(*files, bus=channel)
    return databases
