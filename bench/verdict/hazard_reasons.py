"""Why a hazard has its classes: an argument for each (`severity_why` ...), or the goals that it inherits them from."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.errors import at_place, nearest
from bench.verdict.assumed import says_assumed
from bench.verdict.result import Budget

CLASSES = ("severity", "exposure", "controllability")
WHYS = ("severity_why", "exposure_why", "controllability_why")


def mistakes_of_hazard(path: Path, goals: Mapping[str, Budget]) -> list[str]:
    """Arguments without classes, and classes that are said to be another goal's and are not."""
    return [
        at_place(path, f"{one.safety_goal}{place}", found, expected)
        for one in goals.values()
        for place, found, expected in _wrong(one, goals)
    ]


def _wrong(one: Budget, goals: Mapping[str, Budget]) -> Iterable[tuple[str, str, str]]:
    given = [key for key, why in zip(WHYS, one.hazard_whys, strict=True) if why]
    if one.severity is None and (given or one.inherits):
        found = ", ".join([*given, *(["inherits"] if one.inherits else [])])
        yield "", found, "severity, exposure and controllability beside"
        return
    if one.hazard_given:
        yield from _not_given(one, goals)
    for name in one.inherits:
        goal = goals.get(name)
        if goal is None or goal.severity is None:
            yield ".inherits", f"'{name}'", f"a goal with classes{nearest(name, goals)}"
        elif _classes(goal) != _classes(one):
            found = f"{'/'.join(_classes(one))}, but {name} has {'/'.join(_classes(goal))}"
            yield ".inherits", found, "the same classes, or an argument for its own"


def _not_given(one: Budget, goals: Mapping[str, Budget]) -> Iterable[tuple[str, str, str]]:
    """hazard_given without a source, beside one that says it is assumed, or with classes of a goal whose own are."""
    mend = "the analysis that gives the classes, or no hazard_given"
    if not one.hazard_source:
        yield ".hazard_source", "no text beside hazard_given = true", mend
    for key, text in (("hazard_source", one.hazard_source), *zip(WHYS, one.hazard_whys, strict=True)):
        if says_assumed(text):
            yield f".{key}", f"'{text}' beside hazard_given = true", mend
    for name in one.inherits:
        if name in goals and goals[name].classes_assumed:
            yield ".inherits", f"hazard_given = true, but the classes of {name} are assumed", mend


def unreasoned_words(goals: Mapping[str, Budget]) -> list[str]:
    """A class that nothing argues may as well have been chosen so that a wished ASIL comes out."""
    lacking = [goal for goal, one in goals.items() if one.severity is not None and not _reasoned(one)]
    if not lacking:
        return []
    return [
        f"{len(lacking)} of {len(goals)} goals that do not argue each class ({', '.join(WHYS)}) nor name goals "
        f"to inherit from: {', '.join(lacking)}"
    ]


def _reasoned(one: Budget) -> bool:
    """One of a hazard analysis elsewhere (hazard_given) names it: the argument stands there."""
    return bool(one.inherits) or all(one.hazard_whys) or (one.hazard_given and bool(one.hazard_source))


def _classes(goal: Budget) -> tuple[str, str, str]:
    return goal.severity or "", goal.exposure or "", goal.controllability or ""
