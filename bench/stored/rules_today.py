"""A stored result by today's rules: every shot judged again from its frames, and the scenarios concluded again."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bench.codec.database import Database
from bench.errors import RecordError
from bench.measure.plan import Plan
from bench.record.database import PastResult
from bench.record.folder import open_run, read_shot
from bench.record.shot import is_there
from bench.running.results import scenario_result
from bench.running.shots import judge_trace
from bench.stored.builds import load_neighbour
from bench.stored.replan import Replanned, replan
from bench.verdict.result import RunResult, ScenarioResult, ShotResult
from bench.verdict.rules import RULES


def result_today(path: Path, result: RunResult) -> RunResult:
    """Raises RecordError where it cannot be done: frames or copies of files that are not there."""
    if result.rules == RULES:
        return result
    made = replan(open_run(path))
    scenarios = tuple(scenario_today(path, one, made, result.chemistry) for one in result.scenarios)
    return replace(result, scenarios=scenarios, rules=RULES)


def scenario_today(path: Path, stored: ScenarioResult, made: Replanned, chemistry: str) -> ScenarioResult:
    """One scenario of the run at `path`."""
    prepared = made.prepared.get(stored.scenario_id)
    if prepared is None:
        raise RecordError(
            f"{path}: {stored.scenario_id} cannot be made anew from its copies, so it keeps its rules"
        )
    shots = [_shot(path, one, prepared.plan, made.wired.databases) for one in stored.shots]
    found = scenario_result(prepared, shots, stored.timebase, made.wired.profile, chemistry)
    return replace(found, file=stored.file, line=stored.line)


def _shot(path: Path, shot: ShotResult, plan: Plan, databases: Mapping[str, Database]) -> ShotResult:
    if not shot.folder:  # blocked: nothing was driven
        return shot
    if not is_there(path / shot.folder):
        raise RecordError(f"{path}: the frames of {shot.folder} are not there, so it cannot be judged again")
    trace, _, _ = read_shot(path / shot.folder)
    measurement, judgement = judge_trace(trace, plan, databases)
    return replace(shot, measurement=measurement, judgement=judgement)


class Rejudging:
    """Past results of runs in `folder` by today's rules; what a run needs for it is read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runs: dict[str, tuple[RunResult, Replanned] | None] = {}

    def again(self, past: PastResult, scenario_id: str) -> PastResult | None:
        """None where it cannot be done."""
        path = self._folder / past.run_id
        if past.run_id not in self._runs:
            self._runs[past.run_id] = _read(path)
        known = self._runs[past.run_id]
        if known is None:
            return None
        result, made = known
        stored = next((one for one in result.scenarios if one.scenario_id == scenario_id), None)
        try:
            today = None if stored is None else scenario_today(path, stored, made, result.chemistry)
        except RecordError:
            return None
        if today is None:
            return None
        return replace(
            past,
            verdict=today.judgement.verdict,
            reasons=today.judgement.reasons,
            fdti_max_high_ns=None if today.fdti is None else today.fdti.max_high_ns,
            fhti_max_high_ns=None if today.fhti is None else today.fhti.max_high_ns,
            rules=RULES,
        )


def _read(path: Path) -> tuple[RunResult, Replanned] | None:
    try:
        stored = load_neighbour(path)
        return None if stored.altered else (stored.result, replan(open_run(path)))
    except RecordError:
        return None
