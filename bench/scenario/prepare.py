"""Everything that can be known before anything is driven: files read, expressions resolved, budgets resolvable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.codec.database import Database
from bench.config.profile import DutProfile
from bench.errors import ConfigError, ScenarioError, nearest
from bench.measure.plan import Aim, Plan
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


NOTHING = Plan(
    aim=Aim.MUST_NOT_TRIP,
    onset=(),
    detection=(),
    safe_state=(),
    forbidden=(),
    heard=(),
    dtc_test=None,
    confirm_by_readback=False,
    hold_ns=0,
    window_ns=0,
    floor_ns=None,
    ceiling_ns=None,
    fdti_budget_ns=None,
    fhti_budget_ns=None,
    ftti_ns=None,
)
"""The plan of a scenario that this rig cannot run: no questions."""


def prepare(
    paths: Sequence[Path],
    profile: DutProfile,
    thresholds: Mapping[str, float],
    budgets: Mapping[str, Budget],
    cells: int,
    databases: Mapping[str, Database],
    sensors: int = 24,
    capabilities: frozenset[str] | None = None,
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
            if capabilities is not None and set(scenario.needs) - capabilities:
                # This rig will say BLOCKED; what it lacks cannot be resolved, and is no mistake of the file.
                prepared.append(Prepared(scenario=scenario, plan=NOTHING, steps=(), budget=budget))
                continue
            plan, steps = resolve(scenario, profile, dict(thresholds), budget, cells, databases, sensors)
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
