"""Findings about what holds in every shot, whatever its scenario asks."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from bench.measure.finding.base import Blame, Finding, When


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldOtherThanShown(Finding):
    """The DUT told a value that the bench had not shown it. said, low, high: in SI; it was shown low to high.

    when: for the first time. frames: how many frames said so; judged: of how many.
    """

    code: ClassVar[str] = "told-other-than-shown"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("statement",)
    statement: str
    signal: str
    said: float
    low: float
    high: float
    unit: str
    when: When
    frames: int
    judged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongOneNamed(Finding):
    """The DUT named a cell or sensor that was not the one with that value. said: its number as the DUT tells it.

    value: what that one was shown at the most telling instant; bound: what it would need; both in SI, None where
    there is no such cell or sensor.
    """

    code: ClassVar[str] = "wrong-one-named"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("statement",)
    statement: str
    signal: str
    said: int
    value: float | None
    bound: float | None
    unit: str
    when: When
    frames: int
    judged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitAboveBound(Finding):
    """The DUT told a higher limit than may be told there. said, bound: in SI."""

    code: ClassVar[str] = "limit-above-bound"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("statement",)
    statement: str
    signal: str
    said: float
    bound: float
    unit: str
    when: When
    frames: int
    judged: int


class WhyUnjudged(StrEnum):
    """Why a statement was not judged in a shot, or in a part of it. Each value is a stable code."""

    NEVER_TOLD = "never-told"
    NEVER_SHOWN = "never-shown"
    LENGTHS_VARY = "lengths-vary"
    NO_READING = "no-reading"
    DISTURBED = "disturbed"
    TOO_EARLY = "too-early"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementUnjudged(Finding):
    """A statement that always holds could not be judged. of: the message or quantity that is the reason.

    frames: how many told frames were not judged; judged: how many were.
    """

    code: ClassVar[str] = "statement-unjudged"
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ("statement", "why", "of")
    statement: str
    why: WhyUnjudged
    of: str
    frames: int
    judged: int
