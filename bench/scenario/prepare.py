"""Everything that can be known before anything is driven: files read, expressions resolved, budgets resolvable."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.codec.database import Database
from bench.config.profile import DutProfile
from bench.config.toml_file import located, only_news
from bench.errors import ConfigError, ScenarioError, nearest
from bench.faults.expression import Expression, value_of
from bench.measure.finding.scenario import LevelShown
from bench.measure.plan import NOTHING, Plan
from bench.scenario.level_shown import levels_shown
from bench.scenario.load import read_scenario
from bench.scenario.lookup import AskedTests, Lookup
from bench.scenario.mismatch import thresholds_for
from bench.scenario.model import Inject, InjectText, Scenario, Step
from bench.scenario.resolve import check_names, resolve, resolve_in, resolve_twins, steps_alone
from bench.units import NS_PER_S
from bench.verdict.result import Budget

Look = Callable[[Scenario, Sequence[Step]], list[str]]
"""What else is to be told of a scenario, a line each, where there is something to mend anyway."""


# Where one of these is wrong, what a scenario does and asks for is not known.
_STIMULUS = re.compile(r"\[(step|start|expect|quiet|aim|format|mismatch|not_for)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """One scenario, ready to be shot at this DUT with this chemistry.

    own_times: of its safety goal, where `budget` holds those of the section that the scenario names; else None.
    """

    scenario: Scenario
    plan: Plan
    steps: tuple[Step, ...]
    budget: Budget
    own_times: Budget | None = None
    note: str | None = None  # what could not be made of it on this bench
    shown: tuple[LevelShown, ...] = ()  # levels of its stimulus beside the limit that they are about

    @property
    def test_type(self) -> str:
        """In the words of S-CORE's TestType: a healthy drive injects no fault."""
        steps = (*self.steps, *(() if self.scenario.twin_of else self.scenario.steps))
        injects = any(isinstance(step, Inject | InjectText) for step in steps)
        return "fault-injection" if injects else "requirements-based"


def _budget(scenario: Scenario, budgets: Mapping[str, Budget]) -> Budget:
    """The goal's own times, or those of the section the scenario names instead. Raises ScenarioError."""
    for key, name in (("safety_goal", scenario.safety_goal), ("budget", scenario.budget)):
        if name is not None and name not in budgets:
            line = scenario.lines.get(key, 1)
            raise ScenarioError(
                f"{scenario.file}:{line} [{key}]: found '{name}'; expected a goal of budgets.toml"
                f"{nearest(name, budgets)}"
            )
    goal = budgets[scenario.safety_goal]
    if scenario.budget is None:
        return goal
    times = budgets[scenario.budget]
    if times.of not in ("", scenario.safety_goal):
        line = scenario.lines.get("budget", 1)
        raise ScenarioError(
            f"{scenario.file}:{line} [budget]: found '{scenario.budget}', which lends its times to {times.of}; "
            f"expected a section of {scenario.safety_goal}"
        )
    return replace(
        goal,
        ftti_ns=times.ftti_ns,
        fdti_ns=times.fdti_ns,
        frti_ns=times.frti_ns,
        safe_state=times.safe_state,
        latched=times.latched,
        provenance=times.provenance,
        of=times.of,
        probe=times.probe,
        derivation=times.derivation,
    )


def _own_times(scenario: Scenario, budgets: Mapping[str, Budget]) -> Budget | None:
    """None where the scenario is judged by them."""
    goal = budgets.get(scenario.safety_goal)
    if goal is None or (scenario.budget is None and not goal.ordinary_ns):
        return None
    return goal.own


def _stand_in(scenario: Scenario) -> Budget:
    """Times that the scenario's own window allows, for one whose goal is unknown and which will not be run."""
    share_ns = (scenario.expect.window_ns if scenario.expect is not None else NS_PER_S) // 4
    return Budget(
        safety_goal=scenario.safety_goal,
        title="",
        asil="QM",
        ftti_ns=4 * share_ns,
        fdti_ns=share_ns,
        frti_ns=share_ns,
        safe_state="",
        latched=False,
        provenance="",
    )


def _is_new(healthy: Prepared, prepared: Sequence[Prepared]) -> bool:
    """One healthy run per start and steps is enough, whichever scenario it was made of: the longest is kept first."""
    return not any(
        one.scenario.twin_kind == "healthy"
        and (one.scenario.start, one.steps) == (healthy.scenario.start, healthy.steps)
        and one.plan.window_ns >= healthy.plan.window_ns
        for one in prepared
    )


def _start_known(scenario: Scenario, thresholds: Mapping[str, float]) -> Scenario:
    """The scenario with current and voltage of its start in SI. Raises ScenarioError for an unknown threshold."""
    start = scenario.start

    def value(text: Expression, *place: str) -> float:
        try:
            return value_of(text, thresholds)
        except ValueError as error:
            raise ScenarioError(located(scenario.file, scenario.lines, place, str(error))) from None

    if start.current is not None:
        start = replace(start, current_a=value(start.current, "start", "current"))
    if (reaches := start.reaches) is not None:
        voltage_v = value(reaches.voltage, "start", "reaches", "cell_voltage")
        start = replace(start, reaches=replace(reaches, voltage_v=voltage_v))
    return replace(scenario, start=start)


def on_chemistry(prepared: Prepared, chemistry: str) -> Prepared:
    """The same scenario, without its gap where that is not expected on a pack of this chemistry."""
    gap = prepared.scenario.known_gap
    if gap is None or gap.applies_to(chemistry):
        return prepared
    scenario = replace(prepared.scenario, known_gap=None)
    return replace(prepared, scenario=scenario, plan=replace(prepared.plan, gap=None))


def prepare_one(
    scenario: Scenario,
    profile: DutProfile,
    thresholds: Mapping[str, float],
    budgets: Mapping[str, Budget],
    cells: int,
    databases: Mapping[str, Database],
    sensors: int = 24,
) -> Prepared:
    """A scenario by itself, without its twins. Raises ScenarioError."""
    budget = _budget(scenario, budgets)
    thresholds = thresholds_for(scenario.mismatch, thresholds, profile)
    known = _start_known(scenario, thresholds)
    plan, steps = resolve(known, profile, dict(thresholds), budget, cells, databases, sensors)
    own = _own_times(scenario, budgets)
    shown = levels_shown(known, steps, _flag(scenario), profile, thresholds)
    return Prepared(scenario=known, plan=plan, steps=tuple(steps), budget=budget, own_times=own, shown=shown)


def _flag(scenario: Scenario) -> str | None:
    return scenario.expect.flag if scenario.expect is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What all scenarios of one call are prepared with."""

    profile: DutProfile
    thresholds: Mapping[str, float]
    budgets: Mapping[str, Budget] | None
    cells: int
    databases: Mapping[str, Database]
    sensors: int
    capabilities: frozenset[str] | None
    tests: AskedTests = field(default_factory=AskedTests)  # filled by the first scenario that asks for each

    def budget(self, scenario: Scenario) -> tuple[Budget, list[str]]:
        """(its budget, or a stand-in where there is none; the mistakes in what it names)."""
        if self.budgets is None:
            return _stand_in(scenario), []
        try:
            return _budget(scenario, self.budgets), []
        except ScenarioError as unknown:  # its other mistakes are looked for all the same
            return _stand_in(scenario), str(unknown).splitlines()

    def without_twins(self, scenario: Scenario, budget: Budget) -> Prepared | None:
        """A scenario that this rig cannot do, or a mismatch; None: any other one. Raises ScenarioError."""
        if self.capabilities is not None and set(scenario.needs) - self.capabilities:
            # This rig will say BLOCKED; what it lacks cannot be resolved, and is no mistake of the file.
            own = _own_times(scenario, self.budgets or {})
            return Prepared(scenario=scenario, plan=NOTHING, steps=(), budget=budget, own_times=own)
        if scenario.mismatch is None:
            return None
        on = (self.cells, self.databases, self.sensors)
        return prepare_one(scenario, self.profile, self.thresholds, self.budgets or {}, *on)

    def with_twins(self, prepared: list[Prepared], scenario: Scenario, budget: Budget) -> None:
        """Add the scenario and its twins to `prepared`. Raises ConfigError before anything was added."""
        own, on = _own_times(scenario, self.budgets or {}), (self.databases, self.cells, self.sensors)
        lookup = Lookup(scenario, self.profile, dict(self.thresholds), budget, *on, self.tests)
        plan, steps = resolve_in(lookup)
        twins, note = resolve_twins(lookup, plan, steps)
        about = (_flag(scenario), self.profile, self.thresholds)
        shown = levels_shown(scenario, steps, *about)
        itself = Prepared(scenario=scenario, plan=plan, steps=tuple(steps), budget=budget, own_times=own)
        prepared.append(replace(itself, note=note, shown=shown))
        for twin, of_twin in twins:
            one = Prepared(
                scenario=twin.scenario,
                plan=of_twin,
                steps=twin.steps,
                budget=budget,
                own_times=own,
                shown=levels_shown(twin.scenario, twin.steps, *about),
            )
            if twin.kind != "healthy" or _is_new(one, prepared):
                prepared.append(one)


def prepare(
    paths: Sequence[Path],
    profile: DutProfile,
    thresholds: Mapping[str, float],
    budgets: Mapping[str, Budget] | None,
    cells: int,
    databases: Mapping[str, Database],
    sensors: int = 24,
    capabilities: frozenset[str] | None = None,
    look: Look | None = None,
) -> list[Prepared]:
    """All scenarios, or one ScenarioError with a line for every mistake in any of the files.

    budgets: None where they are wrong themselves, and that is told already. look: asked of every scenario then.
    """
    asked = _Asked(
        profile=profile,
        thresholds=thresholds,
        budgets=budgets,
        cells=cells,
        databases=databases,
        sensors=sensors,
        capabilities=capabilities,
    )
    mistakes: list[str] = []
    unprepared: list[tuple[Scenario, Budget]] = []
    prepared: list[Prepared] = []
    for path in paths:
        scenario, wrong = read_scenario(path)
        mistakes += wrong
        if scenario is None:
            continue
        try:
            budget, unknown = asked.budget(scenario)
            mistakes += only_news(unknown, wrong)
            if wrong:
                unprepared += [] if any(map(_STIMULUS.search, wrong)) else [(scenario, budget)]
                check_names(scenario, profile, thresholds, budget, cells, databases, sensors)
                continue
            if (without_twins := asked.without_twins(scenario, budget)) is not None:
                prepared.append(without_twins)
                continue
            scenario = _start_known(scenario, thresholds)
            asked.with_twins(prepared, scenario, budget)
        except ConfigError as exc:
            mistakes += only_news(str(exc).splitlines(), wrong)
            unprepared += [] if wrong else [(scenario, budget)]
    mistakes += _ids_that_others_have(prepared)
    if (mistakes or budgets is None) and look is not None:
        for ready in prepared:
            mistakes += look(ready.scenario, ready.steps)
        for wrong_one, its_budget in unprepared:
            alone = steps_alone(wrong_one, profile, thresholds, its_budget, cells, databases, sensors)
            mistakes += look(wrong_one, alone) if alone is not None else []
    if mistakes:
        raise ScenarioError("\n".join(dict.fromkeys(mistakes)))  # a profile's mistake meets every scenario
    return prepared


def _ids_that_others_have(prepared: Sequence[Prepared]) -> Iterator[str]:
    """A line for each scenario whose id stands in another file before it."""
    seen: dict[str, Path] = {}
    for one in prepared:
        first = seen.setdefault(one.scenario.id, one.scenario.file)
        if first != one.scenario.file:
            yield f"{one.scenario.file} [id]: found '{one.scenario.id}', which {first} has; expected its own"
