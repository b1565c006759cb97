"""Findings about what the DUT says without standing by it: refused frames, flickers, contradictions."""

from dataclasses import dataclass
from typing import ClassVar

from bench.measure.finding.base import Blame, Finding
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
