"""Whether a refusal was earned: the same DUT has closed before, was asked again, and was watched for long enough."""

from operator import itemgetter

from bench.measure.finding.bench import HoldCutShort
from bench.measure.finding.reach import ControlMissing, RequestUnseen
from bench.measure.questions import Question, by_address
from bench.measure.refusal_asked import ControlAsked, RefusalAsked
from bench.measure.shot import Seen, Shot, Told
from bench.trace.facts import Requested


def check_refusal(shot: Shot, onset: Seen | None, told: Told) -> None:
    """A DUT that never closes refuses everything: without its control, no refusal says anything of it."""
    took = [_control_ns(shot, asked) for asked in shot.plan.control]
    told.faults.extend(
        ControlMissing(mode=asked.mode)
        for asked, took_ns in zip(shot.plan.control, took, strict=True)
        if took_ns is None
    )
    refusal = shot.plan.refusal
    if refusal is None or onset is None:
        return
    asked_ns = _shown_ns(shot, refusal, onset.interval.low_ns)
    if asked_ns is None:
        told.faults.append(RequestUnseen(mode=refusal.mode))
        return
    # As long as this DUT took to close when nothing was wrong, and as long as the scenario says.
    wanted_ns = max(shot.plan.hold_ns, *(took_ns or 0 for took_ns in took), 0)
    short_ns = asked_ns + wanted_ns - shot.window.end_ns
    if short_ns > 0:
        told.faults.append(HoldCutShort(short_ns=short_ns))


def _control_ns(shot: Shot, asked: ControlAsked) -> int | None:
    """How long after its request the mode was reached (ns), before the arming; None: it was not."""
    requests = (m for m in shot.trace.of(Requested) if m.t_ns < shot.window.start_ns)
    begun = [m.t_ns for m in requests if m.fact.mode == asked.mode]
    if not begun or not asked.reached:
        return None
    groups = [[Question(test, shot.decoders) for test in group] for group in asked.reached]
    index = by_address([question for group in groups for question in group])
    for t_ns, channel, frame, _ in sorted(shot.window.before.only(index), key=itemgetter(0)):
        if t_ns < begun[0]:
            continue
        for question in index[channel, frame[0], frame[2]]:
            question.hear(t_ns, frame[1])
        if all(any(question.holds for question in group) for group in groups):
            return t_ns - begun[0]
    return None


def _shown_ns(shot: Shot, refusal: RefusalAsked, from_ns: int) -> int | None:
    """Since which frame the request was shown without a break to the end (ns); None: it was not."""
    question = Question(refusal.shown, shot.decoders)
    since_ns: int | None = None
    for t_ns, _, frame, _ in shot.window.frames.only(by_address([question])):
        if t_ns < from_ns:
            continue
        answer = question.hear(t_ns, frame[1])
        if answer is False:
            since_ns = None
        elif answer and since_ns is None:
            since_ns = t_ns
    return since_ns
