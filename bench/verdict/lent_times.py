"""Sections of budgets.toml that lend longer times to single scenarios of a goal, and why they may."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from bench.errors import at_place, nearest
from bench.verdict.result import Budget

LENDING = ("of", "probe", "derivation")
_NO_REASON = ("tbd", "todo", "none", "n/a", "unknown")


def mistakes_of_lending(path: Path, goals: Mapping[str, Budget]) -> list[str]:
    """A section with `of` lends its times to that goal, names what would show the goal's own, and is no goal."""
    return [
        at_place(path, place, found, expected)
        for one in goals.values()
        for place, found, expected in (_of_goal(one) if not one.of else _of_lender(one, goals))
    ]


def _of_goal(one: Budget) -> Iterable[tuple[str, str, str]]:
    for key in ("probe", "derivation"):
        if getattr(one, key):
            what = f"of = the goal whose times this section lengthens, or no {key}"
            yield f"{one.safety_goal}.{key}", f"{key} without of", what


def _of_lender(one: Budget, goals: Mapping[str, Budget]) -> Iterable[tuple[str, str, str]]:
    name = one.safety_goal
    goal = goals.get(one.of)
    if goal is None or goal.of:
        heads = [key for key, section in goals.items() if not section.of]
        expected = f"a safety goal of this file{nearest(one.of, heads)}"
        yield f"{name}.of", f"'{one.of}', which only lends times" if goal else f"'{one.of}'", expected
        return
    if goal.asil != one.asil:
        yield f"{name}.asil", one.asil, f"{goal.asil}, as {one.of} has: a longer time makes no other hazard"
    if one.severity is not None:
        found = "severity, exposure, controllability beside of"
        yield name, found, f"a goal of its own (no of), or times lent to {one.of} (no classes)"
    if not one.probe or one.probe.strip().lower().rstrip(":") in _NO_REASON:
        found = f"'{one.probe}'" if one.probe else "no probe"
        yield (
            f"{name}.probe",
            found,
            f'what would show the times of {one.of}, or "none: " and why nothing would',
        )


def unargued(goals: Mapping[str, Budget], lent: Collection[str]) -> list[str]:
    """Sections that scenarios borrow times from, that are no goals of their own and do not say why they may."""
    return [
        goal
        for goal, one in goals.items()
        if goal in lent and not one.of and one.severity is None and not one.derivation
    ]


def not_argued_words(goals: Mapping[str, Budget]) -> list[str]:
    """Sections that only a bus or a mechanism makes longer: nothing says that the longer time is safe."""
    return [goal for goal, one in goals.items() if one.of and not one.derivation]
