"""How long a stimulus was shown that no value shows: from the first frame made under it to the first after it."""

from collections.abc import Mapping
from itertools import pairwise

from bench.codec.heard import heard
from bench.measure.irregular import SAMPLED_NS
from bench.measure.plan import Plan
from bench.measure.questions import Codec, message_of
from bench.measure.window import Window
from bench.trace.facts import StimulusCleared, StimulusCommanded
from bench.trace.irregular import Irregular, Irregularity
from bench.trace.timeline import Trace


def longest_hidden(
    trace: Trace, window: Window, plan: Plan, decoders: Mapping[str, Codec]
) -> tuple[int, Irregularity] | None:
    """(ns, by which question) of the longest; None: none was shown. Several messages that take turns are one."""
    stamps = [(one, _stamps(window, one, decoders)) for one in plan.onset_irregular]
    longest: tuple[int, Irregularity] | None = None
    for begin_ns, end_ns in _spans(trace, window, plan.onset_step):
        shown = [
            (*between, one)
            for one, seen in stamps
            if (between := _between(one, _cycle_ns(one, decoders), seen, begin_ns, end_ns, window))
            is not None
        ]
        if not shown:
            continue
        first_ns, last = min(one[0] for one in shown), max(shown, key=lambda one: one[1])
        if longest is None or last[1] - first_ns > longest[0]:
            longest = last[1] - first_ns, last[2]
    return longest


def _spans(trace: Trace, window: Window, step: int | None) -> list[tuple[int, int]]:
    """(command, clearing) of each time the step was put on; the window's end where it was not taken off."""
    marks = trace.of(StimulusCommanded)
    commanded = [mark.t_ns for mark in marks if step is None or mark.fact.step in (step, None)]
    cleared = [mark.t_ns for mark in trace.of(StimulusCleared)]
    return [
        (begin_ns, next((t_ns for t_ns in cleared if begin_ns <= t_ns <= next_ns), window.end_ns))
        for begin_ns, next_ns in pairwise([*commanded, window.end_ns])
    ]


def _stamps(window: Window, asked: Irregularity, decoders: Mapping[str, Codec]) -> list[int]:
    """Stamps (ns) of the frames that carry the signals in question."""
    codec = message_of(decoders, asked.channel, asked.message)
    carries = None if asked.signal is None else heard(codec.reader(asked.signal))
    return [
        t_ns
        for t_ns, _, frame, _ in window.frames.only([(asked.channel, codec.can_id, codec.extended)])
        if (carries is None or carries(frame.data) is not None)
    ]


def _cycle_ns(asked: Irregularity, decoders: Mapping[str, Codec]) -> int:
    cycle_ns = asked.cycle_ns
    return message_of(decoders, asked.channel, asked.message).cycle_ns if cycle_ns is None else cycle_ns


def _between(
    asked: Irregularity, cycle_ns: int, stamps: list[int], begin_ns: int, end_ns: int, window: Window
) -> tuple[int, int] | None:
    # A frame that ends just after an instant was made before it.
    begin_ns, end_ns = begin_ns + SAMPLED_NS, end_ns + SAMPLED_NS
    until_ns = next((t_ns for t_ns in stamps if t_ns >= end_ns), window.end_ns)
    if asked.what is Irregular.MISSING:  # due a cycle after the last one
        before = [t_ns for t_ns in stamps if t_ns < begin_ns]
        since_ns = before[-1] + cycle_ns if before else begin_ns
        return (since_ns, until_ns) if since_ns < until_ns else None
    first_ns = next((t_ns for t_ns in stamps if begin_ns <= t_ns < end_ns), None)
    return None if first_ns is None else (first_ns, until_ns)
