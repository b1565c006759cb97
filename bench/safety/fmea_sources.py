"""Ratings of an FMEA that are said to be given, and whose own source says that they are assumed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from bench.verdict.assumed import says_assumed
from bench.verdict.result import Budget

_OF_GOAL = re.compile(r"\b(?:inherits|inherited from|[SEC][0-4] of)\s+([A-Z][\w-]*\w)")


class ReadGiven(Protocol):
    """What is given for a failure mode, or for one chemistry of it."""

    @property
    def given(self) -> Sequence[str]: ...


class ReadSources(ReadGiven, Protocol):
    """The part of a failure mode that tells what is given, by chemistry."""

    @property
    def id(self) -> str: ...
    @property
    def chemistry(self) -> Mapping[str, ReadGiven]: ...


def mistakes_of_given(
    mode: ReadSources, goals: Mapping[str, Budget]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """(place in the failure mode, what is wrong): what is assumed, or inherited from an assumed class, is not given."""
    yield from _of_one(mode, (), mode.id, goals)
    for name, own in mode.chemistry.items():
        yield from _of_one(own, ("chemistry", name), f"{mode.id} on {name}", goals)


def _of_one(
    one: ReadGiven, place: tuple[str, ...], who: str, goals: Mapping[str, Budget]
) -> Iterator[tuple[tuple[str, ...], str]]:
    for key in one.given:
        source = str(getattr(one, f"{key}_source", ""))
        why = _why_not(source, goals)
        if why:
            yield (
                (*place, f"{key}_source"),
                f"{who}: found '{source.strip()}', which {why}, beside given = '{key}'; expected a source that "
                f"gives it, or given without '{key}'",
            )


def _why_not(source: str, goals: Mapping[str, Budget]) -> str:
    if says_assumed(source):
        return "says that it is assumed"
    for goal in _OF_GOAL.findall(source):
        if goal not in goals and goal.startswith("SG-"):
            return f"names no goal of budgets.toml ({goal})"
        if goal in goals and not goals[goal].hazard_given:
            return f"takes it from {goal}, whose classes are assumed (no hazard_given)"
    return ""
