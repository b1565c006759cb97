"""Findings about what holds in every shot, whatever its scenario asks."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from bench.measure.finding.base import Blame, Finding, When
from bench.measure.signal_test import SignalTest


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


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputWithoutCause(Finding):
    """The DUT set an output, and told none of the flags that it comes with. frames: how many said that."""

    code: ClassVar[str] = "output-without-cause"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("statement", "signal")
    statement: str
    signal: str
    when: When
    frames: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneThoughInhibited(Finding):
    """The DUT began to do what it told to be inhibited."""

    code: ClassVar[str] = "done-though-inhibited"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("statement", "test")
    statement: str
    test: SignalTest
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedInWrongOrder(Finding):
    """A contactor was told to open while the one that has to open before it stayed closed. first: its signal."""

    code: ClassVar[str] = "opened-in-wrong-order"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("statement",)
    statement: str
    first: str
    other: str
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeWithoutFlag(Finding):
    """The DUT told a trouble code whose flag it had not set until then."""

    code: ClassVar[str] = "code-without-flag"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("statement", "dtc")
    statement: str
    dtc: int
    flag: str
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedThoughHealed(Finding):
    """The status of a trouble code said "test failed" although its flag had been taken back."""

    code: ClassVar[str] = "failed-though-healed"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("statement", "dtc")
    statement: str
    dtc: int
    flag: str
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class FramesUnacceptable(Finding):
    """The DUT sent frames whose counter or checksum no receiver accepts, more than a receiver lets pass.

    frames: how many, of the message `can_id`.
    """

    code: ClassVar[str] = "frames-unacceptable"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("statement", "can_id")
    statement: str
    can_id: int
    when: When
    frames: int


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
