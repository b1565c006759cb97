"""The FTTI of each goal on each chemistry, held against the bound that `hil hazard` computes for it."""

from collections.abc import Mapping
from dataclasses import replace

from bench.safety.hazard_file import HazardFile, TimeLeft
from bench.units import NS_PER_S
from bench.verdict.ftti_bound import FttiBound
from bench.verdict.result import Budget


def ftti_bounds(
    goals: Mapping[str, Budget], on_chemistry: Mapping[str, Mapping[str, Budget]], hazards: HazardFile
) -> tuple[FttiBound, ...]:
    """on_chemistry: chemistry → goal → its budget there. Only goals with a modelled fault, or other times."""
    found = []
    for goal, base in goals.items():
        faults = {key: left for key, left in hazards.left.items() if left.goal == goal}
        budgets = {chemistry: own[goal] for chemistry, own in on_chemistry.items()}
        differs = len({one.ftti_ns for one in budgets.values()}) > 1
        if faults or differs:
            found += [
                _bound(base, chemistry, one, faults, hazards.draws) for chemistry, one in budgets.items()
            ]
    return tuple(found)


def beside_each_other(
    goals: Mapping[str, Budget], on_chemistry: Mapping[str, Mapping[str, Budget]]
) -> dict[str, Budget]:
    """The goals, and below each how it is on chemistries that differ: `SG-OV on zn_chitosan`."""
    shown: dict[str, Budget] = {}
    for goal, budget in goals.items():
        shown[goal] = budget
        differing: dict[Budget, list[str]] = {}
        for chemistry, own in on_chemistry.items():
            if _looks(own[goal]) != _looks(budget):
                differing.setdefault(replace(own[goal], provenance="", hazard_source=""), []).append(
                    chemistry
                )
        shown |= {f"{goal} on {', '.join(names)}": one for one, names in differing.items()}
    return shown


def _looks(budget: Budget) -> tuple[object, ...]:
    classes = (budget.severity, budget.exposure, budget.controllability, budget.asil, budget.classes_assumed)
    return (*classes, budget.ftti_ns, budget.fhti_ns)


def _bound(
    base: Budget,
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
        goal=base.safety_goal,
        chemistry=chemistry,
        ftti_s=budget.ftti_ns / NS_PER_S,
        provenance=budget.provenance,
        own=budget.ftti_ns != base.ftti_ns,
        fault=modelled,
        bound_s=None if worst is None else here[worst],
        draws=draws,
        warns=any(left.warns for left in faults.values()),
    )
