"""The FTTI of each goal on each chemistry, held against the bound that `hil hazard` computes for it."""

from collections.abc import Iterable, Mapping

from bench.campaign.hazard_file import HazardFile, TimeLeft
from bench.units import NS_PER_S
from bench.verdict.ftti_bound import FttiBound
from bench.verdict.result import Budget


def ftti_bounds(
    goals: Iterable[str], on_chemistry: Mapping[str, Mapping[str, Budget]], hazards: HazardFile
) -> tuple[FttiBound, ...]:
    """on_chemistry: chemistry → goal → its budget there. Only goals with a modelled fault, or other times."""
    found = []
    for goal in goals:
        faults = {key: left for key, left in hazards.left.items() if left.goal == goal}
        budgets = {chemistry: own[goal] for chemistry, own in on_chemistry.items()}
        differs = len({one.ftti_ns for one in budgets.values()}) > 1
        if faults or differs:
            found += [
                _bound(goal, chemistry, one, faults, hazards.draws) for chemistry, one in budgets.items()
            ]
    return tuple(found)


def _bound(
    goal: str,
    chemistry: str,
    budget: Budget,
    faults: Mapping[tuple[str, str], TimeLeft],
    draws: int | None,
) -> FttiBound:
    here = {
        fault: left.allowed_floor_s
        for (of, fault), left in faults.items()
        if of == chemistry and left.allowed_floor_s is not None
    }
    worst = min(here, key=lambda fault: here[fault], default=None)
    modelled = worst or next((fault for of, fault in faults if of == chemistry), None)
    return FttiBound(
        goal=goal,
        chemistry=chemistry,
        ftti_s=budget.ftti_ns / NS_PER_S,
        provenance=budget.provenance,
        own=budget.provenance.startswith(f"{chemistry}: "),
        fault=modelled,
        bound_s=None if worst is None else here[worst],
        draws=draws,
    )
