"""A scenario that its start mode has blocked is told with the verdict of the scenario that asks for that mode alone."""

from collections.abc import Iterable
from dataclasses import replace

from bench.measure.finding.reach import StartModeMissed
from bench.verdict.result import Reason, ScenarioResult


def with_must_reach(scenarios: Iterable[ScenarioResult]) -> tuple[ScenarioResult, ...]:
    """All of a run, as far as it has come. Verdicts stay as they are."""
    every = tuple(scenarios)
    verdicts = {one.scenario_id: one.judgement.verdict.name for one in every}
    return tuple(_told(one, verdicts) for one in every)


def _told(one: ScenarioResult, verdicts: dict[str, str]) -> ScenarioResult:
    if not any(isinstance(reason.finding, StartModeMissed) for reason in one.judgement.reasons):
        return one
    reasons = tuple(_with_outcome(reason, verdicts) for reason in one.judgement.reasons)
    return replace(one, judgement=replace(one.judgement, reasons=reasons))


def _with_outcome(reason: Reason, verdicts: dict[str, str]) -> Reason:
    found = reason.finding
    if not isinstance(found, StartModeMissed):
        return reason
    return replace(reason, finding=replace(found, outcome=verdicts.get(found.must_reach, "")))
