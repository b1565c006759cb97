"""What one shot's measuring works on, and the two forms in which it finds something: instants and findings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bench.measure.clock_rate import with_rate
from bench.measure.finding.base import Finding, Since, When
from bench.measure.interval import Interval, Latency, LeftOut, Term
from bench.measure.plan import Aim, Plan
from bench.measure.questions import Codec
from bench.measure.signal_test import SignalTest
from bench.measure.window import Window, stamp_half_width
from bench.trace.events import FrameSeen
from bench.trace.facts import StimulusCommanded, StimulusConfirmed
from bench.trace.mark import Mark
from bench.trace.timeline import Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An instant that was found, with the terms of its width. t_ns: stamp of the frame that showed it.

    first, last: the first and the last of several frames that show a fault page by page; None: there is only one
    frame. terminal: for an onset that a frame shows, the instant at which the fault was read back at the DUT's
    terminals; None: not known. left_out: what is known of the time between the two.
    """

    interval: Interval
    t_ns: int
    terms: tuple[Term, ...]
    first: Interval | None = None
    last: Interval | None = None
    terminal: Interval | None = None
    left_out: LeftOut = LeftOut.DEVELOPS


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is told, in the order of finding it; see Measurement for what each list says of whom."""

    broken: list[Finding] = field(default_factory=list)
    silent: list[Finding] = field(default_factory=list)
    faults: list[Finding] = field(default_factory=list)
    anomalies: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One trace, its armed window and the questions to it. decoders: by channel.

    refused: frames of the window's time that no receiver would accept, and that are no longer among its frames.
    dtc_tests: any of these says that the plan's code was reported, and not just stored before the shot.
    """

    trace: Trace
    window: Window
    plan: Plan
    decoders: Mapping[str, Codec]
    refused: tuple[FrameSeen, ...] = ()
    dtc_tests: tuple[SignalTest, ...] = ()

    def confirmed(self) -> Iterator[Mark[StimulusConfirmed]]:
        """Confirmations of the measured step; of all steps where the plan names none."""
        step = self.plan.onset_step
        return (m for m in self.trace.of(StimulusConfirmed) if step is None or m.fact.step in (step, None))

    def commanded(self) -> Mark[StimulusCommanded] | None:
        """The command of the measured step; the first of all where the plan names none."""
        step = self.plan.onset_step
        marks = self.trace.of(StimulusCommanded)
        return next((m for m in marks if step is None or m.fact.step in (step, None)), None)

    def forced_from_ns(self) -> int | None:
        """From when on what is forced is asked for: of every step where the DUT has to bear them all."""
        if self.plan.aim is Aim.MUST_NOT_TRIP:
            return min((mark.t_ns for mark in self.trace.of(StimulusCommanded)), default=None)
        commanded = self.commanded()
        return None if commanded is None else commanded.t_ns

    def half_widths(self, channel: str) -> tuple[int, int]:
        """(stamp's own, added by the bench's lateness) half-widths in ns of a channel's stamps."""
        return stamp_half_width(self.trace, self.window, channel)

    def when(self, t_ns: int, onset: Seen | None) -> When:
        """Words for an instant (ns): counted from the onset, or from the command or the arming where there is no
        onset.
        """
        commanded = self.commanded()
        if onset is not None:
            return When(offset_ns=t_ns - onset.t_ns, since=Since.ONSET)
        if commanded is not None:
            return When(offset_ns=t_ns - commanded.t_ns, since=Since.COMMAND)
        return When(offset_ns=t_ns - self.window.start_ns, since=Since.ARMING)


def all_of(seen: Sequence[Seen], t_ns: int) -> Seen:
    """When the last of several instants was, as the frame at `t_ns` shows."""
    last = max(seen, key=lambda one: one.interval.high_ns)
    low_ns = max(one.interval.low_ns for one in seen)
    interval = Interval(low_ns=low_ns, high_ns=last.interval.high_ns)
    return Seen(interval=interval, t_ns=t_ns, terms=last.terms)


def latency(start: Seen | None, end: Seen | None, ppb: int) -> Latency | None:
    """The time from one instant to the other (ns), on a clock whose rate may be wrong by `ppb` parts per billion.
    None where one of the two was not seen.
    """
    if start is None or end is None:
        return None
    return between(start, end, ppb)


def between(start: Seen, end: Seen, ppb: int) -> Latency:
    """The time from `start` to `end` (ns), widened by a clock rate error of `ppb` parts per billion."""
    found = Latency(interval=end.interval.since(start.interval), terms=(*start.terms, *end.terms))
    return with_rate(found, ppb)
