"""When further states of the DUT were reached: the first contactor, the last, whatever a scenario asks of beside."""

from bench.measure.clock_rate import rate_ppb
from bench.measure.instant import instant_of
from bench.measure.interval import Interval, StateSeen
from bench.measure.lagging import fact_after_ns
from bench.measure.plan import StateAsked
from bench.measure.questions import Question, by_address
from bench.measure.shot import Seen, Shot, latency


def states_seen(shot: Shot, onset: Seen | None) -> tuple[StateSeen, ...]:
    """In the plan's order; one that did not come, or of which no onset is known, has no latency."""
    asked = shot.plan.states
    if not asked:
        return ()
    waiting = [_Waiting(one, shot) for one in asked]
    if onset is not None:
        index = by_address([question for one in waiting for question in one.questions])
        of = {id(question): one for one in waiting for question in one.questions}
        for t_ns, channel, frame, _ in shot.window.frames.only(index):
            for question in index[channel, frame[0], frame[2]]:
                question.hear(t_ns, frame[1])
                of[id(question)].look(shot, onset, t_ns)
    ppb = rate_ppb(shot.trace)
    return tuple(StateSeen(name=one.name, latency=latency(onset, one.reached, ppb)) for one in waiting)


class _Waiting:
    """One state, until all of its tests hold at once after the onset."""

    def __init__(self, asked: StateAsked, shot: Shot) -> None:
        self.name = asked.name
        self.questions = [Question(test, shot.decoders) for test in asked.tests]
        self.reached: Seen | None = None

    def look(self, shot: Shot, onset: Seen, t_ns: int) -> None:
        if self.reached is not None or t_ns < onset.interval.low_ns:
            return
        if not all(question.holds for question in self.questions):
            return
        seen = [
            instant_of(
                shot,
                onset,
                one.test,
                t_ns if one.yes_ns is None else one.yes_ns,
                fact_after_ns(one.test, one.no_ns),
            )
            for one in self.questions
        ]
        last = max(seen, key=lambda one: one.interval.high_ns)
        low_ns = max(one.interval.low_ns for one in seen)
        interval = Interval(low_ns=low_ns, high_ns=last.interval.high_ns)
        self.reached = Seen(interval=interval, t_ns=t_ns, terms=last.terms)
