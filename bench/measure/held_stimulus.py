"""Whether a stimulus that was to last stood in the frames for as long as it was needed: one frame proves little."""

from bench.measure.finding.stimulus import StimulusNotHeld
from bench.measure.questions import Question, by_address
from bench.measure.shot import Shot

AGAIN = 2  # frames in a row without it: a single one may be noise of an instrument


def lost_again(shot: Shot, until_ns: int) -> list[StimulusNotHeld]:
    """A fault that is gone before the DUT had to answer proves neither that it answers nor that it stays quiet."""
    from_ns = shot.forced_from_ns()
    if not shot.plan.held or from_ns is None:
        return []
    index = by_address([Question(test, shot.decoders) for test in shot.plan.held])
    since: dict[int, int] = {}
    denied: dict[int, int] = {}
    found: dict[int, StimulusNotHeld] = {}
    for t_ns, channel, frame, _ in shot.window.frames.only(index):
        if not from_ns <= t_ns < until_ns:
            continue
        for question in index.get((channel, frame.can_id, frame.extended), ()):
            key, answer = id(question), question.hear(t_ns, frame.data)
            if answer:
                since.setdefault(key, t_ns)
                denied[key] = 0
            elif answer is False and key in since:
                denied[key] += 1
                if denied[key] == AGAIN and key not in found:
                    found[key] = _lost(question, frame.data, t_ns - since[key])
    return list(found.values())


def _lost(question: Question, data: bytes, after_ns: int) -> StimulusNotHeld:
    test = question.test
    wanted = sum(one.value for one in (test, *test.together)) / (1 + len(test.together))
    return StimulusNotHeld(
        message=test.message,
        signal=test.signal,
        wanted=wanted,
        found=question.value(data) or 0.0,
        after_ns=after_ns,
    )
