"""Whether a stimulus that was to last stood in the frames for as long as it was needed: one frame proves little."""

from itertools import pairwise
from operator import itemgetter

from bench.measure.finding.stimulus import StimulusNotHeld
from bench.measure.frames import Frames, Stretch
from bench.measure.questions import Question, by_address, mask_of
from bench.measure.shot import Shot

AGAIN = 2  # frames in a row without it: a single one may be noise of an instrument


def lost_again(shot: Shot, until_ns: int) -> list[StimulusNotHeld]:
    """A fault that is gone before the DUT had to answer proves neither that it answers nor that it stays quiet."""
    from_ns = shot.forced_from_ns()
    if not shot.plan.held or from_ns is None:
        return []
    frames = shot.window.frames
    forced = frames.between(frames.place_at(from_ns), frames.place_at(until_ns))
    index = by_address([Question(test, shot.decoders) for test in shot.plan.held])
    found: list[tuple[int, StimulusNotHeld]] = []
    for address, questions in index.items():
        lost = (_first_lost(forced, question, forced.stretch(address)) for question in questions)
        found += [one for one in lost if one is not None]
    return [finding for _, finding in sorted(found, key=itemgetter(0))]


def _first_lost(frames: Frames, question: Question, stretch: Stretch) -> tuple[int, StimulusNotHeld] | None:
    """(place, finding): the frame that was the last one needed, after one in which the stimulus stood."""
    stretch = question.carried_in(stretch)
    places = stretch.news(mask_of([question]))
    begun = [*stretch.places.searchsorted(places).tolist(), len(stretch.places)]
    since_ns: int | None = None
    denied = 0
    for seen, (first, after) in zip(frames.at(places), pairwise(begun)):
        answer = question.hear(seen[0], seen[2][1])
        if answer:
            since_ns = seen[0] if since_ns is None else since_ns
            denied = 0
        elif answer is False and since_ns is not None:
            denied += after - first  # those between two news say the same
            if denied >= AGAIN:
                last = after - 1 - (denied - AGAIN)
                after_ns = int(stretch.t_ns[last]) - since_ns
                return int(stretch.places[last]), _lost(question, seen[2][1], after_ns)
    return None


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
