"""Ratings of a failure mode that differ on one chemistry; what none of them names is the same on all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.verdict.fmea import FailureMode

INPUTS = ("severity", "frequency", "occurrence")


@dataclass(frozen=True, slots=True, kw_only=True)
class OnChemistry:
    """None: as on the others. given: which of them a source gives; the others are assumed."""

    chemistry: str
    severity: int | None = None
    severity_source: str = ""
    frequency: int | None = None
    frequency_source: str = ""
    occurrence: int | None = None
    occurrence_source: str = ""
    given: tuple[str, ...] = ()


def on_chemistry(mode: FailureMode, chemistry: str) -> FailureMode:
    """The failure mode as it is rated there.

    A source that speaks of other chemistries only (`given_for`) gives nothing here: the same figure is assumed.
    One that names no chemistry gives the figure, and says nothing of how two of them differ (`given_here`).
    """
    spoken_of = not mode.given_for or chemistry in mode.given_for
    given = set(mode.given) if spoken_of else set()
    here = set(mode.given) if chemistry in mode.given_for else set()
    own = next((one for one in mode.on if one.chemistry == chemistry), None)
    changes: dict[str, Any] = {}
    differs: list[str] = []
    for name in INPUTS:
        value = None if own is None else getattr(own, name)
        if own is None or value is None:
            if name in mode.given and not spoken_of:
                source = getattr(mode, f"{name}_source")
                changes[f"{name}_source"] = f"assumed: the same as on {_names(mode.given_for)} ({source})"
            continue
        given.discard(name)
        here.discard(name)
        changes |= {name: value, f"{name}_source": getattr(own, f"{name}_source")}
        if name in own.given:
            given.add(name)
            here.add(name)
        if value != getattr(mode, name):
            differs.append(name)
    return replace(
        mode,
        on=(),
        differs=tuple(differs),
        given=tuple(name for name in INPUTS if name in given),
        given_here=tuple(name for name in INPUTS if name in here),
        **changes,
    )


def _names(chemistries: Sequence[str]) -> str:
    return ", ".join(chemistries)
