"""Silence that the stimulus itself makes: a controller that is reset or hangs says nothing until it is up again.

Excused is the time from the command until the fault is over, and one boot: the first pause of the whole DUT after it.
Once any message of the DUT was heard again, its silence counts as it does elsewhere.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bench.measure.questions import address_of, message_of
from bench.measure.shot import Shot
from bench.trace.facts import StimulusCommanded, StimulusConfirmed

Span = tuple[int, int]
"""From, until; ns."""

_PAUSE_CYCLES = 2  # of the DUT's fastest sign of life: longer without any frame of the DUT is a pause


def excused_spans(shot: Shot) -> tuple[Span, ...]:
    """In the order of time."""
    if not shot.plan.silenced_by:
        return ()
    stamps = _heard_ns(shot)
    spans = (_span(shot, step, boots, stamps) for step, boots in shot.plan.silenced_by)
    return tuple(sorted(span for span in spans if span is not None))


def longest_silence(stamps: NDArray[np.int64] | Sequence[int], span: Span, excused: Sequence[Span]) -> Span:
    """(length, from when) of the longest gap between the edges of `span` and the stamps in it, in ns.

    stamps: in their order.
    """
    best, stamps = (0, span[0]), np.asarray(stamps, np.int64)
    for start_ns, end_ns in _outside(span, excused):
        first, last = stamps.searchsorted(start_ns, "right"), stamps.searchsorted(end_ns)
        edges = np.concatenate([[start_ns], stamps[first : max(first, last)], [end_ns]])
        gaps = np.diff(edges)
        at = int(gaps.argmax())
        best = max(best, (int(gaps[at]), int(edges[at])), key=lambda one: one[0])
    return best


def _outside(span: Span, excused: Sequence[Span]) -> Iterator[Span]:
    start_ns, end_ns = span
    for from_ns, until_ns in excused:
        if from_ns > start_ns:
            yield start_ns, min(from_ns, end_ns)
        start_ns = max(start_ns, until_ns)
    if start_ns < end_ns:
        yield start_ns, end_ns


def _span(shot: Shot, step: int, boots: bool, stamps: Sequence[int]) -> Span | None:
    commanded = next((m.t_ns for m in shot.trace.of(StimulusCommanded) if m.fact.step == step), None)
    if commanded is None:
        return None
    over = next((m.t_ns for m in shot.trace.of(StimulusConfirmed) if m.fact.step == step), None)
    if over is None:  # the bench's own fault, and told as that
        return commanded, shot.window.end_ns
    return commanded, _up_again_ns(shot, over, stamps) if boots else over


def _up_again_ns(shot: Shot, over_ns: int, stamps: Sequence[int]) -> int:
    """The end of the boot: a pause that ends, and that begins no later than a sign of life may be late."""
    plan = shot.plan
    latest_ns = over_ns + max((longest_ns for _, _, longest_ns in plan.heard), default=0)
    pauses = []
    for channel, message, longest_ns in plan.heard:
        cycle_ns = message_of(shot.decoders, channel, message).cycle_ns
        pauses.append(_PAUSE_CYCLES * cycle_ns if cycle_ns else longest_ns // 2)
    pause_ns = min(pauses, default=0)
    edges = pairwise([over_ns, *(t for t in stamps if t > over_ns)])
    return next((b for a, b in edges if a <= latest_ns and b - a > pause_ns), over_ns)


def _heard_ns(shot: Shot) -> list[int]:
    """Stamps of whatever only the DUT sends."""
    own = {*shot.plan.own, *((channel, message) for channel, message, _ in shot.plan.heard)}
    known = {address_of(shot.decoders, channel, message) for channel, message in own}
    stamps = [shot.window.frames.stretch(one).t_ns for one in known]
    return sorted(t_ns for one in stamps for t_ns in one.tolist())
