"""Findings about what the DUT says without standing by it: refused frames, flickers, contradictions."""

from dataclasses import dataclass
from typing import ClassVar

from bench.measure.finding.base import Blame, Finding, When
from bench.measure.only_expected import What
from bench.measure.signal_test import SignalTest


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidByRefusedFrames(Finding):
    """What was asked for was said only by frames that no receiver would accept. count: how many said so."""

    code: ClassVar[str] = "said-by-refused-frames"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("test",)
    test: SignalTest
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingAccepted(Finding):
    """A message that proves the DUT alive came, and no receiver would have accepted any frame of it."""

    code: ClassVar[str] = "nothing-accepted"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("channel", "message")
    channel: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagNotHeld(Finding):
    """What the DUT had reported was taken back before the end of the hold. held_ns: the first time; times: in all."""

    code: ClassVar[str] = "flag-not-held"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("test",)
    test: SignalTest
    when: When
    held_ns: int
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FramesContradict(Finding):
    """Frames of one message said yes, no and yes again within a cycle. count: how often."""

    code: ClassVar[str] = "frames-contradict"
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ("message",)
    message: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessDenies(Finding):
    """A signal that should tell the same denied to the end what the DUT had reported: it proves no time without it."""

    code: ClassVar[str] = "witness-denies"
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ("test",)
    test: SignalTest


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeStateLeft(Finding):
    """After the hold, the DUT left the safe state unasked. after_ns: since it was reached."""

    code: ClassVar[str] = "safe-state-left"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("test",)
    test: SignalTest
    when: When
    after_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportHeldBefore(Finding):
    """A flag or an output that the scenario does not expect has held since before the arming."""

    code: ClassVar[str] = "report-held-before"
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ("what", "name")
    what: What
    name: str
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeHeldBefore(Finding):
    """A trouble code that the scenario does not expect has been told since before the arming."""

    code: ClassVar[str] = "code-held-before"
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ("dtc",)
    dtc: int
    when: When
