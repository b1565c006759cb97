"""Findings about the stimulus and its onset. Without a proven stimulus no verdict on the DUT stands: the bench's."""

from dataclasses import dataclass
from typing import ClassVar

from bench.measure.finding.base import Blame, Finding
from bench.measure.signal_test import SignalTest


@dataclass(frozen=True, slots=True, kw_only=True)
class NoStimulus(Finding):
    """No stimulus was commanded in the measured step."""

    code: ClassVar[str] = "no-stimulus"
    blame: ClassVar[Blame] = Blame.BENCH


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioAtFault(Finding):
    """The scenario asks what no DUT can answer rightly: nothing was driven. said: what, where, and the mend."""

    code: ClassVar[str] = "scenario-at-fault"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("said",)
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StimulusOutlasted(Finding):
    """A stimulus of limited duration stood longer than asked, so the DUT was shown another one.

    late_ns: how late the bench came to take it off; the rest of what lasted_ns is above asked_ns is the instrument's.
    """

    code: ClassVar[str] = "stimulus-outlasted"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("stimulus",)
    stimulus: str
    asked_ns: int
    lasted_ns: int
    late_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StimulusUnproven(Finding):
    """Nothing shows that the stimulus reached the DUT's terminals."""

    code: ClassVar[str] = "stimulus-unproven"
    blame: ClassVar[Blame] = Blame.BENCH


@dataclass(frozen=True, slots=True, kw_only=True)
class NoReadback(Finding):
    """The instrument did not confirm the stimulus by reading it back."""

    code: ClassVar[str] = "no-readback"
    blame: ClassVar[Blame] = Blame.BENCH


@dataclass(frozen=True, slots=True, kw_only=True)
class OnsetBeforeReadback(Finding):
    """The frame that shows the fault is older than the instant at which the readback says it was actuated."""

    code: ClassVar[str] = "onset-before-readback"
    blame: ClassVar[Blame] = Blame.BENCH


@dataclass(frozen=True, slots=True, kw_only=True)
class StimulusAlreadyPresent(Finding):
    """What was to become true at the stimulus was true before. held_ns: how long before the command it held."""

    code: ClassVar[str] = "stimulus-already-present"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("test",)
    test: SignalTest
    held_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAlreadyIrregular(Finding):
    """A frame of the message was irregular before the command already."""

    code: ClassVar[str] = "message-already-irregular"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("message",)
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageUnheardBefore(Finding):
    """The message whose absence is the stimulus was not heard before the command."""

    code: ClassVar[str] = "message-unheard-before"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("message",)
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageGapBefore(Finding):
    """The message whose absence is the stimulus had a gap before the command already."""

    code: ClassVar[str] = "message-gap-before"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("message",)
    message: str
    gap_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoRunaway(Finding):
    """The plant brought none of the cells (from 1) into thermal runaway within the window."""

    code: ClassVar[str] = "no-runaway"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("cells",)
    cells: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunawayUnproven(Finding):
    """Nothing shows that the runaway reached the DUT's terminals."""

    code: ClassVar[str] = "runaway-unproven"
    blame: ClassVar[Blame] = Blame.BENCH


@dataclass(frozen=True, slots=True, kw_only=True)
class NoOnset(Finding):
    """No onset was seen, so there is nothing to count from."""

    code: ClassVar[str] = "no-onset"
    blame: ClassVar[Blame] = Blame.BENCH


@dataclass(frozen=True, slots=True, kw_only=True)
class StimulusNotHeld(Finding):
    """The value that was wanted stood in a frame, and was gone again while the fault was to last.

    after_ns: since the frame that carried it first. wanted, found: in the signal's own unit.
    """

    code: ClassVar[str] = "stimulus-not-held"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("message", "signal")
    message: str
    signal: str
    wanted: float
    found: float
    after_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StimulusNotCarried(Finding):
    """No frame after the command carried the value that was wanted.

    lowest, highest: what they carried, None where none came. All in the signal's own unit.
    """

    code: ClassVar[str] = "stimulus-not-carried"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("message", "signal")
    message: str
    signal: str
    wanted: float
    lowest: float | None
    highest: float | None
