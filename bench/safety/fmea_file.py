"""The FMEA file: failure modes as users write them, held against goals, library and catalogue of faults."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from bench.config.toml_file import Shape, read_toml
from bench.errors import nearest
from bench.faults.find import fault_names
from bench.plant.chemistry import Chemistry
from bench.safety.fmea_on_chemistry import mistakes_on_chemistries
from bench.safety.fmea_sources import mistakes_of_given
from bench.scenario.library import Library
from bench.verdict.fmea import FailureMode
from bench.verdict.fmea_chemistry import INPUTS, OnChemistry
from bench.verdict.result import Budget


class _OnShape(Shape):
    severity: int | None = None
    severity_source: str = ""
    frequency: int | None = None
    frequency_source: str = ""
    occurrence: int | None = None
    occurrence_source: str = ""
    given: list[Literal["severity", "frequency", "occurrence"]] = Field(default_factory=list)


class _ModeShape(Shape):
    id: str
    title: str
    element: str
    safety_goal: str
    faults: list[str]
    scenarios: list[str]
    once: list[str] = Field(default_factory=list)
    given: list[Literal["severity", "frequency", "occurrence"]] = Field(default_factory=list)
    severity: int
    severity_source: str
    frequency: int
    frequency_source: str
    occurrence: int
    occurrence_source: str
    hazard: str | None = None
    monitoring_assumed: int | None = None
    monitoring_source: str = ""
    failure_rate_fit: float | None = None
    given_for: list[str] = Field(default_factory=list)
    chemistry: dict[str, _OnShape] = Field(default_factory=dict)


_LISTS = ("faults", "scenarios", "once", "given", "given_for")


class _FmeaShape(Shape):
    failure_mode: list[_ModeShape]


def load_fmea(
    path: Path, goals: Mapping[str, Budget], library: Library, chemistries: Collection[str] = ()
) -> tuple[FailureMode, ...]:
    """Raises ConfigError, one line per mistake: unknown goal, fault or scenario, rating outside 1 to 10, no source.

    chemistries: those of the user's own files, beside the shipped ones.
    """
    file = read_toml(path)
    shape = file.check(_FmeaShape, file.data)
    file.stop_on_mistakes()
    modes = shape.failure_mode if shape is not None else []
    seen: set[str] = set()
    for i, one in enumerate(modes):
        place = ("failure_mode", i)
        if one.id in seen:
            file.mistake((*place, "id"), f"found '{one.id}' twice; expected its own")
        seen.add(one.id)
        if one.safety_goal not in goals:
            near = nearest(one.safety_goal, goals)
            file.mistake(
                (*place, "safety_goal"), f"found '{one.safety_goal}'; expected a goal of budgets.toml{near}"
            )
        for key, told in (*_unknown_links(one, library), *_bad_ratings(one)):
            file.mistake((*place, key), told)
        known = (*Chemistry.known(), *chemistries)
        for inner, told in (*mistakes_on_chemistries(one, known), *mistakes_of_given(one, goals)):
            file.mistake((*place, *inner), told)
    file.stop_on_mistakes()
    return tuple(_mode(one) for one in modes)


def _mode(one: _ModeShape) -> FailureMode:
    plain = one.model_dump(exclude={"chemistry"})
    on = tuple(
        OnChemistry(chemistry=name, **{**own.model_dump(), "given": tuple(own.given)})
        for name, own in one.chemistry.items()
    )
    return FailureMode(**{**plain, **{key: tuple(getattr(one, key)) for key in _LISTS}, "on": on})


def _unknown_links(one: _ModeShape, library: Library) -> Iterator[tuple[str, str]]:
    """Scenarios that are not there, faults that are not, and faults that none of the scenarios injects."""
    injected = {entry.scenario_id: set(entry.faults) for entry in library.entries}
    for key, names in (("scenarios", one.scenarios), ("once", one.once)):
        for name in names:
            if name not in injected:
                near = nearest(name, injected)
                yield key, f"found unknown scenario '{name}'; expected one of scenarios/{near}"
    by_these = {fault for name in (*one.scenarios, *one.once) for fault in injected.get(name, ())}
    for fault in one.faults:
        if fault not in fault_names():
            yield (
                "faults",
                f"found '{fault}'; expected one of `hil list faults`{nearest(fault, fault_names())}",
            )
        elif one.scenarios and fault not in by_these:
            yield "faults", f"found '{fault}', which none of its scenarios injects; expected one that does"
    if not one.faults:
        yield "faults", "found none; expected the faults of the catalogue that stand for it"


def _bad_ratings(one: _ModeShape) -> Iterator[tuple[str, str]]:
    for key in (*INPUTS, "monitoring_assumed"):
        value = getattr(one, key)
        if value is not None and not 1 <= value <= 10:
            yield key, f"found {value}; expected a rating from 1 to 10"
    for key in INPUTS:
        if not getattr(one, f"{key}_source").strip():
            yield f"{key}_source", "found no text; expected where the rating comes from"
    if one.monitoring_assumed == 1:
        yield "monitoring_assumed", "found 1; expected 2 to 10: M = 1 is never assumed"
