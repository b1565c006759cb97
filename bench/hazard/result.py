"""Times from the onset of a fault to each stage of harm, as bands over sampled parameters."""

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np

from bench.hazard.shares import FigureShare
from bench.plant.chemistry import FloatArray
from bench.verdict.statistics import wilks_confidence


class HarmStage(StrEnum):
    """In the order of harm. A name means the same in every chemistry (MEANING); some have no way to a stage."""

    LIMIT = "limit crossed"
    DAMAGE = "irreversible damage"
    VENT = "venting"
    DRY_OUT = "dry-out"
    RUNAWAY = "thermal runaway"
    NEIGHBOUR = "next cell harmed"
    PROPAGATION = "propagation"


MEANING: dict[HarmStage, str] = {
    HarmStage.LIMIT: "voltage or temperature alarm of the cell's file, or 1 K/min for 30 s: what a BMS can see",
    HarmStage.DAMAGE: "beyond a damage limit of the cell's file, or vented, boiled or run away",
    HarmStage.VENT: "the vent has opened, and gas that burns outside leaves the cell",
    HarmStage.DRY_OUT: "the share of its water that the cell's file names has boiled away",
    HarmStage.RUNAWAY: "the cell's own reactions heat it by more than 1 K/s",
    HarmStage.NEIGHBOUR: "the cell beside it, which has no fault of its own, vents, dries out or runs away",
    HarmStage.PROPAGATION: "the cell beside it, which has no fault of its own, runs away",
}


SHARE = CONFIDENCE = 0.95
DRAWS_FOR_BOUND = 59  # 0.95 ** 59 < 0.05


def draws_of(samples: int) -> int:
    """How many of them were drawn: the first is the file's own figures."""
    return max(0, samples - 1)


@lru_cache(maxsize=64)
def bound_order(samples: int) -> int:
    """Which smallest (and largest) of the draws bounds SHARE of all with CONFIDENCE; 0: so few bound nothing."""
    order, draws = 0, draws_of(samples)
    while draws > order and wilks_confidence(draws, SHARE, order + 1) >= CONFIDENCE:
        order += 1
    return order


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Seconds over the samples: 5th, 50th, 95th percentile, infinity where not reached within the horizon.

    floor_s, ceiling_s: 95 % of all draws lie above (below) it, with 95 % confidence (Wilks); None: too few draws.
    """

    low_s: float
    mid_s: float
    high_s: float
    reached: int
    samples: int
    floor_s: float | None = None
    ceiling_s: float | None = None

    @property
    def never(self) -> bool:
        return self.reached == 0

    @property
    def earliest_s(self) -> float:
        """The bound, or the 5th percentile of the samples where so few bound nothing."""
        return self.low_s if self.floor_s is None else self.floor_s

    @classmethod
    def of(cls, times_s: FloatArray) -> "Band":
        ordered = np.sort(times_s)
        low, mid, high = (float(ordered[round(share * (ordered.size - 1))]) for share in (0.05, 0.5, 0.95))
        order = bound_order(times_s.size)
        drawn = np.sort(times_s[1:])  # the first is the file's own, not drawn
        return cls(
            low_s=low,
            mid_s=mid,
            high_s=high,
            reached=int(np.isfinite(times_s).sum()),
            samples=int(times_s.size),
            floor_s=float(drawn[order - 1]) if order else None,
            ceiling_s=float(drawn[-order]) if order else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """One chemistry under one fault. `left` runs from the limit crossed to the hazard, sample by sample."""

    chemistry: str
    case: str
    title: str
    goal: str
    stages: dict[HarmStage, Band]
    hazard: Band  # the first of venting, dry-out and runaway
    left: Band
    hazard_is: HarmStage | None  # what came first in most samples
    peak_c: Band  # hottest temperature in degC, not a time
    hydrogen_l: float  # median
    horizon_s: float
    chemistry_has_water: bool  # then there is no reaction that could run away
    neighbour_alike: bool  # it suffers the same fault: nothing can propagate to it
    warns: bool  # the goal asks for a warning after the runaway: its FTTI ends at no harm in the model
    took_off_c: Band  # temperature in degC at the runaway, not a time
    shares: tuple[FigureShare, ...]  # of the spread of the hazard's time, of a warning's of the next cell's
    spread: Band  # from the runaway of this cell to the harm at the next, sample by sample

    @property
    def allowed(self) -> Band | None:
        """The time that the FTTI of the goal has to stay below; None for a warning, which no harm here ends."""
        return None if self.warns else self.hazard


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """A figure that decides the result, with its mark: what is measured and what is not. value: in the unit of its
    `place`.
    """

    chemistry: str
    place: str
    value: float
    confidence: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardStudy:
    """The results of all cases of a study. horizon_s: how long each case was computed at most."""

    seed: int
    samples: int
    horizon_s: float
    results: tuple[CaseResult, ...]
    assumed: tuple[Assumed, ...]
    varied: tuple[str, ...]


def hazard_of(stages: dict[HarmStage, FloatArray]) -> tuple[FloatArray, HarmStage | None]:
    """The first of the stages that end in harm outside the cell, sample by sample."""
    ends = (HarmStage.VENT, HarmStage.DRY_OUT, HarmStage.RUNAWAY)
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
