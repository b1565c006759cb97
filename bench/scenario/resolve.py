"""A scenario meets DUT, chemistry and budget: what to do and what to ask, in numbers, or a clear mistake."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.config.profile import DutProfile
from bench.measure.plan import Aim, Plan
from bench.scenario.cadence import cadence_of
from bench.scenario.lookup import Lookup
from bench.scenario.model import Inject, Scenario, Step
from bench.scenario.plan import names_of, plan_of
from bench.scenario.steps import resolve_step
from bench.scenario.twins import Twin, twins_of
from bench.verdict.result import Budget

if TYPE_CHECKING:
    from bench.codec.database import Database


def resolve(
    scenario: Scenario,
    profile: DutProfile,
    thresholds: Mapping[str, float],
    budget: Budget,
    cells: int,
    decoders: Mapping[str, "Database"],
    sensors: int = 24,
) -> tuple[Plan, list[Step]]:
    """The questions and the steps of one scenario on one bench.

    thresholds: ov_*, uv_* in V, iso_* in ohm per volt of pack voltage. decoders: by channel. Raises
    ScenarioError, one line per mistake; nothing has been driven then.
    """
    return resolve_in(Lookup(scenario, profile, thresholds, budget, decoders, cells, sensors))


def resolve_in(lookup: Lookup) -> tuple[Plan, list[Step]]:
    """The questions and the steps of a scenario that is looked up already. Raises ScenarioError."""
    steps = _steps(lookup)
    if lookup.mistaken:
        names_of(lookup)  # what does not depend on steps is told as well
    lookup.stop_on_mistakes()
    plan = plan_of(steps, lookup)
    lookup.stop_on_mistakes()
    return plan, steps


def steps_alone(
    scenario: Scenario,
    profile: DutProfile,
    thresholds: Mapping[str, float],
    budget: Budget,
    cells: int,
    decoders: Mapping[str, "Database"],
    sensors: int = 24,
) -> tuple[Step, ...] | None:
    """The steps of a scenario with a mistake in another part, so that they can be checked too. None: the mistake is
    in the steps.
    """
    lookup = Lookup(scenario, profile, thresholds, budget, decoders, cells, sensors)
    steps = _steps(lookup)
    return None if lookup.mistaken else tuple(steps)


def _steps(lookup: Lookup) -> list[Step]:
    _check_start(lookup)
    return [resolve_step(text, index, lookup) for index, text in enumerate(lookup.scenario.steps)]


def check_names(
    scenario: Scenario,
    profile: DutProfile,
    thresholds: Mapping[str, float],
    budget: Budget,
    cells: int,
    decoders: Mapping[str, "Database"],
    sensors: int = 24,
) -> None:
    """Check the rest of a scenario whose file has a mistake. Raises ScenarioError, one line per mistake."""
    lookup = Lookup(scenario, profile, thresholds, budget, decoders, cells, sensors)
    _check_start(lookup)
    for index, text in enumerate(scenario.steps):
        resolve_step(text, index, lookup)
    names_of(lookup)
    lookup.stop_on_mistakes()


def _check_start(lookup: Lookup) -> None:
    """The mode in which a scenario starts is asked of the DUT, and then its state has to say so."""
    mode, profile = lookup.scenario.start.mode, lookup.profile
    lookup.states_alike(mode)
    if mode == "off":  # the state of it is standby, which every profile has
        return
    lookup.known(mode, profile.modes, ("start", "mode"), "mode")
    if mode in profile.modes and mode not in profile.states:
        lookup.state_lacking(mode)


def resolve_twins(
    lookup: Lookup, plan: Plan, steps: list[Step]
) -> tuple[list[tuple[Twin, Plan]], str | None]:
    """The must-not-trip twins of a resolved must-trip scenario, each with its questions, and what is to be told.

    Raises ScenarioError for a scenario without twins that does not say why. The healthy twin does not count.
    """
    scenario = lookup.scenario
    if scenario.no_twins is not None or plan.aim is not Aim.MUST_TRIP:
        return [], None
    inject = next((s for s in steps if isinstance(s, Inject) and s.step == plan.onset_step), None)
    index = inject.step if inject is not None else 0
    twins, note = twins_of(scenario, steps, lookup.profile, lookup.terminals(index), cadence_of(lookup, plan))
    if all(twin.kind == "healthy" for twin in twins) and note is None:
        lookup.mistake(
            ("twins",),
            "found no must-not-trip twin that could be made of this scenario; "
            'expected twins = "none: reason", or an injection that has a limit or passes',
        )
    lookup.stop_on_mistakes()
    found = []
    for twin in twins:
        of_twin = lookup.of(twin.scenario)
        asked = plan_of(twin.steps, of_twin)
        of_twin.stop_on_mistakes()
        found.append((twin, replace(asked, glitch_under_ns=twin.glitch_under_ns)))
    return found, note
