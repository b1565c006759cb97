"""What `hil hazard` wrote: the time that physics leaves, with its bounds, and what its figures are worth."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.config.user_file import MOST_RECORDED_BYTES, read_text
from bench.errors import DAMAGED, ConfigError, clear
from bench.plant.source import CONFIDENCE

_CARRY = ("M", "D")  # measured, or a definition: all others are estimates, fits or recollections
# What says something of one kind of fault only, by the first word of its name.
_OF_FAULT = {
    "abuse.overcharge.": "overcharge",
    "abuse.dendrite.": "overcharge",
    "abuse.overdischarge.": "overdischarge",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLeft:
    """In s, infinity where not reached. floor, ceiling: bounds of the time from the limit to the hazard.

    None: so few draws bound nothing. allowed_floor: what an FTTI has to stay below. runs_away: in some sample. warns:
    the goal asks for a warning, which no harm in the model ends.
    """

    goal: str
    earliest_s: float
    floor_s: float | None
    ceiling_s: float | None
    allowed_floor_s: float | None
    runs_away: bool
    warns: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardFile:
    """left: by (chemistry, fault). draws: None where an older release kept none. estimated: chemistry → figures."""

    left: Mapping[tuple[str, str], TimeLeft] = field(default_factory=dict)
    draws: int | None = None
    bounded: bool = False
    estimated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def earliest(self) -> dict[tuple[str, str], float]:
        return {key: one.earliest_s for key, one in self.left.items()}

    def guessed(self, chemistry: str, fault: str) -> tuple[str, ...]:
        """The figures behind a time that nobody has measured."""
        kind = fault.split("_")[0]
        return tuple(
            figure
            for figure in self.estimated.get(chemistry, ())
            if all(kind == only for start, only in _OF_FAULT.items() if figure.startswith(start))
        )


def load_hazards(path: Path | None) -> HazardFile:
    """Raises ConfigError. None: nothing is known. Version 1 has no bounds."""
    if path is None:
        return HazardFile()
    try:
        content: dict[str, Any] = json.loads(
            read_text(path, "the output of `hil hazard --json`", most=MOST_RECORDED_BYTES)
        )
        bounded = content.get("bound_order", 0) > 0
        estimated: dict[str, list[str]] = {}
        for one in content.get("assumed", ()):
            if one["confidence"] not in CONFIDENCE:
                raise ValueError(f"confidence {one['confidence']!r}")
            if one["confidence"] not in _CARRY:
                estimated.setdefault(one["chemistry"], []).append(one["figure"])
        return HazardFile(
            left={(one["chemistry"], one["fault"]): _left(one, bounded) for one in content["results"]},
            draws=content.get("draws"),
            bounded=bounded,
            estimated={chemistry: tuple(figures) for chemistry, figures in estimated.items()},
        )
    except DAMAGED as error:
        raise ConfigError(
            f"{path}: cannot be read ({clear(repr(error), 200)}); expected the output of `hil hazard --json`"
        ) from error


def _left(one: dict[str, Any], bounded: bool) -> TimeLeft:
    left = one["left"]
    floor = _seconds(left["floor_s"]) if bounded else None
    return TimeLeft(
        goal=one.get("safety_goal", ""),
        earliest_s=_seconds(left["p5_s"]) if floor is None else floor,
        floor_s=floor,
        ceiling_s=_seconds(left["ceiling_s"]) if bounded else None,
        allowed_floor_s=_seconds(one["allowed"]["floor_s"])
        if bounded and one["allowed"] is not None
        else None,
        runs_away=one["stages"]["runaway"]["reached"] > 0 if "stages" in one else False,
        warns="allowed" in one and one["allowed"] is None,
    )


def _seconds(value: float | None) -> float:
    """Null is what no draw reached."""
    return math.inf if value is None else float(value)
