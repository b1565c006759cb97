"""Failure modes against the newest runs of each chemistry: measured handling, margin to the hazard, ratings."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.campaign.builds import load_result
from bench.config.toml_file import Shape, read_toml
from bench.errors import BenchError, ConfigError, nearest
from bench.record.folder import open_run
from bench.timing.clock import Timebase
from bench.verdict.fmea import Earned, FailureMode, Rated, coverage_estimate, earn, rate, worst
from bench.verdict.result import Budget, RunResult, Verdict


class _ModeShape(Shape):
    id: str
    title: str
    element: str
    safety_goal: str
    scenarios: list[str]
    severity: int
    severity_source: str
    frequency: int
    frequency_source: str
    occurrence: int
    occurrence_source: str
    hazard: str | None = None
    monitoring_assumed: int | None = None
    monitoring_source: str = ""
    failure_rate_fit: float | None = None


class _FmeaShape(Shape):
    failure_mode: list[_ModeShape]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One failure mode on one chemistry. Times in s; hazard_s: 5th percentile of the time from fault to hazard."""

    mode: FailureMode
    chemistry: str
    earned: Earned | None
    rated: Rated
    fhti_s: float | None
    hazard_s: float | None
    missing: tuple[str, ...]

    @property
    def margin_s(self) -> float | None:
        if self.fhti_s is None or self.hazard_s is None:
            return None
        return self.hazard_s - self.fhti_s


def load_fmea(path: Path, goals: Mapping[str, Budget], scenarios: Sequence[str]) -> tuple[FailureMode, ...]:
    """Raises ConfigError, one line per mistake: unknown goal or scenario, rating outside 1 to 10, no source."""
    file = read_toml(path)
    shape = file.check(_FmeaShape, file.data)
    file.stop_on_mistakes()
    modes = shape.failure_mode if shape is not None else []
    seen: set[str] = set()
    for i, one in enumerate(modes):
        place = ("failure_mode", i)
        if one.id in seen:
            file.mistake((*place, "id"), f"found '{one.id}' twice; expected its own")
        seen.add(one.id)
        if one.safety_goal not in goals:
            near = nearest(one.safety_goal, goals)
            file.mistake(
                (*place, "safety_goal"), f"found '{one.safety_goal}'; expected a goal of budgets.toml{near}"
            )
        for name in one.scenarios:
            if name not in scenarios:
                near = nearest(name, scenarios)
                file.mistake(
                    (*place, "scenarios"),
                    f"found unknown scenario '{name}'; expected one of scenarios/{near}",
                )
        for key in ("severity", "frequency", "occurrence", "monitoring_assumed"):
            value = getattr(one, key)
            if value is not None and not 1 <= value <= 10:
                file.mistake((*place, key), f"found {value}; expected a rating from 1 to 10")
        for key in ("severity", "frequency", "occurrence"):
            if not getattr(one, f"{key}_source").strip():
                file.mistake((*place, f"{key}_source"), "found no text; expected where the rating comes from")
        if one.monitoring_assumed == 1:
            file.mistake((*place, "monitoring_assumed"), "found 1; expected 2 to 10: M = 1 is never assumed")
    file.stop_on_mistakes()
    return tuple(FailureMode(**{**one.model_dump(), "scenarios": tuple(one.scenarios)}) for one in modes)


def newest_runs(runs: Path, firmware: str, timebase: Timebase) -> dict[str, list[RunResult]]:
    """Finished runs of a firmware by chemistry, newest first; only those of the newest identity of that firmware."""
    found: dict[str, list[RunResult]] = {}
    identity: str | None = None
    for path in sorted(runs.glob("*/footer.json"), reverse=True):
        try:
            header = open_run(path.parent).header
            if header["firmware"] != firmware or header["timebase"] != timebase.value:
                continue
            run = load_result(path.parent)
            identity = identity or run.firmware_identity
            if run.firmware_identity == identity:
                found.setdefault(run.chemistry, []).append(run)
        except (BenchError, KeyError):
            continue  # an unreadable neighbour earns nothing
    return found


def load_hazards(path: Path | None) -> dict[tuple[str, str], float]:
    """(chemistry, fault) → 5th percentile of the time to the hazard in s, from `hil hazard --json`."""
    if path is None:
        return {}
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return {
            (one["chemistry"], one["fault"]): math.inf if one["left"]["p5_s"] is None else one["left"]["p5_s"]
            for one in content["results"]
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path}: cannot be read ({error!r}); expected the output of `hil hazard --json`"
        ) from error


def cells(
    modes: Sequence[FailureMode],
    runs: Mapping[str, Sequence[RunResult]],
    chemistries: Sequence[str],
    hazards: Mapping[tuple[str, str], float],
) -> tuple[Cell, ...]:
    """Every failure mode on every chemistry, in that order."""
    return tuple(
        _cell(mode, chemistry, runs.get(chemistry, ()), hazards)
        for mode in modes
        for chemistry in chemistries
    )


def _cell(
    mode: FailureMode, chemistry: str, runs: Sequence[RunResult], hazards: Mapping[tuple[str, str], float]
) -> Cell:
    newest = {}
    for run in reversed(runs):  # newest last, so that it wins for each scenario and operating point
        for scenario in run.scenarios:
            if scenario.scenario_id in mode.scenarios and scenario.judgement.verdict is not Verdict.BLOCKED:
                newest[scenario.scenario_id, scenario.operating_point] = scenario
    measured = {name for name, _ in newest}
    missing = [f"no run of {name}" for name in mode.scenarios if name not in measured]
    if not mode.scenarios:
        missing.append("no scenario injects it")
    earned = worst([earn(scenario) for scenario in newest.values()])
    complete = earned is not None and measured == set(mode.scenarios)
    if earned is None or not complete:
        # Without data for every scenario the rating rests on an assumption, or on nothing: then the worst.
        rating, assumed = (mode.monitoring_assumed or 10), True
    else:
        rating, assumed = earned.rating, False
        if earned.more is not None:
            missing.append(f"{earned.more} attempts for M {_next(earned.rating)}")
        if earned.timebase is Timebase.SIMULATED:
            missing.append("real time: simulated results discharge no board")
    highs = [s.fhti.max_high_ns / 1e9 for s in newest.values() if s.fhti is not None]
    hazard_s = hazards.get((chemistry, mode.hazard)) if mode.hazard is not None else None
    if hazard_s is None:
        missing.append("time to the hazard")
    return Cell(
        mode=mode,
        chemistry=chemistry,
        earned=earned,
        rated=rate(mode, rating, assumed),
        fhti_s=max(highs, default=None),
        hazard_s=hazard_s,
        missing=tuple(missing),
    )


def _next(rating: int) -> int:
    return {10: 8, 9: 8, 8: 7, 7: 5, 6: 4, 5: 4}.get(rating, rating - 1)


def coverage_by_goal(found: Sequence[Cell]) -> dict[tuple[str, str], tuple[float, bool]]:
    """(goal, chemistry) → (diagnostic coverage estimate, weighted by failure rates?)."""
    parts: dict[tuple[str, str], list[tuple[float | None, float]]] = {}
    for cell in found:
        share = cell.earned.lower if cell.earned is not None and not cell.rated.assumed else 0.0
        key = cell.mode.safety_goal, cell.chemistry
        parts.setdefault(key, []).append((cell.mode.failure_rate_fit, share))
    return {key: coverage_estimate(own) for key, own in parts.items()}
