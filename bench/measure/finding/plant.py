"""Findings about protection tests, about the DUT's estimates, and about a plant that follows what the DUT tells."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from bench.measure.finding.base import Blame, Finding, When
from bench.trace.events import Fitted, PlantStage


@dataclass(frozen=True, slots=True, kw_only=True)
class CellHarmed(Finding):
    """A protection test: a cell vented, ran away or dried out."""

    code: ClassVar[str] = "cell-harmed"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("cell", "stage")
    cell: int
    stage: PlantStage


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedAgain(Finding):
    """A protection test: the contactors closed again after its end."""

    code: ClassVar[str] = "closed-again"
    blame: ClassVar[Blame] = Blame.DUT
    after_end_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InsulationLost(Finding):
    """A protection test: the insulation was too low after its end."""

    code: ClassVar[str] = "insulation-lost"
    blame: ClassVar[Blame] = Blame.DUT
    ohm_per_v: float
    after_end_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InsulationLowBefore(Finding):
    """A protection test: the insulation was too low before anything was done, so its value afterwards proves
    nothing.

    required: in ohm per volt, too.
    """

    code: ClassVar[str] = "insulation-low-before"
    blame: ClassVar[Blame] = Blame.NOBODY
    ohm_per_v: float
    required: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TestNotEnded(Finding):
    """The protection test did not come to its end within the window."""

    code: ClassVar[str] = "test-not-ended"
    blame: ClassVar[Blame] = Blame.NOBODY


class Figure(StrEnum):
    """What of an estimate is held against a limit."""

    RMS = "error RMS"
    LARGEST = "largest error"
    OVER = "told too much"
    DRIFT = "drift of the error"


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateStale(Finding):
    """The DUT's estimate was too old when the truth was taken."""

    code: ClassVar[str] = "estimate-stale"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("estimate", "message")
    estimate: str
    message: str
    age_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateAbsent(Finding):
    """The DUT's message carried no such signal."""

    code: ClassVar[str] = "estimate-absent"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("estimate", "message", "signal")
    estimate: str
    message: str
    signal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthTooFew(Finding):
    """Too few truths were told in what is scored."""

    code: ClassVar[str] = "truth-too-few"
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ("estimate",)
    estimate: str
    count: int
    expected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateOff(Finding):
    """A figure of the estimate's error is above its limit. value, u, limit: shares of 1 (a day, for a drift)."""

    code: ClassVar[str] = "estimate-off"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("estimate", "figure")
    estimate: str
    figure: Figure
    value: float
    u: float
    limit: float

    def severity(self) -> tuple[float, ...]:
        return (abs(self.value),)


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateStraddles(Finding):
    """A figure of the estimate's error straddles its limit. value, u, limit: shares of 1 (a day, for a drift)."""

    code: ClassVar[str] = "estimate-straddles"
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ("estimate", "figure")
    estimate: str
    figure: Figure
    value: float
    u: float
    limit: float

    def severity(self) -> tuple[float, ...]:
        return (abs(self.value),)


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateNotConverged(Finding):
    """The estimate was not inside its band in time. took_ns: None where it never was.

    first, last: errors at the two ends of the window, as shares of 1, like the band.
    """

    code: ClassVar[str] = "estimate-not-converged"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("estimate",)
    estimate: str
    band: float
    within_ns: int
    took_ns: int | None
    first: float
    last: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatePerhapsConverged(Finding):
    """Whether the estimate was inside its band in time is within its uncertainty `u`.

    first, last: errors at the two ends of the window, as shares of 1, like the band.
    """

    code: ClassVar[str] = "estimate-perhaps-converged"
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ("estimate",)
    estimate: str
    band: float
    within_ns: int
    u: float
    first: float
    last: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantFollowedReport(Finding):
    """The plant's contactors followed reports that come after the fact: its current flowed on for up to late_ns."""

    code: ClassVar[str] = "plant-followed-report"
    blame: ClassVar[Blame] = Blame.NOBODY
    late_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantBeyondFit(Finding):
    """The plant left the range in which its chemistry's fit holds. value, bound: degC, C or shares of 1.

    since: first seen outside. farthest: when it had `value`. cell: from 1; None: the whole pack.
    """

    code: ClassVar[str] = "plant-beyond-fit"
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ("side",)
    side: Fitted
    bound: float
    value: float
    cell: int | None
    since: When
    farthest: When


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateBeyondFit(Finding):
    """The plant left the range in which its fit holds before the estimate's last truth: it decides nothing.

    value: how far it went, bound: the end of the range; both in the unit of `side`.
    """

    code: ClassVar[str] = "estimate-beyond-fit"
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ("estimate", "side")
    estimate: str
    side: Fitted
    bound: float
    value: float
