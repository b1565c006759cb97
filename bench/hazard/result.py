"""Times from the onset of a fault to each stage of harm, as bands over sampled parameters."""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from bench.plant.chemistry import FloatArray


class Stage(StrEnum):
    """In the order of harm. A chemistry without a way to a stage never reaches it."""

    LIMIT = "limit crossed"  # voltage or temperature alarm, or 1 K/min for 30 s: what a BMS can see
    DAMAGE = "irreversible damage"
    VENT = "venting"  # flammable gas leaves the cell: vent gas of lithium- and sodium-ion, hydrogen of zinc
    DRY_OUT = "dry-out"  # water-based cells: 30 % of the water is gone
    RUNAWAY = "thermal runaway"  # self-heating above 1 K/s
    PROPAGATION = "next cell"  # the neighbour runs away; water-based: it vents or dries out


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Seconds over the samples: 5th, 50th, 95th percentile, infinity where not reached within the horizon."""

    low_s: float
    mid_s: float
    high_s: float
    reached: int
    samples: int

    @property
    def never(self) -> bool:
        return self.reached == 0

    @classmethod
    def of(cls, times_s: FloatArray) -> "Band":
        ordered = np.sort(times_s)
        low, mid, high = (float(ordered[round(share * (ordered.size - 1))]) for share in (0.05, 0.5, 0.95))
        reached = int(np.isfinite(times_s).sum())
        return cls(low_s=low, mid_s=mid, high_s=high, reached=reached, samples=int(times_s.size))


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """One chemistry under one fault. `left` runs from the limit crossed to the hazard, sample by sample."""

    chemistry: str
    case: str
    title: str
    goal: str
    stages: dict[Stage, Band]
    hazard: Band  # the first of venting, dry-out and runaway
    left: Band
    hazard_is: Stage | None  # what came first in most samples
    peak_c: Band  # hottest temperature in degC, not a time
    hydrogen_l: float  # median
    horizon_s: float
    chemistry_has_water: bool  # then there is no reaction that could run away
    neighbour_alike: bool  # it suffers the same fault: nothing can propagate to it
    to_next_cell: bool  # the goal's FTTI ends at the next cell

    @property
    def allowed(self) -> Band:
        """The time that the FTTI of the goal has to stay below."""
        return self.stages[Stage.PROPAGATION] if self.to_next_cell else self.hazard


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """A figure that decides the result, with its mark: what is measured and what is not."""

    chemistry: str
    place: str
    value: float
    confidence: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardStudy:
    seed: int
    samples: int
    horizon_s: float
    results: tuple[CaseResult, ...]
    assumed: tuple[Assumed, ...]
    varied: tuple[str, ...]


def hazard_of(stages: dict[Stage, FloatArray]) -> tuple[FloatArray, Stage | None]:
    """The first of the stages that end in harm outside the cell, sample by sample."""
    ends = (Stage.VENT, Stage.DRY_OUT, Stage.RUNAWAY)
    times = np.array([stages[stage] for stage in ends])
    first = times.min(axis=0)
    reached = np.isfinite(first)
    if not reached.any():
        return first, None
    winners = times.argmin(axis=0)[reached]
    return first, ends[int(np.bincount(winners).argmax())]


def seconds(value_s: float) -> str:
    """`"169 s"`, `"23 min"`, `"2.3 h"`; infinity is the reader's business."""
    if math.isinf(value_s):
        return "∞"
    if value_s < 600:
        return f"{value_s:.0f} s"
    return f"{value_s / 60:.0f} min" if value_s < 7200 else f"{value_s / 3600:.1f} h"
