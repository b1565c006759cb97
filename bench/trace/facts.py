"""What a mark of the Trace says: one frozen type per kind, shared by whoever writes a mark and whoever reads it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from bench.trace.events import Kind, Scalar
from bench.trace.fact import Fact as Fact
from bench.trace.plant_facts import ContactorsFollowed as ContactorsFollowed
from bench.trace.plant_facts import FitLeft as FitLeft
from bench.trace.plant_facts import OutputBeyondRange as OutputBeyondRange
from bench.trace.plant_facts import PlantState as PlantState
from bench.trace.plant_facts import SignalClipped as SignalClipped
from bench.trace.plant_facts import StageReached as StageReached
from bench.trace.plant_facts import TimeLapsed as TimeLapsed
from bench.trace.plant_facts import Truth as Truth
from bench.trace.stimulus_facts import StimulusCleared as StimulusCleared
from bench.trace.stimulus_facts import StimulusCommanded as StimulusCommanded
from bench.trace.stimulus_facts import StimulusConfirmed as StimulusConfirmed
from bench.trace.stimulus_facts import StimulusOutlasted as StimulusOutlasted


class Odd(StrEnum):
    """What an anomaly is. A stable code: anomalies are counted by it."""

    UNREADABLE = "unreadable"
    NOT_A_DATA_FRAME = "not-a-data-frame"
    BUS_ERROR = "bus-error"
    BUS_OFF = "bus-off"
    FRAME_LOST = "frame-lost"
    LINK_BACK = "link-back"
    ANSWER_LATE = "answer-late"
    FOREIGN = "foreign-host"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Fact):
    """The shot begins. phase_ns: how far the stimulus is moved along the DUT's cycle."""

    kind: ClassVar[Kind] = Kind.RUN_STARTED
    phase_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PhasesDrawn(Fact):
    """Where in its cycle everything starts that runs beside the DUT.

    boot_ns: from the start of the restbus to the DUT's. front_end_ns: of the cell voltages' sweep. messages_ns: of the
    restbus, by `channel.message`.
    """

    kind: ClassVar[Kind] = Kind.PHASES_DRAWN
    boot_ns: int
    front_end_ns: int
    messages_ns: tuple[tuple[str, int], ...]

    def version_1(self) -> dict[str, Scalar]:
        told = {f"{name}_ns": phase_ns for name, phase_ns in self.messages_ns}
        return {"boot_ns": self.boot_ns, "front_end_ns": self.front_end_ns, **told}


@dataclass(frozen=True, slots=True, kw_only=True)
class DutStarted(Fact):
    """The DUT was started."""

    kind: ClassVar[Kind] = Kind.DUT_STARTED


@dataclass(frozen=True, slots=True, kw_only=True)
class DutIdentified(Fact):
    """The build as the DUT names itself, and the one that was expected."""

    kind: ClassVar[Kind] = Kind.DUT_IDENTIFIED
    identity: str
    expected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DutRefused(Fact):
    """The bench does not test this DUT."""

    kind: ClassVar[Kind] = Kind.DUT_REFUSED
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DutCrashed(Fact):
    """The DUT ended, or its firmware raised, and nobody had asked it to. reason: in words.

    status: exit code of its process, negative for the signal that ended it. raised: class of what a firmware in process
    raised. stopped: somebody was ending the run.
    """

    kind: ClassVar[Kind] = Kind.DUT_CRASHED
    reason: str
    status: int | None = None
    raised: str = ""
    traceback: str | None = None
    stopped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DutSaid(Fact):
    """A line that the DUT printed on its console, for a reader: nothing is judged by it."""

    kind: ClassVar[Kind] = Kind.DUT_SAID
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentIdentified(Fact):
    """An instrument, as it names itself."""

    kind: ClassVar[Kind] = Kind.INSTRUMENT_IDENTIFIED
    identity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DutHeard(Fact):
    """The DUT was heard in this state."""

    kind: ClassVar[Kind] = Kind.DUT_HEARD
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PreconditionMet(Fact):
    """The DUT is in the mode in which the scenario begins, and everything has come to rest."""

    kind: ClassVar[Kind] = Kind.PRECONDITION_MET
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PreconditionMissed(Fact):
    """The DUT did not come into the mode in which the scenario begins.

    mode: which one, where it had been heard before and was asked for it.
    """

    kind: ClassVar[Kind] = Kind.PRECONDITION_MISSED
    reason: str
    mode: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserversArmed(Fact):
    """From here on the DUT is watched."""

    kind: ClassVar[Kind] = Kind.OBSERVERS_ARMED


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultStuck(Fact):
    """A fault could not be taken off."""

    kind: ClassVar[Kind] = Kind.FAULT_STUCK
    fault: str
    owner: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested(Fact):
    """The vehicle asks something of the DUT."""

    kind: ClassVar[Kind] = Kind.REQUEST
    mode: str
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DtcRead(Fact):
    """A trouble code of the DUT's memory with its status byte; code 0: the memory is empty.

    occurrences: how often, where the DUT counts that. Read before the observers are armed it is of the time before.
    """

    kind: ClassVar[Kind] = Kind.DTC_READ
    code: int
    status: int
    bits: str
    occurrences: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DtcsCleared(Fact):
    """The DUT was told to forget its codes before the shot. problem: why it did not; what is read then is left."""

    kind: ClassVar[Kind] = Kind.DTC_CLEARED
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DtcUnread(Fact):
    """The DUT's memory could not be read."""

    kind: ClassVar[Kind] = Kind.DTC_READ
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosed(Fact):
    """A diagnostic request of the scenario's step `step`, and its answer. request, answer: bytes in hex.

    answer: "" where there was none. expected: as the scenario has it. problem: what the tester said of the transport.
    """

    kind: ClassVar[Kind] = Kind.DIAGNOSED
    step: int
    request: str
    answer: str
    expected: str
    fits: bool
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowClosed(Fact):
    """The DUT is watched no longer."""

    kind: ClassVar[Kind] = Kind.WINDOW_CLOSED


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeStateReached(Fact):
    """The rig's outputs are off, as read back.

    seen_by: who saw the cells' outputs off beside the emulator that drives them; "": nobody; None: was not asked.
    """

    kind: ClassVar[Kind] = Kind.SAFE_STATE_REACHED
    readback: bool
    seen_by: str | None = None

    def version_1(self) -> dict[str, Scalar]:
        return {"readback": self.readback}


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeStateMissed(Fact):
    """Nothing confirms that the rig's outputs are off."""

    kind: ClassVar[Kind] = Kind.SAFE_STATE_MISSED
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyWatched(Fact):
    """From here on the rig is driven only while these contacts are closed."""

    kind: ClassVar[Kind] = Kind.SAFETY_WATCHED
    inputs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyOpened(Fact):
    """A contact that stops the bench opened, or could not be read.

    low_ns, high_ns: when. closed_before: it was seen closed in this shot.
    """

    kind: ClassVar[Kind] = Kind.SAFETY_OPENED
    input: str
    why: str
    low_ns: int
    high_ns: int
    closed_before: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyOff(Fact):
    """The outputs were read back as off, at most this time after a contact had opened."""

    kind: ClassVar[Kind] = Kind.SAFETY_OFF
    input: str
    within_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchLate(Fact):
    """A call of the bench's grid came dangerously late."""

    kind: ClassVar[Kind] = Kind.BENCH_LATE
    late_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DutWaited(Fact):
    """The DUT's process waited for a processor."""

    kind: ClassVar[Kind] = Kind.DUT_WAITED
    waited_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchTiming(Fact):
    """How late the calls of the bench's grid were in the whole shot."""

    kind: ClassVar[Kind] = Kind.BENCH_TIMING
    priority: str | None = None
    calls: int
    p50_ns: int
    p99_ns: int
    max_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRate(Fact):
    """By how much the clock that stamps may run wrong. why: in words. slewed_ppb: the worst slew that was seen."""

    kind: ClassVar[Kind] = Kind.CLOCK_RATE
    bound_ppb: int
    why: str
    slewed_ppb: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated(Fact):
    """How uncertain an instrument is by its certificate. expanded: in `unit` (V, A, s, …). words: as the file says."""

    kind: ClassVar[Kind] = Kind.CALIBRATED
    instrument: str
    unit: str
    expanded: float
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchBroke(Fact):
    """The bench broke down. traceback: where nobody raised it on purpose."""

    kind: ClassVar[Kind] = Kind.ERROR
    reason: str
    traceback: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkBroke(Fact):
    """A link broke down. bus_off: its controller left the bus. unsent: frames that were not sent."""

    kind: ClassVar[Kind] = Kind.ERROR
    text: str
    bus_off: bool | None = None
    unsent: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Aborted(Fact):
    """The shot was broken off."""

    kind: ClassVar[Kind] = Kind.ABORTED
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded(Fact):
    """The shot is over."""

    kind: ClassVar[Kind] = Kind.RUN_ENDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly(Fact):
    """Something odd. about: what it is about (a message, a node), so that alike ones can be counted together.

    dropped: frames the bench has lost by it. unsent: frames that were not sent.
    """

    kind: ClassVar[Kind] = Kind.ANOMALY
    what: Odd
    text: str
    about: str = ""
    dropped: int | None = None
    unsent: int | None = None

    def version_1(self) -> dict[str, Scalar]:
        numbers = {"dropped": self.dropped, "unsent": self.unsent}
        return {"text": self.text, **{name: value for name, value in numbers.items() if value is not None}}
