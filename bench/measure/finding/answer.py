"""Findings about the DUT's answer: what it reported, when, and how long its safe state held."""

from dataclasses import dataclass
from typing import ClassVar

from bench.measure.finding.base import Blame, Finding, When
from bench.measure.only_expected import What
from bench.measure.signal_test import SignalTest


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeStateBeforeFault(Finding):
    """The safe state already held before the fault was there."""

    code: ClassVar[str] = "safe-state-before-fault"
    blame: ClassVar[Blame] = Blame.DUT


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedBeforeFault(Finding):
    """The DUT reported the fault before it was there."""

    code: ClassVar[str] = "reported-before-fault"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("test",)
    test: SignalTest


@dataclass(frozen=True, slots=True, kw_only=True)
class ForbiddenSeen(Finding):
    """Something that must never hold held. Told once, at its first occurrence."""

    code: ClassVar[str] = "forbidden-seen"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("test",)
    test: SignalTest
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeStateNotHeld(Finding):
    """The safe state was reached and left again within the hold time. after_ns: since it was reached."""

    code: ClassVar[str] = "safe-state-not-held"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("test",)
    test: SignalTest
    when: When
    after_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeStateNotHeldFor(Finding):
    """The safe state was not held for as long as the scenario asks."""

    code: ClassVar[str] = "safe-state-not-held-for"
    blame: ClassVar[Blame] = Blame.DUT
    hold_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDetected(Finding):
    """The DUT did not report the fault within the window."""

    code: ClassVar[str] = "not-detected"
    blame: ClassVar[Blame] = Blame.DUT
    window_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectedAfterWindow(Finding):
    """The DUT reported the fault only after the window had passed."""

    code: ClassVar[str] = "detected-after-window"
    blame: ClassVar[Blame] = Blame.DUT
    window_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeStateNotReached(Finding):
    """The DUT did not reach its safe state within the window."""

    code: ClassVar[str] = "safe-state-not-reached"
    blame: ClassVar[Blame] = Blame.DUT
    window_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NuisanceTrip(Finding):
    """The DUT reported a fault under a stimulus that it must tolerate."""

    code: ClassVar[str] = "nuisance-trip"
    blame: ClassVar[Blame] = Blame.DUT


@dataclass(frozen=True, slots=True, kw_only=True)
class NuisanceDtc(Finding):
    """The DUT reported a trouble code under a stimulus that it must tolerate."""

    code: ClassVar[str] = "nuisance-dtc"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("dtc",)
    dtc: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DtcNotReported(Finding):
    """The demanded trouble code was not reported."""

    code: ClassVar[str] = "dtc-not-reported"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("dtc",)
    dtc: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DtcStatusUnread(Finding):
    """The DUT gave no answer to the question for the code's status. problem: what the tester said."""

    code: ClassVar[str] = "dtc-status-unread"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("dtc",)
    dtc: int
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DtcNotStored(Finding):
    """The demanded code is not in the DUT's memory."""

    code: ClassVar[str] = "dtc-not-stored"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("dtc",)
    dtc: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DtcStatusLacks(Finding):
    """The code is stored, but status bits are missing. status: the byte; bits: those set; lacking: those not set."""

    code: ClassVar[str] = "dtc-status-lacks"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("dtc", "lacking")
    dtc: int
    status: int
    bits: tuple[str, ...]
    lacking: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadBeforeAlarm(Finding):
    """A runaway had spread to another cell before the DUT's alarm."""

    code: ClassVar[str] = "spread-before-alarm"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("cell",)
    cell: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnexpectedReport(Finding):
    """The DUT set a flag or an output that the scenario does not expect. Told once, at its first occurrence."""

    code: ClassVar[str] = "unexpected-report"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("what", "name")
    what: What
    name: str
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class UnexpectedCode(Finding):
    """The DUT told a trouble code that the scenario does not expect. Told once, at its first occurrence.

    stored: it was told by nothing but the DUT's memory, as read then, where it was not before the arming.
    """

    code: ClassVar[str] = "unexpected-code"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("dtc",)
    dtc: int
    when: When
    stored: bool = False
