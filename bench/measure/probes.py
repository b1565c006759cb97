"""When each link of the reaction chain was seen: flag, state frame, contactor command, feedback, current gone."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

from bench.measure.interval import Interval, ProbeSeen
from bench.measure.lagging import lag_ends
from bench.measure.plan import Probe
from bench.measure.questions import Address, Codec, Question
from bench.measure.window import Window, stamp_half_width
from bench.trace.events import FrameSeen
from bench.trace.timeline import Trace

_stamp = itemgetter(0)


class _Waiting:
    """A probe that has not been seen yet. Its tests are asked in turn, and no further than the first denial."""

    __slots__ = ("_latest_ns", "denied_ns", "name", "questions")

    def __init__(self, probe: Probe, decoders: Mapping[str, Codec], onset: Interval) -> None:
        self.name = probe.name
        self.questions = [Question(test, decoders) for test in probe.tests]
        self.denied_ns = onset.low_ns
        self._latest_ns = [lag_ends(test)[1] for test in probe.tests]

    def holds(self, latest: Mapping[Address, FrameSeen]) -> bool:
        for question, latest_ns in zip(self.questions, self._latest_ns, strict=True):
            seen = latest.get(question.address)
            if seen is None or not question.hear(seen[0], seen[2][1]):
                if seen is not None:
                    self.denied_ns = max(self.denied_ns, seen[0] - latest_ns)
                return False
        return True

    @property
    def told_after_ns(self) -> int:
        """So much earlier than its frame the fact was at least."""
        return min(lag_ends(question.test)[0] for question in self.questions)


def probes_seen(
    trace: Trace,
    window: Window,
    onset: Interval,
    probes: Sequence[Probe],
    decoders: Mapping[str, Codec],
) -> tuple[ProbeSeen, ...]:
    """The instant from which all tests of each probe hold, from the last denial to the frame that shows it.

    One pass from the onset on, over the messages asked only, and no further than the last probe: this is done
    for every shot.
    """
    if not probes:
        return ()
    waiting = {probe.name: _Waiting(probe, decoders, onset) for probe in probes}
    asked = {question.address for one in waiting.values() for question in one.questions}
    frames = window.frames
    start = bisect_right(frames, onset.high_ns, key=_stamp)
    latest = _last_before(frames, start, asked)
    held = {name for name, one in waiting.items() if one.holds(latest)}
    found: dict[str, Interval] = {}
    open_ = {name: one for name, one in waiting.items() if name not in held}
    listeners = _listeners(open_.values())
    ids = {key[1] for key in listeners}
    for seen in [seen for seen in frames[start:] if seen[2][0] in ids]:
        key = (seen[1], seen[2][0], seen[2][2])
        latest[key] = seen
        for one in listeners.get(key, ()):
            if one.name in open_ and one.holds(latest):
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


def _last_before(frames: Sequence[FrameSeen], start: int, asked: set[Address]) -> dict[Address, FrameSeen]:
    """The last frame of each message before `start`: what held at the onset."""
    found: dict[Address, FrameSeen] = {}
    for position in range(start - 1, -1, -1):
        seen = frames[position]
        key = (seen[1], seen[2][0], seen[2][2])
        if key in asked and key not in found:
            found[key] = seen
            if len(found) == len(asked):
                break
    return found
