"""A latency is an interval, with an uncertainty budget that names its terms."""

from dataclasses import dataclass, field
from enum import StrEnum

from bench.measure.ending import EndFound
from bench.measure.estimate import EstimateFound
from bench.measure.finding.base import Finding
from bench.measure.stood import Stood


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """[low_ns, high_ns]: the truth lies inside."""

    low_ns: int
    high_ns: int

    def __post_init__(self) -> None:
        if self.low_ns > self.high_ns:
            raise ValueError(f"interval [{self.low_ns}, {self.high_ns}] ns is upside down")

    @property
    def width_ns(self) -> int:
        return self.high_ns - self.low_ns

    def since(self, start: "Interval") -> "Interval":
        """The time from `start` to self; never negative, since effect follows cause."""
        return Interval(
            low_ns=max(0, self.low_ns - start.high_ns), high_ns=max(0, self.high_ns - start.low_ns)
        )


BENCH_LATENESS = "bench lateness"
"""The name of the term that the bench itself adds by coming late."""
CLOCK_RATE = "clock rate"
"""The name of the term of a clock that may run wrong."""

CALIBRATION = "calibration"
"""The name of the term of an instrument whose calibration is uncertain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One named contribution to an interval's width, in ns (full width, not half)."""

    name: str
    width_ns: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """One measured time: its interval and the terms that make up the width."""

    interval: Interval
    terms: tuple[Term, ...]

    def widest(self) -> Term:
        return max(self.terms, key=lambda term: term.width_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """From the report of one of the announced faults to the beginning of the opening, beside what was published."""

    latency: Latency
    floor_ns: int
    ceiling_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSeen:
    """The time from the onset to a further safe state; None: it was not reached."""

    name: str
    latency: Latency | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSeen:
    """The instant at which one link of the reaction chain was seen. `at` is None where it was not seen.

    held_before: it was already true before the onset (for example, no current flowed), so it shows no reaction.
    """

    name: str
    at: Interval | None
    held_before: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StampUsed:
    """What a channel's stamps were taken for. worth: where u_ns comes from, in words; "": the link's own claim."""

    channel: str
    source: str
    u_ns: int
    worth: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationUsed:
    """The uncertainty of an instrument. expanded: in `unit`.

    moves_ns: it moves the onset by this much either way; 0: it concerns a level only.
    """

    instrument: str
    unit: str
    expanded: float
    words: str
    moves_ns: int


class LeftOut(StrEnum):
    """What is known of the time before the onset's frame, which is part of no latency. Each value is a stable code.

    KNOWN: it is counted from the readback that shows the fault at the DUT's terminals. NOTHING: the onset is that
    readback itself, or the frames are the fault. DEVELOPS: the stimulus grows gradually, so no readback says when it
    was complete. COMMAND: the onset is the DUT's own command, as its frame tells it; when the DUT decided is not
    known. NOT_RECORDED: an older release measured it, or there was no onset.
    """

    KNOWN = "known"
    NOTHING = "nothing"
    DEVELOPS = "develops"
    COMMAND = "command"
    NOT_RECORDED = "not-recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """All that was measured in one shot. None means: not seen, or what is written below.

    Instants are intervals on the run's timebase, in ns:
    - onset, detected, safe. onset_first, onset_last: the first and the last frame that shows a fault, where several
      frames show it; None: the onset itself.
    - at_terminal: when a readback shows the fault at the DUT's terminals, before the frame that is the onset.
      left_out: what is known of the time between the two.

    Latencies: fdti and fhti count from the onset, frti from the detection. rate_ppb: error of the clock's rate in
    parts per billion, a term of every latency; rate_why: its source. stamps: what the stamps of each channel were
    taken for; empty in simulated time, where they are exact. calibrations: the uncertainty of instruments, by the
    certificates that the bench file names.

    About the DUT:
    - broken: forbidden events that happened. silent: silences of the DUT. misfits: frames that its DBC does not
      describe. unexpected: what a file of format 2 would count against the DUT, and a file of this format does not.
    - dtc_status: the status byte in its memory for the demanded code; None: not stored, or not readable for the
      reason in dtc_status_problem. dtc_occurrences: how often it says that the code occurred. dtc_stood: what it said
      of that code before the shot, where the code could not be cleared. dtc_unclear: nothing can show whether the
      code was reported again.
    - probes: the links of the reaction chain. reactions: the delay from each announced fault that was reported to
      the opening. states: further safe states that the plan asks for. end: what ended a protection test.
      estimates: the errors of the DUT's own estimates.
    - refused: why the bench did not test this DUT. start_missed: the DUT was heard, and did not reach the mode in
      which the scenario begins. crashed: the DUT ended by itself; then nothing else was measured.
    - dut_phase_ns: where in the DUT's cycle of dut_cycle_ns, counted from its boot, the onset was.
      dut_uptime_ns: time from its boot to the onset.
    - always: what always holds and did not hold here. always_unjudged: what of it nothing could show, and why.
    - watched_to_end: whether a must-trip shot was watched for the whole of its window; None: it did not trip, or an
      older release measured it.

    About the bench:
    - anomalies: what was odd and is nobody's fault. bench_faults: what the bench did wrong (a late loop, lost frames, a
      readback mismatch). bench_late_ns: its largest delay.
    - doubts: what the bench did that may have caused what was seen. excuses: what this machine did that may have
      silenced the DUT, and cannot have made it look better; then a silence alone is no FAIL.
    - not_begun: misfits that kept the shot from its start. unsafe: why it is not known that the rig's outputs were
      off at the end; empty where they were read back as off.
    """

    onset: Interval | None
    detected: Interval | None
    safe: Interval | None
    fdti: Latency | None
    frti: Latency | None
    fhti: Latency | None
    dtc_seen: bool | None
    held: bool | None
    broken: tuple[Finding, ...]
    silent: tuple[Finding, ...]
    bench_faults: tuple[Finding, ...]
    anomalies: tuple[Finding, ...]
    observable_ns: int | None
    dtc_status: int | None = None
    dtc_status_problem: str | None = None
    doubts: tuple[Finding, ...] = ()
    excuses: tuple[Finding, ...] = ()
    bench_late_ns: int = 0
    refused: Finding | None = None
    probes: tuple[ProbeSeen, ...] = ()
    estimates: tuple[EstimateFound, ...] = ()
    end: EndFound | None = None
    misfits: tuple[Finding, ...] = ()
    unexpected: tuple[Finding, ...] = ()
    not_begun: bool = False
    dtc_stood: Stood | None = None
    dtc_occurrences: int | None = None
    dtc_unclear: bool = False
    dut_phase_ns: int | None = None
    dut_cycle_ns: int = 0
    dut_uptime_ns: int | None = None
    unsafe: tuple[Finding, ...] = ()
    onset_first: Interval | None = None
    onset_last: Interval | None = None
    crashed: Finding | None = None
    start_missed: Finding | None = None
    reactions: tuple[Reaction, ...] = ()
    states: tuple[StateSeen, ...] = ()
    watched_to_end: bool | None = None
    at_terminal: Interval | None = None
    left_out: LeftOut = LeftOut.NOT_RECORDED
    rate_ppb: int = 0
    rate_why: str = ""
    stamps: tuple[StampUsed, ...] = ()
    calibrations: tuple[CalibrationUsed, ...] = field(default=(), metadata={"left_out_empty": True})
    always: tuple[Finding, ...] = field(default=(), metadata={"left_out_empty": True})
    always_unjudged: tuple[Finding, ...] = field(default=(), metadata={"left_out_empty": True})
