"""Whether a glitch was shown to the DUT for so long that its debounce could rightly fill. No time is measured here."""

from collections.abc import Mapping

from bench.measure.finding.base import Finding
from bench.measure.finding.bench import GlitchTooLong
from bench.measure.hidden_glitch import longest_hidden
from bench.measure.plan import Plan
from bench.measure.questions import Codec, Question, by_address
from bench.measure.window import Window, stamp_half_width
from bench.trace.timeline import Trace


def too_long_a_glitch(
    trace: Trace, window: Window, plan: Plan, decoders: Mapping[str, Codec]
) -> list[Finding]:
    """A late frame made the glitch longer than intended, so a trip is no proof against the DUT.

    Several signals that take turns are one stimulus to a DUT that reads all of them. It lasts from the first signal
    that shows it to the last one that shows it. A stimulus that no value shows lasts from the first frame made while
    it was on to the first frame made after it.
    """
    limit_ns = plan.glitch_under_ns
    if limit_ns is None:
        return []
    questions = [Question(test, decoders) for test in plan.onset]
    index = by_address(questions)
    showing: set[int] = set()
    since_ns = longest_ns = 0
    question: Question | None = None  # the last one of the longest
    for t_ns, channel, frame, _ in window.frames.only(index):
        for one in index[channel, frame.can_id, frame.extended]:
            answer = one.hear(t_ns, frame.data)
            if answer:
                since_ns = since_ns if showing else t_ns
                showing.add(id(one))
            elif answer is False and id(one) in showing:
                showing.remove(id(one))
                if not showing and t_ns - since_ns > longest_ns:
                    longest_ns, question = t_ns - since_ns, one
    if showing and window.end_ns - since_ns > longest_ns:
        longest_ns = window.end_ns - since_ns
        question = next(one for one in questions if id(one) in showing)
    where = None if question is None else (question.test.channel, question.test.message)
    hidden = longest_hidden(trace, window, plan, decoders)
    if hidden is not None and hidden[0] > longest_ns:
        longest_ns, where = hidden[0], (hidden[1].channel, hidden[1].message)
    if where is None:
        return []
    channel, message = where
    u_ns, _ = stamp_half_width(trace, window, channel)
    if longest_ns + 2 * u_ns < limit_ns:
        return []
    return [GlitchTooLong(message=message, shown_ns=longest_ns, limit_ns=limit_ns)]
