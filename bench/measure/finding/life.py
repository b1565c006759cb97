"""Findings about the DUT's frames: silence, and frames that no receiver would take."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from bench.measure.finding.base import Blame, Finding, When


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverHeard(Finding):
    """A message that proves the DUT alive was never heard."""

    code: ClassVar[str] = "never-heard"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("channel", "message")
    channel: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AliveUnproven(Finding):
    """A message that proves the DUT alive was never heard: nothing that was not seen counts."""

    code: ClassVar[str] = "alive-unproven"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("channel", "message")
    channel: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentTooLong(Finding):
    """A message of the DUT was silent for longer than its profile allows."""

    code: ClassVar[str] = "silent-too-long"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("message",)
    message: str
    gap_ns: int
    since: When
    allowed_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentInHold(Finding):
    """A message fell silent while the safe state had to be held: nothing shows that it was."""

    code: ClassVar[str] = "silent-in-hold"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("message",)
    message: str


class Mistake(StrEnum):
    """What is wrong with a frame under E2E protection."""

    WRONG_CRC = "wrong-crc"
    COUNTER_STANDS = "counter-stands"
    COUNTER_JUMPS = "counter-jumps"
    COUNTER_SKIPS = "counter-skips"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectionBroken(Finding):
    """Frames of the DUT whose protection no receiver would accept. count: how many."""

    code: ClassVar[str] = "protection-broken"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("message", "mistake")
    message: str
    mistake: Mistake
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSkipped(Finding):
    """Counters that skipped a little, as receivers tolerate it: a frame or two may have been lost on the bus."""

    code: ClassVar[str] = "frame-skipped"
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ("message", "mistake")
    message: str
    mistake: Mistake
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FramesUnreadable(Finding):
    """Frames of the DUT too short for the signal that was asked of them. length: of the last one, in bytes."""

    code: ClassVar[str] = "frames-unreadable"
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ("message",)
    message: str
    count: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownPage(Finding):
    """Frames of the DUT with a multiplexer value that its DBC does not describe: none of their signals can be read."""

    code: ClassVar[str] = "unknown-page"
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ("message", "selector", "value")
    message: str
    selector: str
    value: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameMisfit(Finding):
    """Frames of the DUT that are shorter or longer than its DBC says. Lengths in bytes."""

    code: ClassVar[str] = "frame-misfit"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("message", "length", "expected_length")
    message: str
    length: int
    expected_length: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotBegun(Finding):
    """The shot could not begin, as the DUT's frames could not be read. said: what was waited for."""

    code: ClassVar[str] = "not-begun"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("said",)
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DutCrashed(Finding):
    """The DUT's process ended by itself, or its firmware raised, after it was heard and before the bench stopped it.

    exit_code, signal: of its process. raised: what a firmware in process raised. Also FAIL where it was never heard, if
    a signal of its own making ended it (a segmentation fault, an abort), or if it raised: no start command does that.
    since: None before the observers were armed.
    """

    code: ClassVar[str] = "dut-crashed"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("exit_code", "signal", "raised")
    said: str
    since: When | None = None
    exit_code: int | None = None
    signal: int | None = None
    raised: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsStopped(Finding):
    """A cyclic message that could answer the question had no accepted frame in the window, or none after some
    instant.

    since: the instant of its last accepted frame; None: it had none. refused: number of later frames that no receiver
    would accept.
    """

    code: ClassVar[str] = "reports-stopped"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("channel", "message")
    channel: str
    message: str
    since: When | None = None
    refused: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildChanged(Finding):
    """The DUT named another build in mid-shot: what was tested is not one build. before, after: the signal's values."""

    code: ClassVar[str] = "build-changed"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("message", "signal")
    message: str
    signal: str
    since: When
    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DutRestarted(Finding):
    """The DUT started again in mid-shot, and the scenario did not ask for it.

    sign: uptime, reset_count or boot. before, after: the signal's values; before is None where it was not heard.
    """

    code: ClassVar[str] = "dut-restarted"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("sign", "message", "signal")
    sign: str
    message: str
    signal: str
    since: When
    before: float | None
    after: float
