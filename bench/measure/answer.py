"""The DUT's answer to a stimulus: detection, safe state and its hold, its DTC, and what must never have held."""

from enum import Enum

from bench.measure.finding.answer import (
    ForbiddenSeen,
    ReportedBeforeFault,
    SafeStateBeforeFault,
    SafeStateNotHeld,
)
from bench.measure.finding.base import When
from bench.measure.finding.bench import HoldCutShort
from bench.measure.finding.life import FramesUnreadable, SilentInHold
from bench.measure.instant import instant_of
from bench.measure.interval import Interval
from bench.measure.lagging import fact_after_ns, lag_ends
from bench.measure.plan import Aim
from bench.measure.questions import Hearing, Question, by_address
from bench.measure.shot import Seen, Shot, Told
from bench.measure.signal_test import SignalTest


class _Role(Enum):
    """What a question is asked for."""

    DETECTION = 0
    SAFE_STATE = 1
    FORBIDDEN = 2
    DTC = 3


_REPORTS = (_Role.DETECTION, _Role.DTC)


class Answer:
    """One pass over the window: made, heard once, then read. What it found beside is in `told`."""

    def __init__(self, shot: Shot, onset: Seen | None, told: Told) -> None:
        self.detected: Seen | None = None
        self.safe: Seen | None = None
        self.held: bool | None = None
        self.dtc_seen: bool | None = None
        self._shot = shot
        self._plan = shot.plan
        self._onset = onset
        self._told = told
        plan, trip = shot.plan, shot.plan.aim is Aim.MUST_TRIP
        self._detection = [Question(test, shot.decoders) for test in plan.detection]
        self._safe_state = [Question(test, shot.decoders) for test in plan.safe_state] if trip else []
        self._forbidden = [Question(test, shot.decoders) for test in plan.forbidden]
        self._dtc = [Question(test, shot.decoders) for test in shot.dtc_tests]
        groups = (self._detection, self._safe_state, self._forbidden, self._dtc)
        self._questions = [question for group in groups for question in group]
        self._roles = {id(q): role for role, group in zip(_Role, groups, strict=True) for q in group}
        self._early: set[int] = set()

    def hear(self) -> None:
        """Ask the frames of the window; nothing where a trip has no onset to count from: a bench fault already."""
        if self._plan.aim is Aim.MUST_TRIP and self._onset is None:
            return
        from_ns = self._from_ns()
        index = {at: Hearing(asked) for at, asked in by_address(self._questions).items()}
        hearings = list(index.values())
        safe = self._safe_state
        self.dtc_seen = False if self._dtc else None
        passed = False  # the first frame after onset was met
        for t_ns, channel, frame, _ in self._shot.window.frames:
            hearing = index.get((channel, frame[0], frame[2]))
            after = t_ns >= from_ns
            if after and not passed:
                passed = True
                for one in hearings:
                    one.settle()
                    one.changed = True
                self._check_not_safe_yet(from_ns)
            elif hearing is None or hearing.repeats(t_ns, frame[1]):
                continue
            for one in hearings:
                one.settle()
            for question in hearing.questions if hearing is not None else ():
                self._ask(question, t_ns, frame[1], after)
            if after and safe:
                self._watch_safe(t_ns)
        for one in hearings:
            one.settle()
        if safe:
            self._close_hold()
        self._tell_torn()

    def unanswered(self) -> list[SignalTest]:
        """Tests of detection, safe state and DTC that would have been an answer, and that nothing has given."""
        asked = [] if self.detected is not None else self._detection
        if self.safe is None:
            asked = [*asked, *(q for q in self._safe_state if not q.holds)]
        if self.dtc_seen is False:
            asked = [*asked, *self._dtc]
        return list(dict.fromkeys(q.test for q in asked))

    def _from_ns(self) -> int:
        """From here on what holds is an answer, and no longer what held before."""
        if self._plan.aim is not Aim.MUST_TRIP or self._onset is None:
            return self._shot.window.start_ns
        # Where two stamps overlap the order is unknown, and an effect in the overlap followed its cause.
        widths = (sum(self._shot.half_widths(channel)) for channel in self._shot.decoders)
        return self._onset.interval.low_ns - max(widths, default=0)

    def _check_not_safe_yet(self, from_ns: int) -> None:
        safe = self._safe_state
        held = all(q.holds is True and q.yes_ns is not None and q.yes_ns < from_ns for q in safe)
        if safe and held and not self._early:
            self._told.broken.append(SafeStateBeforeFault())

    def _ask(self, question: Question, t_ns: int, data: bytes, after: bool) -> None:
        role, said_no_ns = self._roles[id(question)], question.no_ns
        if not question.hear(t_ns, data):
            return
        shortest_ns, _ = lag_ends(question.test)
        if after and (not shortest_ns or t_ns - shortest_ns >= self._from_ns()):
            self._answered(role, question, t_ns, said_no_ns)
        elif role in _REPORTS and id(question) not in self._early:
            self._early.add(id(question))
            self._told.broken.append(ReportedBeforeFault(test=question.test))

    def _answered(self, role: _Role, question: Question, t_ns: int, said_no_ns: int | None) -> None:
        if role is _Role.DETECTION and self.detected is None:
            # Several signals may tell the same knowledge: the last time that any of them denied it is the last good.
            others = (fact_after_ns(one.test, one.no_ns) for one in self._detection if one is not question)
            denied = [
                after for after in (fact_after_ns(question.test, said_no_ns), *others) if after is not None
            ]
            self.detected = self._seen(question, t_ns, max(denied, default=None))
        elif role is _Role.FORBIDDEN and question in self._forbidden:
            self._forbidden.remove(question)  # told once, at its first occurrence
            self._told.broken.append(ForbiddenSeen(test=question.test, when=self._when(t_ns)))
        elif role is _Role.DTC:
            self.dtc_seen = True

    def _when(self, t_ns: int) -> When:
        return self._shot.when(t_ns, self._onset)

    def _seen(self, question: Question, t_ns: int, after_ns: int | None) -> Seen:
        return instant_of(self._shot, self._onset, question.test, t_ns, after_ns)

    def _watch_safe(self, t_ns: int) -> None:
        safe = self._safe_state
        if self.safe is None:
            if all(q.holds for q in safe):
                seen = [
                    self._seen(q, t_ns if q.yes_ns is None else q.yes_ns, fact_after_ns(q.test, q.no_ns))
                    for q in safe
                ]
                last = max(seen, key=lambda one: one.interval.high_ns)
                low_ns = max(one.interval.low_ns for one in seen)
                interval = Interval(low_ns=low_ns, high_ns=last.interval.high_ns)
                self.safe = Seen(interval=interval, t_ns=t_ns, terms=last.terms)
        elif self.held is None and t_ns <= self.safe.t_ns + self._plan.hold_ns:
            lost = next((q for q in safe if q.holds is False), None)
            if lost is not None:
                self.held = False
                after_ns = t_ns - self.safe.t_ns
                self._told.broken.append(
                    SafeStateNotHeld(test=lost.test, when=self._when(t_ns), after_ns=after_ns)
                )

    def _close_hold(self) -> None:
        if self.safe is None or self.held is False:
            return
        end_ns = self.safe.t_ns + self._plan.hold_ns
        short_ns = end_ns - self._shot.window.end_ns
        if short_ns > 0:
            self._told.faults.append(HoldCutShort(short_ns=short_ns))
            return
        # Holding must be witnessed: a message that fell silent proves nothing.
        mute = [q for q in self._safe_state if q.cycle_ns and (q.last_ns or 0) + 3 * q.cycle_ns < end_ns]
        for question in mute:
            self._told.silent.append(SilentInHold(message=question.test.message))
        self.held = None if mute else True

    def _tell_torn(self) -> None:
        torn = {q.test.message: q for q in self._questions if q.torn}
        for message, question in torn.items():
            self._told.anomalies.append(
                FramesUnreadable(message=message, count=question.torn, length=question.torn_length)
            )
