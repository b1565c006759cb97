"""Everything that can be known before anything is driven: files read, expressions resolved, budgets resolvable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.codec.database import Database
from bench.config.profile import DutProfile
from bench.errors import ConfigError, ScenarioError, nearest
from bench.measure.plan import Plan
from bench.scenario.load import load_scenario
from bench.scenario.model import Scenario, Step
from bench.scenario.resolve import resolve
from bench.verdict.result import Budget


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """One scenario, ready to be shot at this DUT with this chemistry."""

    scenario: Scenario
    plan: Plan
    steps: tuple[Step, ...]
    budget: Budget


def prepare(
    paths: Sequence[Path],
    profile: DutProfile,
    thresholds: Mapping[str, float],
    budgets: Mapping[str, Budget],
    cells: int,
    databases: Mapping[str, Database],
) -> list[Prepared]:
    """All scenarios, or one ScenarioError with a line for every mistake in any of the files."""
    mistakes: list[str] = []
    prepared: list[Prepared] = []
    for path in paths:
        try:
            scenario = load_scenario(path)
            budget = budgets.get(scenario.safety_goal)
            if budget is None:
                line = scenario.lines.get("safety_goal", 1)
                raise ScenarioError(
                    f"{path}:{line} [safety_goal]: found '{scenario.safety_goal}'; expected a goal of budgets.toml"
                    f"{nearest(scenario.safety_goal, budgets)}"
                )
            plan, steps = resolve(scenario, profile, dict(thresholds), budget, cells, databases)
            prepared.append(Prepared(scenario=scenario, plan=plan, steps=tuple(steps), budget=budget))
        except ConfigError as exc:
            mistakes += str(exc).splitlines()
    seen: dict[str, Path] = {}
    for one in prepared:
        first = seen.setdefault(one.scenario.id, one.scenario.file)
        if first != one.scenario.file:
            mistakes.append(
                f"{one.scenario.file} [id]: found '{one.scenario.id}', which {first} has; expected its own"
            )
    if mistakes:
        raise ScenarioError("\n".join(dict.fromkeys(mistakes)))  # a profile's mistake meets every scenario
    return prepared
