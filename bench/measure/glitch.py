"""Whether a glitch was shown to the DUT for so long that its debounce could rightly fill. No time is measured here."""

from collections.abc import Mapping

from bench.measure.plan import Plan
from bench.measure.questions import Codec, Question, by_address
from bench.measure.window import Window, stamp_half_width
from bench.timing.clock import Timebase
from bench.trace.timeline import Trace
from bench.units import format_ns


def too_long_a_glitch(trace: Trace, window: Window, plan: Plan, decoders: Mapping[str, Codec]) -> list[str]:
    """In words: a frame that came late made another stimulus of it, so a trip is no proof against the DUT.

    Simulated time is never late, and a stimulus that no signal shows has its length judged when it is cleared.
    """
    limit_ns = plan.glitch_under_ns
    if limit_ns is None or trace.timebase is Timebase.SIMULATED:
        return []
    questions = [Question(test, decoders) for test in plan.onset]
    index = by_address(questions)
    shown: list[tuple[int, Question]] = []
    for t_ns, channel, frame, _ in window.frames:
        for question in index.get((channel, frame.can_id, frame.extended), ()):
            since_ns = question.yes_ns
            if question.hear(t_ns, frame.data) is False and since_ns is not None:
                shown.append((t_ns - since_ns, question))
    shown += [(window.end_ns - one.yes_ns, one) for one in questions if one.yes_ns is not None]
    if not shown:
        return []
    longest_ns, question = max(shown, key=lambda one: one[0])
    u_ns, _ = stamp_half_width(trace, window, question.test.channel)
    if longest_ns + 2 * u_ns < limit_ns:
        return []
    return [
        f"{question.test.message} showed the glitch for {format_ns(longest_ns)}; "
        f"the DUT's debounce may fill from {format_ns(limit_ns)} on"
    ]
