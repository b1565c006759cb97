"""When enough has been seen to end the window early: the verdict itself is measured from the time stamps."""

from bench.measure.accepted import Receivers
from bench.measure.claim import Claim
from bench.measure.plan import Plan
from bench.measure.questions import Address, Question, address_of, by_address, mask_of
from bench.measure.staying import LOOKED_AFTER_HOLD_NS
from bench.rig.rig import Rig
from bench.trace.buffer import Heeded
from bench.trace.events import BENCH


class Watch:
    """Follows the tests of detection and safe state, or of a mode to be reached. `settled` once they have been true
    for the plan's hold time.

    A frame that is no answer for the measurement is no answer here either. Else a window would end early for an
    answer that does not count.
    """

    def __init__(self, rig: Rig, plan: Plan) -> None:
        self._trace = rig.trace
        self._hold_ns = plan.hold_ns
        self._safe = [Question(test, rig.databases) for test in plan.safe_state]
        self._detection = [Question(test, rig.databases) for test in plan.detection]
        self._reached = [[Question(test, rig.databases) for test in group] for group in plan.reached]
        self._asked = by_address(
            [*self._safe, *self._detection, *(q for group in self._reached for q in group)]
        )
        self._own = {address_of(rig.databases, channel, message) for channel, message in plan.own}
        self._receivers = Receivers(plan.protected if plan.accepted_only else (), rig.databases)
        protected = {can_id for _, can_id, _ in self._receivers.names}
        self._ids = protected | {can_id for _, can_id, _ in self._asked}
        self._read = 0
        self._since_ns: int | None = None
        self._claim = Claim(self._detection, plan)
        self._detects = bool(plan.detection)  # a mode that is reached has none
        self._news = rig.trace.frames.news_of(
            [
                Heeded(*address, mask_of(questions), BENCH if address in self._own else None)
                for address, questions in self._asked.items()
            ]
        )
        self._refused: set[Address] = set()  # whose newest frame was no answer
        self._in_turn = bool(plan.in_turn)
        self._stands = self._is_steady = False

    def settled(self, now_ns: int) -> bool:
        if not (self._safe or self._reached):
            return False
        if self._news() or not self._is_steady:
            self._hear()
            self._look(now_ns)
        if not self._stands:
            self._since_ns = None
            return False
        if self._since_ns is None:
            self._since_ns = now_ns
        return now_ns - self._since_ns >= self._hold_ns + LOOKED_AFTER_HOLD_NS

    def _look(self, now_ns: int) -> None:
        """Whether all stands by what was heard, and whether it stays so as long as the frames carry the same bits."""
        claim = self._claim
        detected = claim.stands if claim.stays else claim.standing(now_ns) is not None
        reached = all(any(one.holds for one in group) for group in self._reached)
        holds = reached and all(one.holds for one in self._safe)
        self._stands = holds and (detected or not self._detects)
        # A frame that follows one that was no answer may be an answer with the same bits. Codes in turn are counted.
        self._is_steady = not self._refused and not (holds and self._in_turn)

    def _hear(self) -> None:
        """The frames that have come since the last call."""
        frames, own = self._trace.frames, self._own
        begin, self._read = self._read, len(frames)
        for seen in frames.since(begin, self._ids):
            t_ns, channel, frame, sender = seen
            address = (channel, frame[0], frame[2])
            if sender == BENCH and address in own:
                continue
            if not self._receivers.accept(seen):
                self._refused.update({address} & self._asked.keys())
                continue
            self._refused.discard(address)
            for question in self._asked.get(address, ()):
                said_no_ns = question.no_ns
                answer = question.hear(t_ns, frame[1])
                if answer is not None and question in self._detection:
                    self._claim.hear(question, t_ns, frame[1], answer, said_no_ns)
