"""A failure mode as it is rated on one chemistry."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bench.verdict.fmea import FailureMode
from bench.verdict.fmea_chemistry import INPUTS


def on_chemistry(mode: FailureMode, chemistry: str) -> FailureMode:
    """The failure mode with the ratings of that chemistry.

    A source that speaks of other chemistries only (`given_for`) makes the figure an assumption here. A source that
    names no chemistry gives the figure, but does not compare two chemistries (`given_here`).
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
                changes[f"{name}_source"] = f"assumed: the same as on {', '.join(mode.given_for)} ({source})"
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
