"""What one shot's measuring works on, and the two forms in which it finds something: instants and words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bench.measure.interval import Interval, Latency, Term
from bench.measure.plan import Plan
from bench.measure.questions import Codec
from bench.measure.window import Window, stamp_half_width
from bench.trace.events import Kind, Mark
from bench.trace.timeline import Trace
from bench.units import format_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An instant found, with the terms of its width. t_ns: stamp of the frame that showed it."""

    interval: Interval
    t_ns: int
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is told in words, in the order of finding it; see Measurement for what each list says of whom."""

    broken: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    anomalies: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One trace, its armed window and the questions to it. decoders: by channel."""

    trace: Trace
    window: Window
    plan: Plan
    decoders: Mapping[str, Codec]

    def marks(self, kind: Kind) -> Iterator[Mark]:
        """Marks of the measured step; of all steps where the plan names none."""
        step = self.plan.onset_step
        return (m for m in self.trace.of_kind(kind) if step is None or m.facts.get("step") in (step, None))

    def commanded(self) -> Mark | None:
        return next(self.marks(Kind.STIMULUS_COMMANDED), None)

    def half_widths(self, channel: str) -> tuple[int, int]:
        """(stamp's own, added by the bench's lateness) half-widths in ns of a channel's stamps."""
        return stamp_half_width(self.trace, self.window, channel)

    def when(self, t_ns: int, onset: Seen | None) -> str:
        """`+12 ms after onset`; after the command or the arming where there is none."""
        commanded = self.commanded()
        if onset is not None:
            start_ns, name = onset.t_ns, "onset"
        elif commanded is not None:
            start_ns, name = commanded.t_ns, "the command"
        else:
            start_ns, name = self.window.start_ns, "arming"
        if t_ns < start_ns:
            return f"{format_ns(start_ns - t_ns)} before {name}"
        return f"+{format_ns(t_ns - start_ns)} after {name}"


def latency(start: Seen | None, end: Seen | None) -> Latency | None:
    """From one instant to the other; None where one of them was not seen."""
    if start is None or end is None:
        return None
    return Latency(interval=end.interval.since(start.interval), terms=(*start.terms, *end.terms))
