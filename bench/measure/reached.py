"""Whether the DUT came into the mode that it was asked for, and stayed in it while it was asked."""

from bench.measure.finding.bench import HoldCutShort, WindowCutShort
from bench.measure.finding.reach import NotKept, NotReached
from bench.measure.finding.stimulus import NoStimulus
from bench.measure.onset import check_carried
from bench.measure.plan import Aim
from bench.measure.questions import Question, by_address
from bench.measure.shot import Shot, Told
from bench.trace.facts import Requested
from bench.trace.mark import Mark

Groups = list[list[Question]]


def find_reached(shot: Shot, told: Told) -> None:
    """The request has to be proven in a frame; all groups of `plan.reached` have to hold, any question of each."""
    asked = None
    for mark in shot.trace.of(Requested):
        asked = mark if shot.window.start_ns <= mark.t_ns <= shot.window.end_ns else asked
    if asked is None:
        told.faults.append(NoStimulus())
        return
    if shot.plan.aim is Aim.MUST_REACH:  # else its stimulus is looked at as that of any other
        check_carried(shot, asked.t_ns, told)
    groups = [[Question(test, shot.decoders) for test in group] for group in shot.plan.reached]
    within_ns = shot.plan.reach_ns or shot.plan.window_ns - shot.plan.hold_ns
    reached_ns = _reached(shot, asked, groups, told)
    if reached_ns is None or reached_ns - asked.t_ns > within_ns:
        looked_ns = shot.window.end_ns - asked.t_ns
        expected_ns = within_ns if shot.plan.reach_ns else shot.plan.window_ns
        if reached_ns is None and looked_ns < expected_ns:
            told.faults.append(WindowCutShort(looked_ns=looked_ns, expected_ns=expected_ns))
        lacking = tuple(group[0].test for group in groups if not _holds(group))
        told.broken.append(NotReached(mode=asked.fact.mode, lacking=lacking, within_ns=within_ns))
        return
    short_ns = reached_ns + shot.plan.hold_ns - shot.window.end_ns
    if short_ns > 0:
        told.faults.append(HoldCutShort(short_ns=short_ns))


def _reached(shot: Shot, asked: Mark[Requested], groups: Groups, told: Told) -> int | None:
    """When all of it first held; that it did not go on holding is told."""
    index = by_address([question for group in groups for question in group])
    reached_ns: int | None = None
    for t_ns, channel, frame, _ in shot.window.frames.each(index):
        for question in index[channel, frame.can_id, frame.extended]:
            question.hear(t_ns, frame.data)
        if t_ns < asked.t_ns:
            continue
        if reached_ns is None:
            reached_ns = t_ns if groups and all(map(_holds, groups)) else None
        elif t_ns > reached_ns + shot.plan.hold_ns:
            break
        elif lost := next((group for group in groups if not _holds(group)), None):
            since = shot.when(t_ns, None)
            told.broken.append(NotKept(mode=asked.fact.mode, test=lost[0].test, since=since))
            break
    return reached_ns


def _holds(group: list[Question]) -> bool:
    return any(question.holds for question in group)
