"""The DUT's answer to a stimulus: detection, safe state and its hold, its DTC, and what must never have held."""

from collections.abc import Container, Mapping
from enum import Enum

import numpy as np

from bench.measure.claim import Claim, Series
from bench.measure.contradiction import Contradictions
from bench.measure.finding.answer import (
    ForbiddenSeen,
    ReportedBeforeFault,
    SafeStateBeforeFault,
    SafeStateNotHeld,
)
from bench.measure.finding.base import When
from bench.measure.finding.bench import HoldCutShort
from bench.measure.finding.life import FramesUnreadable, SilentInHold
from bench.measure.finding.standing import WitnessDenies
from bench.measure.frames import Frames
from bench.measure.hold_witness import mute_in_hold
from bench.measure.instant import instant_of
from bench.measure.lagging import fact_after_ns, lag_ends
from bench.measure.plan import Aim
from bench.measure.questions import Address, Hearing, Question, by_address
from bench.measure.shot import Seen, Shot, Told, all_of
from bench.measure.signal_test import SignalTest
from bench.measure.staying import LOOKED_AFTER_HOLD_NS, Staying
from bench.trace.events import FrameSeen


class _Role(Enum):
    """What a question is asked for."""

    DETECTION = 0
    SAFE_STATE = 1
    FORBIDDEN = 2
    DTC = 3
    STAYING = 4


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
        plan, trip = shot.plan, shot.plan.aim.asks_flag
        self._detection = [Question(test, shot.decoders) for test in plan.detection]
        self._safe_state = [Question(test, shot.decoders) for test in plan.safe_state] if trip else []
        self._forbidden = [Question(test, shot.decoders) for test in plan.forbidden]
        self._dtc = [Question(test, shot.decoders) for test in shot.dtc_tests]
        stays = [Question(test, shot.decoders) for test in plan.stays]
        groups = (self._detection, self._safe_state, self._forbidden, self._dtc, stays)
        self._questions = [question for group in groups for question in group]
        self._roles = {id(q): role for role, group in zip(_Role, groups, strict=True) for q in group}
        self._claim = Claim(self._detection, plan)
        self._staying = Staying(shot, stays)
        self._safe_claim: Series | None = None  # the one that the safe state was reached with
        self._contradictions = Contradictions()
        self._early: set[int] = set()

    def hear(self) -> None:
        """Ask the frames of the window; nothing where a trip has no onset to count from: a bench fault already."""
        if self._plan.aim.asks_flag and self._onset is None:
            return
        from_ns = self._from_ns()
        frames = self._shot.window.frames
        index = {at: Hearing(asked, frames) for at, asked in by_address(self._questions).items()}
        hearings = list(index.values())
        safe = self._safe_state
        every = {id(index[at]) for at in self._claim.addresses_in_turn}  # of which each frame counts
        self.dtc_seen = False if self._dtc else None
        passed = False  # the first frame after onset was met
        whole = {at for at, one in index.items() if id(one) in every}
        for place, (t_ns, channel, frame, _) in _news(frames, index, whole, from_ns):
            hearing = index.get((channel, frame[0], frame[2]))
            after = t_ns >= from_ns
            if hearing is not None:
                hearing.shown(place)
            if after and not passed:
                passed = True
                for one in hearings:
                    one.settle(place)
                    one.changed = True
                self._check_not_safe_yet(from_ns)
            elif hearing is None or (id(hearing) not in every and hearing.repeats(t_ns, frame[1])):
                continue
            for one in hearings:
                one.settle(place)
            for question in hearing.questions if hearing is not None else ():
                self._ask(question, t_ns, frame[1], after)
            if after and safe:
                self._watch_safe(t_ns)
        for one in hearings:
            one.settle(frames.last)
        self._conclude()

    def _conclude(self) -> None:
        """What all frames of the window together say."""
        self._conclude_detection()
        if self._safe_state:
            self._close_hold()
        if self._staying.left is not None:
            self._told.broken.append(self._staying.left)
        self._tell_torn()
        self._told.anomalies.extend(self._contradictions.told())

    def unanswered(self) -> list[SignalTest]:
        """Tests of detection, safe state and DTC that would have been an answer, and that nothing has given."""
        asked = [] if self.detected is not None else self._detection
        if self.safe is None:
            asked = [*asked, *(q for q in self._safe_state if not q.holds)]
        if self.dtc_seen is False:
            asked = [*asked, *self._dtc]
        return list(dict.fromkeys(q.test for q in asked))

    @property
    def core_end_ns(self) -> int:
        """Until when all that the DUT does counts; what it reports later may follow from what it was left in."""
        end_ns = self._shot.window.end_ns
        if self.safe is None or not self._plan.flag_stands or self._stays_safe:
            return end_ns
        return min(end_ns, self.safe.t_ns + self._plan.hold_ns + LOOKED_AFTER_HOLD_NS)

    def _from_ns(self) -> int:
        """From here on what holds is an answer, and no longer what held before."""
        if not self._plan.aim.asks_flag or self._onset is None:
            return self._shot.window.start_ns
        # Where two stamps overlap the order is unknown, and an effect in the overlap followed its cause.
        widths = (sum(self._shot.half_widths(channel)) for channel in self._shot.decoders)
        return self._onset.interval.low_ns - max(widths, default=0)

    @property
    def _stays_safe(self) -> bool:
        """The DUT is asked to close, and all that it does until the end of the window counts."""
        return self._plan.aim is Aim.MUST_STAY_SAFE

    def _hold_end_ns(self, safe: Seen) -> int:
        return self._shot.window.end_ns if self._stays_safe else safe.t_ns + self._plan.hold_ns

    def _check_not_safe_yet(self, from_ns: int) -> None:
        if self._stays_safe:
            return
        safe = self._safe_state
        held = all(q.holds is True and q.yes_ns is not None and q.yes_ns < from_ns for q in safe)
        if safe and held and not self._early:
            self._told.broken.append(SafeStateBeforeFault())

    def _ask(self, question: Question, t_ns: int, data: bytes, after: bool) -> None:
        role, said_no_ns = self._roles[id(question)], question.no_ns
        held, last_ns = question.holds, question.last_ns
        answer = question.hear(t_ns, data)
        if answer is None:
            return
        if (
            last_ns is not None
            and answer is not held
            and role is not _Role.DTC
            and not self._claim.in_turn(question)
        ):
            self._contradictions.changed(question, t_ns, last_ns)
        shortest_ns, _ = lag_ends(question.test)
        late_enough = after and (not answer or not shortest_ns or t_ns - shortest_ns >= self._from_ns())
        if late_enough and role is _Role.DETECTION:
            self._claim.hear(question, t_ns, data, answer, said_no_ns)
        if not answer:
            return
        if late_enough:
            self._answered(role, question, t_ns)
        elif role in _REPORTS and id(question) not in self._early:
            self._early.add(id(question))
            self._told.broken.append(ReportedBeforeFault(test=question.test))

    def _answered(self, role: _Role, question: Question, t_ns: int) -> None:
        if role is _Role.FORBIDDEN and t_ns <= self.core_end_ns and question in self._forbidden:
            self._forbidden.remove(question)  # told once, at its first occurrence
            self._told.broken.append(ForbiddenSeen(test=question.test, when=self._when(t_ns)))
        elif role is _Role.DTC:
            self.dtc_seen = True

    def _when(self, t_ns: int) -> When:
        return self._shot.when(t_ns, self._onset)

    def _seen(self, question: Question, t_ns: int, after_ns: int | None) -> Seen:
        return instant_of(self._shot, self._onset, question.test, t_ns, after_ns)

    def _conclude_detection(self) -> None:
        """The claim that stood to the end of the hold; under a plan without that demand, the first of all."""
        claim = self._claim
        end_ns = self._shot.window.end_ns
        if self.safe is not None:
            end_ns = min(end_ns, self._hold_end_ns(self.safe))
        self._told.broken.extend(claim.flickers(end_ns, self._when))
        standing = claim.standing(end_ns)
        if standing is None:
            return
        untrue = claim.deniers(standing)
        self._told.anomalies.extend(WitnessDenies(test=test) for test in untrue)
        self.detected = self._seen(
            standing.question, standing.start_ns, claim.fact_after_ns(standing, untrue)
        )
        said = self._safe_claim
        if self.safe is not None and said is not None:
            flag = self._seen(said.question, said.start_ns, claim.fact_after_ns(said, untrue))
            self.safe = all_of([self.safe, flag], self.safe.t_ns)

    def _watch_safe(self, t_ns: int) -> None:
        safe, claim = self._safe_state, self._claim
        # The flag is part of every safe state, unless it goes with its cause.
        claimed = claim.stands or not claim.stays
        if self.safe is None:
            if claimed and all(q.holds for q in safe):
                seen = [
                    self._seen(q, t_ns if q.yes_ns is None else q.yes_ns, fact_after_ns(q.test, q.no_ns))
                    for q in safe
                ]
                self.safe = all_of(seen, t_ns)
                self._safe_claim = claim.series[-1] if claim.stays else None
        elif self.held is None and t_ns > self._hold_end_ns(self.safe):
            self._staying.hear(t_ns, self.safe, self._onset)
        elif self.held is None and t_ns <= self._hold_end_ns(self.safe):
            lost = next((q for q in safe if q.holds is False), None)
            if not claimed:
                self.held = False  # told as a flicker
            elif lost is not None:
                self.held = False
                after_ns = t_ns - self.safe.t_ns
                self._told.broken.append(
                    SafeStateNotHeld(test=lost.test, when=self._when(t_ns), after_ns=after_ns)
                )

    def _close_hold(self) -> None:
        if self.safe is None or self.held is False:
            return
        end_ns = self._hold_end_ns(self.safe)
        short_ns = end_ns - self._shot.window.end_ns
        if short_ns > 0:
            self._told.faults.append(HoldCutShort(short_ns=short_ns))
            return
        # Holding must be witnessed: a message that fell silent proves nothing.
        mute = mute_in_hold(self._shot, self._safe_state, (self.safe.t_ns, end_ns))
        for question in mute:
            self._told.silent.append(SilentInHold(message=question.test.message))
        self.held = None if mute else True

    def _tell_torn(self) -> None:
        torn = {q.test.message: q for q in self._questions if q.torn}
        for message, question in torn.items():
            self._told.anomalies.append(
                FramesUnreadable(message=message, count=question.torn, length=question.torn_length)
            )


def _news(
    frames: Frames, index: Mapping[Address, Hearing], whole: Container[Address], from_ns: int
) -> list[tuple[int, FrameSeen]]:
    """What is no repetition, the first frame from `from_ns` on, whatever it is, and the next one of each message.

    whole: messages of which each frame counts.
    """
    news = frames.news({at: None if at in whole else one.mask for at, one in index.items()})
    first = frames.place_at(from_ns)
    if first == frames.last:
        return news
    after = (stretch.places[stretch.before(first + 1) :] for stretch in map(frames.stretch, index))
    places = {first, *(int(one[0]) for one in after if len(one))} - {place for place, _ in news}
    extra = np.array(sorted(places), np.intp)
    return sorted(
        [*news, *zip(extra.tolist(), frames.at(extra))]
    )  # by their places, none of which comes twice
