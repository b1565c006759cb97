"""The armed window of a Trace: its frames and marks, and what the bench itself did wrong in it."""

from dataclasses import asdict, dataclass, field, replace

import numpy as np

from bench.measure.finding.base import Finding
from bench.measure.finding.bench import (
    Aborted,
    AnomalySeen,
    BenchError,
    DutRefused,
    FramesLost,
    NeverArmed,
    NeverClosed,
    OffUnwitnessed,
    OutputHeldAtEnd,
    PreconditionMissed,
    SignalHeldAtEnd,
)
from bench.measure.finding.safety import SafetyInputOpen
from bench.measure.finding.stimulus import StimulusOutlasted
from bench.measure.frames import Frames
from bench.trace import facts
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS

LATE_LIMIT_NS = 50 * NS_PER_MS

DUT_WAIT_LIMIT_NS = 30 * NS_PER_MS  # within DUT_WAIT_SPAN_NS; waiting a little at every turn stays below it
DUT_WAIT_SPAN_NS = 100 * NS_PER_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Frames in order of their stamps from OBSERVERS_ARMED to WINDOW_CLOSED; ns on the run's timebase.

    dut_waited_ns: longest time for which the DUT's process, where it is one of this machine, waited for a processor
    within DUT_WAIT_SPAN_NS. before: frames that came before the window, in the order in which the bench learned of
    them.
    """

    start_ns: int
    end_ns: int
    frames: Frames
    late_ns: int
    faults: tuple[Finding, ...]
    dut_waited_ns: int = 0
    before: Frames = field(default_factory=Frames.of)


def armed_window(trace: Trace) -> Window:
    """Cut the window; missing edges are bench faults and the whole trace stands in."""
    faults: list[Finding] = []
    armed = next(trace.of(facts.ObserversArmed), None)
    closed = None
    for mark in trace.of(facts.WindowClosed):
        closed = mark
    stamps = [0]
    if armed is None or closed is None:
        columns = trace.frames.columns()
        stamps = columns.t_ns.tolist() + [mark.t_ns for mark in trace.marks] or [0]
    if armed is None:
        faults.append(NeverArmed())
    if closed is None:
        faults.append(NeverClosed())
    start_ns = armed.t_ns if armed else min(stamps)
    end_ns = closed.t_ns if closed else max(stamps)
    before, frames = _cut(trace, start_ns, end_ns)
    late = [m.fact.late_ns for m in trace.of(facts.BenchLate) if start_ns <= m.t_ns <= end_ns]
    # Told once the span is over, so the last of it comes after the window.
    waits = [
        mark.fact.waited_ns
        for mark in trace.of(facts.DutWaited)
        if start_ns <= mark.t_ns <= end_ns + DUT_WAIT_SPAN_NS
    ]
    return Window(
        start_ns=start_ns,
        end_ns=end_ns,
        frames=frames,
        before=before,
        late_ns=max(late, default=0),
        faults=tuple(faults),
        dut_waited_ns=max(waits, default=0),
    )


def until(window: Window, end_ns: int) -> Window:
    """The part of it that ends so early."""
    if end_ns >= window.end_ns:
        return window
    return replace(window, end_ns=end_ns, frames=window.frames.until(end_ns))


def _cut(trace: Trace, start_ns: int, end_ns: int) -> tuple[Frames, Frames]:
    """(those before, in the order of the trace; those in the window, in the order of their stamps)."""
    columns = trace.frames.columns()
    t_ns = columns.t_ns
    if columns.in_order:
        first, last = int(t_ns.searchsorted(start_ns)), int(t_ns.searchsorted(end_ns, "right"))
        return Frames(columns, 0, first), Frames(columns, first, max(first, last))
    inside = np.flatnonzero((t_ns >= start_ns) & (t_ns <= end_ns))
    in_order = inside[np.argsort(t_ns[inside], kind="stable")]
    return Frames(columns.taken(np.flatnonzero(t_ns < start_ns))), Frames(columns.taken(in_order))


def stamp_half_width(trace: Trace, window: Window, channel: str) -> tuple[int, int]:
    """(stamp's own, added by the bench's lateness) half-widths in ns of a channel's stamps."""
    stamping = trace.stamping.get(channel)
    if stamping is None:
        return 0, window.late_ns
    return stamping.u_ns, 0 if stamping.origin.sound else window.late_ns


def _stopped_by(trace: Trace, opened: facts.SafetyOpened) -> SafetyInputOpen:
    off = (mark.fact.within_ns for mark in trace.of(facts.SafetyOff) if mark.fact.input == opened.input)
    return SafetyInputOpen(
        input=opened.input, said=opened.why, in_the_shot=opened.closed_before, off_within_ns=next(off, None)
    )


def told_by_marks(trace: Trace) -> tuple[list[Finding], list[Finding]]:
    """(bench faults, anomalies) that the marks of the whole shot tell."""
    faults: list[Finding] = []
    anomalies: list[Finding] = []
    for mark in trace.marks:
        faults.extend(_faults_told(trace, mark.source, mark.fact))
        anomalies.extend(_oddities_told(mark.source, mark.fact))
    return faults, anomalies


def _faults_told(trace: Trace, where: str, fact: facts.Fact) -> tuple[Finding, ...]:
    match fact:
        case facts.PreconditionMissed():
            return (PreconditionMissed(source=where, said=fact.reason),)
        case facts.BenchBroke():
            return (BenchError(source=where, said=fact.reason),)
        case facts.StimulusOutlasted():
            return (StimulusOutlasted(**asdict(fact)),)
        case facts.LinkBroke():
            return (BenchError(source=where, said=fact.text),)
        case facts.DutRefused():
            return (DutRefused(source=where, said=fact.reason),)
        case facts.SafetyOpened():
            return (_stopped_by(trace, fact),)
        case facts.Aborted():
            return (Aborted(source=where, said=fact.reason),)
        case facts.Anomaly() if fact.dropped:
            return (FramesLost(source=where, count=fact.dropped),)
    return ()


def _oddities_told(where: str, fact: facts.Fact) -> tuple[Finding, ...]:
    match fact:
        case facts.SafeStateReached(seen_by=""):
            return (OffUnwitnessed(),)
        case facts.OutputBeyondRange():
            return (OutputHeldAtEnd(**asdict(fact)),)
        case facts.SignalClipped():
            return (SignalHeldAtEnd(**asdict(fact)),)
        case facts.Anomaly():
            return (AnomalySeen(source=where, what=fact.what, about=fact.about, said=fact.text),)
    return ()
