"""What the DUT claims to know, frame by frame: since when, whether it keeps its claim, and which signal denies it to
the end.

Several signals may tell the same knowledge. The DUT claims it while at least one of them tells it. A signal that
tells its codes in turn does not deny a code by telling another one. It denies the code when some other code has come
round three times and this one has not.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from bench.measure.finding.base import When
from bench.measure.finding.standing import FlagNotHeld
from bench.measure.lagging import fact_after_ns
from bench.measure.plan import Plan
from bench.measure.questions import Question
from bench.measure.signal_test import SignalTest

_ROUNDS = 3  # two rounds may meet where codes are sent at a jitter; a third without the code is none of them
_FRAMES = 3  # what a flag is told in at least that goes with its cause: one or two frames are a flicker


@dataclass(slots=True, kw_only=True)
class Series:
    """One unbroken claim. question: who said it first; said_no_ns: when each question had last denied it before."""

    question: Question
    start_ns: int
    said_no_ns: dict[SignalTest, int]
    end_ns: int | None = None


@dataclass(slots=True, kw_only=True)
class _Witness:
    stands: bool = False
    affirmed: bool = False
    others: dict[float, int] = field(default_factory=dict)  # code told instead to how often since


class Claim:
    """Told of each answer to the plan's questions of detection, in the order of the frames."""

    def __init__(self, questions: Sequence[Question], plan: Plan) -> None:
        self._questions = list(questions)
        self._asked = plan.flag_stands
        self._heals = plan.flag_heals
        self._turns = frozenset(plan.in_turn)
        self._witnesses = {question.test: _Witness() for question in questions}
        self.addresses_in_turn = frozenset(one.address for one in questions if one.test in self._turns)
        self.series: list[Series] = []

    @property
    def stands(self) -> bool:
        """Whether the DUT claims it now."""
        return bool(self.series) and self.series[-1].end_ns is None

    @property
    def stays(self) -> bool:
        """Whether the DUT has to go on claiming it, to the end of the hold."""
        return self._asked and not self._heals

    def in_turn(self, question: Question) -> bool:
        return question.test in self._turns

    def hear(self, question: Question, t_ns: int, data: bytes, answer: bool, said_no_ns: int | None) -> None:
        """said_no_ns: when the question had last been denied before this frame."""
        witness = self._witnesses[question.test]
        if answer:
            witness.stands = witness.affirmed = True
            witness.others.clear()
        elif not (witness.stands and self._is_another_code(question, witness, data)):
            witness.stands = False
        if answer and not self.stands:
            denied = {one.test: one.no_ns for one in self._questions} | {question.test: said_no_ns}
            known = {test: no_ns for test, no_ns in denied.items() if no_ns is not None}
            self.series.append(Series(question=question, start_ns=t_ns, said_no_ns=known))
        elif self.stands and not any(one.stands for one in self._witnesses.values()):
            self.series[-1].end_ns = t_ns

    def _is_another_code(self, question: Question, witness: _Witness, data: bytes) -> bool:
        code = question.value(data) if question.test in self._turns else None
        if code is None:
            return False
        witness.others[code] = witness.others.get(code, 0) + 1
        return witness.others[code] < _ROUNDS

    def _flickers(self, series: Series, until_ns: int) -> bool:
        if series.end_ns is None or series.end_ns > until_ns or not self._asked:
            return False
        told_ns = series.end_ns - series.start_ns
        return not self._heals or told_ns < _FRAMES * series.question.cycle_ns

    def standing(self, until_ns: int) -> Series | None:
        """The first claim that the DUT kept for as long as it had to, up to that instant."""
        return next((one for one in self.series if not self._flickers(one, until_ns)), None)

    def flickers(self, until_ns: int, when: Callable[[int], When]) -> list[FlagNotHeld]:
        """One finding, about the first claim that was taken back before it might be."""
        ended = [one for one in self.series if self._flickers(one, until_ns)]
        return [
            FlagNotHeld(
                test=one.question.test, when=when(end_ns), held_ns=end_ns - one.start_ns, times=len(ended)
            )
            for one in ended[:1]
            if (end_ns := one.end_ns) is not None
        ]

    def deniers(self, series: Series) -> list[SignalTest]:
        """Who was heard after this claim, and has never agreed: what they denied before shows no ignorance."""
        return [
            question.test
            for question in self._questions
            if self._asked
            and not self._witnesses[question.test].affirmed
            and question.no_ns is not None
            and question.no_ns > series.start_ns
        ]

    def fact_after_ns(self, series: Series, untrue: Collection[SignalTest] = ()) -> int | None:
        """The last time that any of the questions was denied: until then the DUT is known not to have known."""
        denials = (fact_after_ns(test, at) for test, at in series.said_no_ns.items() if test not in untrue)
        return max((one for one in denials if one is not None), default=None)
