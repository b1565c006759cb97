"""One stored shot judged again: from its frames and events, by the questions that the run's own copies make."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from bench.codec.database import Database
from bench.errors import ConfigError, choices
from bench.measure.finding.scenario import Worded
from bench.measure.interval import Measurement
from bench.measure.plan import Aim, Plan
from bench.plant.build import draw_as_made
from bench.record.codable import decode
from bench.record.folder import read_shot
from bench.record.version_1 import same_figures
from bench.report.finding_words import reasons_words
from bench.running.firing import place_of, stratum_of
from bench.running.shots import judge_or_error, shot_phase_ns, shot_seed
from bench.scenario.prepare import Prepared
from bench.trace.facts import DutIdentified, PhasesDrawn
from bench.trace.timeline import Trace
from bench.verdict.result import Budget, Held, Judgement, ShotResult
from bench.wiring.common import Wired, phases_of, shape_of

_BUDGETS = ("aim", "fdti_budget_ns", "fhti_budget_ns", "ftti_ns")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What all shots of a run are judged by.

    databases: of the run's copies. prepared, wired: made from these; empty where they cannot be made.
    todays: the run was judged by today's rules, and has to say what is found now.
    same_source: the run was made by the very code that judges it now.
    budgets: safety goals in place of the run's own, and the goal of each scenario.
    """

    header: Mapping[str, Any]
    databases: Mapping[str, Database]
    prepared: Mapping[str, Prepared]
    wired: Wired | None
    todays: bool
    same_source: bool
    budgets: Mapping[str, Budget] | None
    goals: Mapping[str, str]
    path: Path

    def shots_of(self, scenario_id: str) -> int | None:
        """How many it was to have; None in a run of an older release."""
        asked = self.header.get("shots", {}).get(scenario_id)
        return asked if type(asked) is int else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotAgain:
    """recorded: as the shot's own result has it. today: the same with what is measured and judged now.

    asked_otherwise: by other questions than it has stored.
    """

    scenario_id: str
    name: str
    recorded: ShotResult
    today: ShotResult
    differences: tuple[str, ...]
    asked_otherwise: bool = False


def judge_again(job: Job, folders: Sequence[Path]) -> list[ShotAgain]:
    """Raises RecordError where a shot's evidence cannot be read, ConfigError where `budgets` lack its goal."""
    plans = _Plans()
    return [_judge_again(job, folder, plans) for folder in folders]


class _Plans:
    """The questions of shots: all of a scenario have stored the same ones, and are judged one after the other."""

    def __init__(self) -> None:
        self._last: tuple[dict[str, Any], Plan] | None = None

    def of(self, stored: dict[str, Any], folder: Path) -> Plan:
        """Raises RecordError."""
        if self._last is None or (self._last[0] is not stored and self._last[0] != stored):
            self._last = stored, decode(Plan, stored, f"{folder}: plan")
        return self._last[1]


def _judge_again(job: Job, folder: Path, plans: _Plans) -> ShotAgain:
    scenario_id = folder.parent.name
    trace, stored, content = read_shot(folder)
    recorded = decode(ShotResult, content, f"{folder}: result")
    told: list[str] = []
    if not recorded.digest:  # a stated one that is not the trace's was refused where it was read
        told.append(f"the stored trace is not the one that was judged ({trace.digest()[:12]} now)")
        return _again(folder, recorded, recorded, told)
    question = asked = plans.of(stored, folder)
    if job.budgets is not None:
        question = _with_budget(asked, job.goals.get(scenario_id, ""), job.budgets, job.path)
    else:
        prepared = job.prepared.get(scenario_id)
        if prepared is not None:
            question = prepared.plan
            told += _other_question(asked, question, whole=job.todays and job.same_source)
            told += _not_of_this_shot(job, prepared, recorded, trace)
        told += _of_another(job, recorded, trace)
    measured, judgement, _ = judge_or_error(trace, question, job.databases)
    as_measured = job.budgets is None and job.todays and (job.same_source or question == asked)
    told += differences(recorded, measured, judgement, as_measured)
    today = replace(recorded, measurement=measured, judgement=judgement)
    return _again(folder, recorded, today, told, asked_otherwise=job.budgets is None and question != asked)


def _again(
    folder: Path,
    recorded: ShotResult,
    today: ShotResult,
    told: Sequence[str],
    *,
    asked_otherwise: bool = False,
) -> ShotAgain:
    name = f"{folder.parent.name}/{folder.name}"
    return ShotAgain(
        scenario_id=folder.parent.name,
        name=name,
        recorded=recorded,
        today=today,
        differences=tuple(f"{name}: {one}" for one in told),
        asked_otherwise=asked_otherwise,
    )


def differences(
    recorded: ShotResult, measured: Measurement | None, judgement: Judgement, as_measured: bool
) -> Iterator[str]:
    """as_measured: whether the figures have to be those that were recorded, too."""
    if as_measured and not _same_figures(recorded.measurement, measured):
        yield "another measurement than recorded"
    before = recorded.judgement
    if not same(before, judgement):
        was, now = (f"{one.verdict.name} {reasons_words(one)}" for one in (before, judgement))
        yield f"{was} → {now}"


def _same_figures(before: Measurement | None, now: Measurement | None) -> bool:
    if before is None or now is None:
        return before is now
    return same_figures(before, now)


def same(before: Judgement, now: Judgement) -> bool:
    """By verdict and findings. Reasons that were stored in words only cannot be compared, and are not."""
    if any(isinstance(one.finding, Worded) for one in before.reasons):
        return before.verdict is now.verdict
    return before == now


def same_matter(before: Judgement, now: Judgement) -> bool:
    """By verdict and by what the reasons are about, each with its count. Their figures are those of single shots, which
    are compared by themselves; what is only noted may come with a release.
    """

    def matter(one: Judgement) -> list[tuple[object, ...]]:
        return [(why.alike(), why.count, why.shots) for why in one.reasons if why.held is not Held.NOTED]

    return same(before, now) or (before.verdict is now.verdict and matter(before) == matter(now))


def _other_question(stored: Plan, made: Plan, *, whole: bool) -> list[str]:
    """whole: everything has to be the same; else only its times, since an older release asked otherwise."""
    names = [field.name for field in fields(Plan)] if whole else _BUDGETS
    odd = [name for name in names if getattr(stored, name) != getattr(made, name)]
    if not odd:
        return []
    shown = [f"{name} {getattr(stored, name)!s:.40}, not {getattr(made, name)!s:.40}" for name in odd[:3]]
    return [f"its plan is not that of the run's own files in inputs/: {'; '.join(shown)}"]


def _of_another(job: Job, recorded: ShotResult, trace: Trace) -> Iterator[str]:
    """What a shot of another run, build or bench has."""
    if trace.timebase.value != job.header.get("timebase"):
        yield f"its trace is of {trace.timebase.value} time, the run of {job.header.get('timebase')}"
    mark = next(iter(trace.of(DutIdentified)), None)
    said = mark.fact.identity if mark is not None else ""
    if recorded.identity not in ("", said):
        yield f"recorded as build '{recorded.identity}', its trace names '{said or 'none'}'"
    wanted = job.header.get("firmware_expected")
    if wanted and mark is not None and mark.fact.expected != wanted:
        yield f"of a run that expected the build '{mark.fact.expected}'; header.json says '{wanted}'"


def _not_of_this_shot(job: Job, prepared: Prepared, recorded: ShotResult, trace: Trace) -> Iterator[str]:
    """Seed and phases follow from the run's seed, the scenario and the shot."""
    seed = shot_seed(job.header["seed"], prepared.scenario.id, recorded.index)
    if recorded.seed != seed:
        yield f"its seed is {recorded.seed}; the run's makes {seed}"
    repeat = job.shots_of(prepared.scenario.id)
    if repeat is None or not job.same_source:
        return
    rng = random.Random(seed)
    phase_ns = shot_phase_ns(prepared, recorded.index, repeat, rng)
    if recorded.phase_ns != phase_ns:
        yield f"its phase is {recorded.phase_ns} ns; seed and plan make {phase_ns} ns"
    place = place_of(job.header["seed"], prepared.scenario.id, recorded.index, repeat)
    if (recorded.stratum, recorded.place) != (stratum_of(recorded.index, repeat), place):
        yield (
            f"its stratum and place in the firing order are {recorded.stratum} and {recorded.place}; "
            f"seed and plan make {stratum_of(recorded.index, repeat)} and {place}"
        )
    drawn = next((mark.fact for mark in trace.of(PhasesDrawn)), None)
    if drawn is not None and job.wired is not None and job.wired.config.simulated:
        draw_as_made(shape_of(job.wired), rng)  # the pack draws first
        phases = phases_of(job.wired, rng)
        told = (drawn.boot_ns, drawn.front_end_ns, *(at_ns for _, at_ns in drawn.messages_ns))
        if told != (phases.boot_ns, phases.front_end_ns, *phases.messages_ns):
            yield "its trace was drawn from another seed"


def _with_budget(plan: Plan, goal: str, budgets: Mapping[str, Budget], path: Path) -> Plan:
    if plan.aim is not Aim.MUST_TRIP:
        return plan
    if goal not in budgets:
        known = choices(goal, budgets)
        raise ConfigError(f"{path}: its safety goal '{goal}' is not in the budgets; expected one of {known}")
    budget = budgets[goal]
    return replace(plan, fdti_budget_ns=budget.fdti_ns, fhti_budget_ns=budget.fhti_ns, ftti_ns=budget.ftti_ns)
