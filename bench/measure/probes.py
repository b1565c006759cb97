"""When each link of the reaction chain was seen: flag, state frame, contactor command, feedback, current gone."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

import numpy as np

from bench.measure.frames import Frames
from bench.measure.interval import Interval, ProbeSeen
from bench.measure.lagging import lag_ends
from bench.measure.plan import Probe
from bench.measure.questions import Address, Codec, Question, by_address, mask_of
from bench.measure.window import Window, stamp_half_width
from bench.trace.timeline import Trace


class _Waiting:
    """A probe that has not been seen yet. Its tests are evaluated one after the other, up to the first one that
    fails.
    """

    __slots__ = ("_latest_ns", "denied_ns", "name", "questions")

    def __init__(self, probe: Probe, decoders: Mapping[str, Codec], onset: Interval) -> None:
        self.name = probe.name
        self.questions = [Question(test, decoders) for test in probe.tests]
        self.denied_ns = onset.low_ns
        self._latest_ns = [lag_ends(test)[1] for test in probe.tests]

    def holds(self, latest: Mapping[Address, tuple[int, bytes]]) -> bool:
        for question, latest_ns in zip(self.questions, self._latest_ns, strict=True):
            seen = latest.get(question.address)
            if seen is None or not question.hear(*seen):
                if seen is not None:
                    self.denied_ns = max(self.denied_ns, seen[0] - latest_ns)
                return False
        return True

    @property
    def told_after_ns(self) -> int:
        """So much earlier than its frame the fact was at least."""
        return min(lag_ends(question.test)[0] for question in self.questions)


class _Latest(dict[Address, tuple[int, bytes]]):
    """The newest frame of each message, as stamp and payload, while it is gone from news to news."""

    def __init__(self, frames: Frames, asked: Iterable[Address], start: int) -> None:
        """As of the place `start`."""
        self._stretches = {one: frames.stretch(one) for one in asked}
        begun = {one: found for one, found in self._stretches.items() if found.before(start)}
        places = [int(found.places[found.before(start) - 1]) for found in begun.values()]
        seen = frames.at(np.array(places, np.intp))
        super().__init__({one: (frame[0], frame[2][1]) for one, frame in zip(begun, seen)})

    def catch_up(self, questions: Iterable[Question], place: int) -> None:
        """What came since and before this place said the same as the last that was news, later."""
        for question in questions:
            stretch = self._stretches[question.address]
            if stretch.before(place):
                _, data = self[question.address]
                self[question.address] = int(stretch.t_ns[stretch.before(place) - 1]), data


def probes_seen(
    trace: Trace,
    window: Window,
    onset: Interval,
    probes: Sequence[Probe],
    decoders: Mapping[str, Codec],
) -> tuple[ProbeSeen, ...]:
    """The instant (ns) from which all tests of each probe are true: from the last denial to the frame that shows it.

    The search starts at the onset and ends at the last probe. It looks only at frames that change the answer, since
    it runs for every shot.
    """
    if not probes:
        return ()
    waiting = {probe.name: _Waiting(probe, decoders, onset) for probe in probes}
    questions = by_address(question for one in waiting.values() for question in one.questions)
    frames = window.frames
    start = frames.place_at(onset.high_ns + 1)
    latest = _Latest(frames, questions, start)
    held = {name for name, one in waiting.items() if one.holds(latest)}
    found: dict[str, Interval] = {}
    open_ = {name: one for name, one in waiting.items() if name not in held}
    listeners = _listeners(open_.values())
    news = frames.news({address: mask_of(questions[address]) for address in listeners})
    for place, seen in news[bisect_left(news, start, key=itemgetter(0)) :]:
        key = (seen[1], seen[2][0], seen[2][2])
        asked = [one for one in listeners[key] if one.name in open_]
        for one in asked:
            latest.catch_up(one.questions, place)
            one.holds(latest)
        latest[key] = seen[0], seen[2][1]
        for one in asked:
            if one.holds(latest):
                del open_[one.name]
                u_ns = sum(stamp_half_width(trace, window, seen[1]))
                told_ns = seen[0] - one.told_after_ns
                low_ns = min(one.denied_ns, told_ns) - u_ns
                found[one.name] = Interval(low_ns=low_ns, high_ns=told_ns + u_ns)
        if not open_:
            break
    return tuple(
        ProbeSeen(name=probe.name, at=found.get(probe.name), held_before=probe.name in held)
        for probe in probes
    )


def _listeners(waiting: Iterable[_Waiting]) -> dict[Address, list[_Waiting]]:
    found: dict[Address, list[_Waiting]] = {}
    for one in waiting:
        for key in {question.address for question in one.questions}:
            found.setdefault(key, []).append(one)
    return found
