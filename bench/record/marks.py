"""Marks as lines of events.jsonl and back. What an older release wrote is read by `version_1`."""

import dataclasses
import re
import types
import typing
from collections.abc import Mapping
from enum import Enum
from typing import Any

from bench.trace import facts
from bench.trace.facts import Fact
from bench.trace.mark import Mark

_CAPITAL = re.compile("[A-Z]")


def name_of(kind: type[Fact]) -> str:
    """The name of a kind of fact in the record: `StimulusCommanded` is `stimulus_commanded`."""
    return _CAPITAL.sub(lambda found: f"_{found[0].lower()}", kind.__name__).lstrip("_")


def _closed_set() -> dict[str, type[Fact]]:
    every = (value for value in vars(facts).values() if isinstance(value, type) and issubclass(value, Fact))
    return {name_of(one): one for one in every if one is not Fact}


FACTS: Mapping[str, type[Fact]] = _closed_set()
"""Every type of fact by its name in the file: `safe_state_reached`."""


def to_line(mark: Mark[Fact]) -> list[Any]:
    """[t_ns, u_ns, type, source, fields]; fields that are None are left out."""
    fact = mark.fact
    pairs = ((name, getattr(fact, name)) for name in _types(type(fact)))
    fields = {name: value for name, value in pairs if value is not None}
    return [mark.t_ns, mark.u_ns, name_of(type(fact)), mark.source, fields]


def from_line(line: list[Any]) -> Mark[Fact]:
    """The inverse of `to_line`. Raises KeyError, TypeError or ValueError for what is no stored mark."""
    t_ns, u_ns, name, source, fields = line
    return Mark(t_ns, u_ns, source, fact_of(FACTS[name], fields))


def fact_of(kind: type[Fact], fields: Mapping[str, Any]) -> Fact:
    """A fact of this type. Raises TypeError for a field too many, too few, or of another type."""
    known = _types(kind)
    if not isinstance(fields, dict):
        raise TypeError(f"{kind.__name__}: found {fields!r:.60}; expected its fields")
    unknown = fields.keys() - known.keys()
    if unknown:
        raise TypeError(f"{kind.__name__} has no field '{min(unknown)}'")
    return kind(
        **{name: _checked(known[name], value, f"{kind.__name__}.{name}") for name, value in fields.items()}
    )


def _types(kind: type[Fact]) -> dict[str, tuple[type, ...]]:
    return _TYPES[name_of(kind)]


def _types_of(kind: type[Fact]) -> dict[str, tuple[type, ...]]:
    hints = typing.get_type_hints(kind)
    return {
        field.name: typing.get_args(hints[field.name])
        if typing.get_origin(hints[field.name]) is types.UnionType
        else (hints[field.name],)
        for field in dataclasses.fields(kind)
    }


_TYPES = {name: _types_of(kind) for name, kind in FACTS.items()}


def _checked(accepted: tuple[type, ...], value: Any, place: str) -> Any:
    for one in accepted:
        if isinstance(one, type) and issubclass(one, Enum) and isinstance(value, str):
            return one(value)
        if type(value) is one:
            return value
        if typing.get_origin(one) is tuple and isinstance(value, list):
            return _pairs(value, place)
        if one is float and type(value) is int:
            return value  # json writes 25.0 as 25.0, but a caller's 25 as 25: both are the same number
    raise TypeError(f"{place}: found {value!r:.60}; expected {' or '.join(map(str, accepted))}")


def _pairs(value: list[Any], place: str) -> tuple[tuple[str, int], ...]:
    if not all(isinstance(one, list) and [*map(type, one)] == [str, int] for one in value):
        raise TypeError(f"{place}: found {value!r:.60}; expected pairs of a name and a number")
    return tuple((name, number) for name, number in value)
