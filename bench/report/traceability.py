"""Traceability with a denominator: safety goal × fault class × ASIL, with mapped, run, passed, and what is absent."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.verdict.result import Budget, ScenarioResult, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """One must-trip scenario as far as tracing needs it. fault_classes: of its injections, the measured one first."""

    scenario_id: str
    safety_goal: str
    fault_classes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One goal and fault class. `absent` is True for a goal that no scenario serves (fault_class is "" then)."""

    safety_goal: str
    asil: str
    fault_class: str
    mapped: int
    run: int
    passed: int
    absent: bool
    not_passed: tuple[str, ...]


def rows(
    mapped: Sequence[Mapped], goals: Mapping[str, Budget], results: Iterable[ScenarioResult] = ()
) -> list[Row]:
    """Goals in their file's order. `goals`: the denominator, all that have to be served."""
    verdicts = {one.scenario_id: one.judgement.verdict for one in results}
    found: list[Row] = []
    for goal, budget in goals.items():
        of_goal = [one for one in mapped if one.safety_goal == goal]
        classes = sorted({name for one in of_goal for name in one.fault_classes[:1]})
        for fault_class in classes or [""]:
            ids = [one.scenario_id for one in of_goal if one.fault_classes[:1] == (fault_class,)]
            found.append(
                Row(
                    safety_goal=goal,
                    asil=budget.asil,
                    fault_class=fault_class,
                    mapped=len(ids),
                    run=sum(one in verdicts for one in ids),
                    passed=sum(verdicts.get(one) is Verdict.PASS for one in ids),
                    absent=not ids,
                    not_passed=tuple(
                        one for one in ids if one in verdicts and verdicts[one] is not Verdict.PASS
                    ),
                )
            )
    return found


def denominator(budgets: Mapping[str, Budget], lent: Iterable[str]) -> dict[str, Budget]:
    """The goals that have to be served: all sections but those that only lend their times to a scenario."""
    without = set(lent)
    return {goal: budget for goal, budget in budgets.items() if goal not in without}
