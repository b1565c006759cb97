"""Findings about diagnostics: answers of another kind than asked for, and trouble codes stored before the shot."""

from dataclasses import dataclass
from typing import ClassVar

from bench.measure.finding.base import Blame, Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class CodesStoredBefore(Finding):
    """Codes that the DUT had stored before the shot. left: those it kept; problem: why, "" where nobody cleared."""

    code: ClassVar[str] = "codes-stored-before"
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ("codes", "left", "problem")
    codes: tuple[int, ...]
    left: tuple[int, ...]
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodesUnreadBefore(Finding):
    """What the DUT had stored before the shot could not be read. problem: what the tester said."""

    code: ClassVar[str] = "codes-unread-before"
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ("problem",)
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DtcStoodBefore(Finding):
    """The demanded code was stored before the shot, and nothing shows whether it was reported again."""

    code: ClassVar[str] = "dtc-stood-before"
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ("dtc",)
    dtc: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DtcStatusStood(Finding):
    """Status bits of the demanded code were set before the shot, and nothing shows whether they were set again."""

    code: ClassVar[str] = "dtc-status-stood"
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ("dtc", "bits")
    dtc: int
    bits: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DtcNotStoredAnew(Finding):
    """The demanded code was stored before the shot, and the memory says that it has not occurred since."""

    code: ClassVar[str] = "dtc-not-stored-anew"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("dtc",)
    dtc: int
    occurrences: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongDiagnosticAnswer(Finding):
    """A diagnostic request was not answered as the scenario demands. answer: "" where there was none.

    problem: what the tester said of the transport.
    """

    code: ClassVar[str] = "wrong-diagnostic-answer"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("request", "expected", "answer")
    request: str
    expected: str
    answer: str
    problem: str
