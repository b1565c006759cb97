"""Findings about the bench itself: what it did wrong, and what it may have caused."""

from dataclasses import dataclass
from typing import ClassVar

from bench.measure.finding.base import Blame, Finding
from bench.trace.facts import Odd


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverArmed(Finding):
    """The observers were never armed."""

    code: ClassVar[str] = "never-armed"
    blame: ClassVar[Blame] = Blame.BENCH


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverClosed(Finding):
    """The observation window was never closed."""

    code: ClassVar[str] = "never-closed"
    blame: ClassVar[Blame] = Blame.BENCH


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldCutShort(Finding):
    """The window closed before the hold time had passed. short_ns: what was missing."""

    code: ClassVar[str] = "hold-cut-short"
    blame: ClassVar[Blame] = Blame.BENCH
    short_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowCutShort(Finding):
    """The window closed earlier after the stimulus than the scenario asks."""

    code: ClassVar[str] = "window-cut-short"
    blame: ClassVar[Blame] = Blame.BENCH
    looked_ns: int
    expected_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationCutShort(Finding):
    """After the end of a protection test too little was looked."""

    code: ClassVar[str] = "observation-cut-short"
    blame: ClassVar[Blame] = Blame.BENCH
    observed_ns: int
    expected_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldUnknown(Finding):
    """Nothing shows whether the safe state was held."""

    code: ClassVar[str] = "hold-unknown"
    blame: ClassVar[Blame] = Blame.BENCH


@dataclass(frozen=True, slots=True, kw_only=True)
class FramesLost(Finding):
    """Frames were lost by the bench. source: who lost them."""

    code: ClassVar[str] = "frames-lost"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("source",)
    source: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PreconditionMissed(Finding):
    """The DUT did not come into the state in which the scenario begins."""

    code: ClassVar[str] = "precondition-missed"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("source", "said")
    source: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchError(Finding):
    """The bench broke down in this shot. said: what the part that broke said."""

    code: ClassVar[str] = "bench-error"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("source", "said")
    source: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DutRefused(Finding):
    """The bench did not test this DUT, as it does not say which build it is."""

    code: ClassVar[str] = "dut-refused"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("source", "said")
    source: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DutKilled(Finding):
    """The DUT's process was ended from outside: by the machine (out of memory), by somebody, by a stop of the run."""

    code: ClassVar[str] = "dut-killed"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("source", "status")
    source: str
    said: str
    status: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerDied(Finding):
    """The process that fired the shot died before its end, and so did the next one. how: the second one's end."""

    code: ClassVar[str] = "worker-died"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("how",)
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DutNotUp(Finding):
    """The DUT's process ended with an exit code before it was heard: its start command may be to blame."""

    code: ClassVar[str] = "dut-not-up"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("source", "status")
    source: str
    said: str
    status: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationOverdue(Finding):
    """An instrument is used beyond the date of its next calibration, and the bench file lets nothing be told by it."""

    code: ClassVar[str] = "calibration-overdue"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("said",)
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Aborted(Finding):
    """The shot was broken off."""

    code: ClassVar[str] = "aborted"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("source", "said")
    source: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRefused(Finding):
    """A build that cannot be known was tested as if it were."""

    code: ClassVar[str] = "not-refused"
    blame: ClassVar[Blame] = Blame.BENCH


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeStateUnconfirmed(Finding):
    """Nothing confirms that the rig's outputs are in their safe state. said: the steps that failed."""

    code: ClassVar[str] = "safe-state-unconfirmed"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("said",)
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OffUnwitnessed(Finding):
    """The cells' outputs are off by their emulator's own word: the second witness said nothing in time."""

    code: ClassVar[str] = "off-unwitnessed"
    blame: ClassVar[Blame] = Blame.NOBODY


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingToPass(Finding):
    """The plan asks for no detection or no safe state."""

    code: ClassVar[str] = "nothing-to-pass"
    blame: ClassVar[Blame] = Blame.BENCH


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingForbidden(Finding):
    """The plan of a must-not-trip scenario forbids nothing."""

    code: ClassVar[str] = "nothing-forbidden"
    blame: ClassVar[Blame] = Blame.BENCH


@dataclass(frozen=True, slots=True, kw_only=True)
class NoProofOfLife(Finding):
    """The plan names no message that proves the DUT alive."""

    code: ClassVar[str] = "no-proof-of-life"
    blame: ClassVar[Blame] = Blame.BENCH


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchLate(Finding):
    """A doubt: the bench stood still inside the window."""

    code: ClassVar[str] = "bench-late"
    blame: ClassVar[Blame] = Blame.BENCH
    late_ns: int
    limit_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DutWaited(Finding):
    """An excuse: the DUT's process came late to a processor of this machine."""

    code: ClassVar[str] = "dut-waited"
    blame: ClassVar[Blame] = Blame.BENCH
    waited_ns: int
    span_ns: int
    limit_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DutStarved(Finding):
    """A doubt: a message that the DUT needs came later than it tolerates."""

    code: ClassVar[str] = "dut-starved"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("message",)
    message: str
    gap_ns: int
    since_arming_ns: int
    tolerated_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignClocks(Finding):
    """A doubt: onset and answer are stamped by clocks that nobody has correlated. clocks: (channel, clock)."""

    code: ClassVar[str] = "foreign-clocks"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("clocks",)
    clocks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputBeyondRange(Finding):
    """A doubt: the plant's cell went where its output cannot follow, and was shown at the nearer end."""

    code: ClassVar[str] = "output-beyond-range"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("cell",)
    cell: int
    cell_voltage_v: float
    highest_v: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultTakenOff(Finding):
    """A doubt: the rig's dead-man took the fault off too early.

    before_read: before the DUT's memory was read; before_end: before the end of what the DUT was to bear; else before
    the DUT had reached its safe state.
    """

    code: ClassVar[str] = "fault-taken-off"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("fault",)
    fault: str
    time_to_live_ns: int
    before_read: bool = False
    before_end: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GlitchTooLong(Finding):
    """A doubt: a glitch was shown for so long that the DUT's debounce could rightly fill."""

    code: ClassVar[str] = "glitch-too-long"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("message",)
    message: str
    shown_ns: int
    limit_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnomalySeen(Finding):
    """Something odd that a part of the bench told. said: in that part's words."""

    code: ClassVar[str] = "anomaly"
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ("source", "what", "about")
    source: str
    what: Odd
    about: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputHeldAtEnd(Finding):
    """The plant's cell went beyond what its output can follow, by so little that it decides nothing."""

    code: ClassVar[str] = "output-held-at-end"
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ("cell",)
    cell: int
    cell_voltage_v: float
    highest_v: float
    beyond_v: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalClipped(Finding):
    """A doubt: a signal could not carry what it was to show, so the DUT saw something else.

    value: what it was to show, carried: what it showed, both in SI.
    """

    code: ClassVar[str] = "signal-clipped"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("signal",)
    signal: str
    quantity: str
    value: float
    carried: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalHeldAtEnd(Finding):
    """A signal showed the end of its range in place of its value.

    value: what it was to show, carried: what it showed, both in SI.
    off_scale: the sensor itself ends there, beyond all values that the DUT's promises depend on. Then the verdict
    does not change.
    """

    code: ClassVar[str] = "signal-held-at-end"
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ("signal",)
    signal: str
    quantity: str
    value: float
    carried: float
    off_scale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondSender(Finding):
    """One message came from two nodes. senders: their names, where the bus can tell them apart."""

    code: ClassVar[str] = "second-sender"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("channel", "can_id")
    channel: str
    can_id: int
    senders: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFrames(Finding):
    """Frames of a message that only the DUT sends came from the bench itself; they are no answer."""

    code: ClassVar[str] = "own-frames"
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ("message",)
    message: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotMeasured(Finding):
    """Measuring broke down on this shot's trace."""

    code: ClassVar[str] = "not-measured"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("said",)
    said: str
