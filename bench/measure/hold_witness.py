"""Whether a hold was witnessed: each message that says so was heard all the time, not just at its end."""

from collections.abc import Sequence

from bench.measure.excused import Span, excused_spans, longest_silence
from bench.measure.questions import Question
from bench.measure.shot import Shot

_CYCLES = 3  # a message that is not heard for so many of its cycles is silent


def mute_in_hold(shot: Shot, questions: Sequence[Question], hold: Span) -> list[Question]:
    """The witnesses whose message was silent for longer than its patience, except where the stimulus excuses the
    silence.
    """
    end_ns = hold[1]
    mute = [q for q in questions if q.cycle_ns and (q.last_ns or 0) + _CYCLES * q.cycle_ns < end_ns]
    if not shot.plan.hold_witnessed:
        return mute
    excused = excused_spans(shot)
    for question in questions:
        if not question.cycle_ns or question in mute:
            continue
        stamps = shot.window.frames.stretch(question.address).t_ns
        stamps = stamps[(stamps >= hold[0]) & (stamps <= end_ns)]
        gap_ns, _ = longest_silence(stamps, hold, excused)
        if gap_ns - 2 * sum(shot.half_widths(question.test.channel)) > _patience_ns(shot, question):
            mute.append(question)
    return mute


def _patience_ns(shot: Shot, question: Question) -> int:
    """Its cycles; at least what the profile allows it, or the signs of life on its bus."""
    test = question.test
    own = [ns for channel, name, ns in shot.plan.heard if (channel, name) == (test.channel, test.message)]
    near = [ns for channel, _, ns in shot.plan.heard if channel == test.channel]
    return max(_CYCLES * question.cycle_ns, min(own or near, default=0))
