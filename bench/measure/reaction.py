"""The delay between what a DUT reports and its beginning to open, where its profile publishes one."""

from collections.abc import Sequence

from bench.measure.announced import Announced
from bench.measure.clock_rate import rate_ppb
from bench.measure.instant import instant_of
from bench.measure.interval import Reaction
from bench.measure.lagging import fact_after_ns
from bench.measure.questions import Hearing, Question, by_address
from bench.measure.shot import Seen, Shot, between
from bench.measure.signal_test import SignalTest


def reactions(
    shot: Shot,
    onset: Seen | None,
    safe: Seen | None,
    announced: Sequence[Announced],
    opening: Sequence[SignalTest],
) -> tuple[Reaction, ...]:
    """One for each announced fault that was reported; none where the DUT did not begin to open after the onset.

    opening: any of these is the beginning of it, where it was denied before; none: the safe state is.
    """
    if onset is None or not announced:
        return ()
    # A message that comes only when something has happened denies nothing before; a coil that nobody heard closed does.
    ears = [_Ear(shot, onset, one.tests, unheard_is_no=True) for one in announced]
    coils = _Ear(shot, onset, opening, unheard_is_no=False)
    _hear(shot, [*ears, coils])
    began = coils.began() if opening else safe
    if began is None:
        return ()
    ppb = rate_ppb(shot.trace)
    return tuple(
        Reaction(
            latency=between(told, began, ppb),
            floor_ns=one.floor_ns,
            ceiling_ns=one.ceiling_ns,
        )
        for ear, one in zip(ears, announced, strict=True)
        if (told := ear.told()) is not None
    )


def _hear(shot: Shot, ears: "Sequence[_Ear]") -> None:
    frames = shot.window.frames
    asked = by_address([question for ear in ears for question in ear.questions])
    index = {address: Hearing(questions, frames) for address, questions in asked.items()}
    of = {id(question): ear for ear in ears for question in ear.questions}
    for place, (t_ns, channel, frame, _) in frames.news({at: one.mask for at, one in index.items()}):
        hearing = index[channel, frame[0], frame[2]]
        hearing.shown(place)
        if hearing.repeats(t_ns, frame[1]):
            continue
        for one in index.values():
            one.settle(place)
        for question in hearing.questions:
            of[id(question)].hear(question, t_ns, frame[1])


class _Ear:
    """Hears a few questions, and keeps the first that turns from no to yes after the onset."""

    def __init__(self, shot: Shot, onset: Seen, tests: Sequence[SignalTest], *, unheard_is_no: bool) -> None:
        self.questions = [Question(test, shot.decoders) for test in tests]
        self._shot, self._onset = shot, onset
        self._unheard_is_no = unheard_is_no
        self._turned: tuple[SignalTest, int] | None = None
        self._denied_ns: list[int] = []

    def hear(self, question: Question, t_ns: int, data: bytes) -> None:
        if self._turned is not None:
            return
        said_no = question.holds is False or (question.holds is None and self._unheard_is_no)
        before_ns = question.no_ns
        if question.hear(t_ns, data) and said_no and t_ns >= self._onset.interval.low_ns:
            self._turned = question.test, t_ns
            denied = ((one.test, before_ns if one is question else one.no_ns) for one in self.questions)
            self._denied_ns = [at for test, no_ns in denied if (at := fact_after_ns(test, no_ns)) is not None]

    def told(self) -> Seen | None:
        """All tell of one thing: what the last of them has denied was not so."""
        return self._seen(max(self._denied_ns, default=None))

    def began(self) -> Seen | None:
        """Each tells of a thing of its own, and the first of these counts."""
        return self._seen(min(self._denied_ns, default=None))

    def _seen(self, after_ns: int | None) -> Seen | None:
        if self._turned is None:
            return None
        test, t_ns = self._turned
        return instant_of(self._shot, self._onset, test, t_ns, after_ns)
