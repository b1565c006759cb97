"""A SignalTest bound to the bytes of its message, so that a frame answers it with yes, no, or nothing."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Protocol

from bench.errors import ConfigError, ScenarioError, choices, nearest
from bench.measure.frames import Frames, Stretch
from bench.measure.identity import Same
from bench.measure.signal_test import SignalTest


def _same(a: float, b: float) -> bool:
    # 3 * 0.1 is not 0.3: scaling must not decide a threshold. Far finer than any signal's resolution.
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)


_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "==": _same,
    "!=": lambda a, b: not _same(a, b),
    ">=": lambda a, b: a >= b or _same(a, b),
    "<=": lambda a, b: a <= b or _same(a, b),
    ">": lambda a, b: a > b and not _same(a, b),
    "<": lambda a, b: a < b and not _same(a, b),
    "has": lambda a, b: round(a) & round(b) == round(b),
}


class MessageCodec(Protocol):
    """What measuring needs of one message (bench.codec.database.Message has it)."""

    @property
    def can_id(self) -> int: ...
    @property
    def extended(self) -> bool: ...
    @property
    def cycle_ns(self) -> int: ...
    def reader(self, signal: str, /) -> Callable[[bytes], float | None]: ...
    def extract(self, signals: Iterable[str], /) -> Callable[[bytes], int | bytes]: ...
    def mask(self, signals: Iterable[str], /) -> bytes | None: ...
    def page_mask(self, signals: Iterable[str], /) -> bytes | None: ...
    def rising_mask(self, signal: str, /) -> bytes | None: ...


class Codec(Protocol):
    """What measuring needs of one channel's database."""

    def __getitem__(self, name: str, /) -> MessageCodec: ...


Address = tuple[str, int, bool]


def message_of(decoders: Mapping[str, Codec], channel: str, message: str) -> MessageCodec:
    """The message's codec. Raises ScenarioError where the plan names a channel or message the bench lacks."""
    if channel not in decoders:
        raise ScenarioError(
            f"plan: channel '{channel}' is unknown; expected one of {choices(channel, decoders)}"
            f"{nearest(channel, decoders)}"
        )
    try:
        return decoders[channel][message]
    except (KeyError, ConfigError):
        raise ScenarioError(
            f"plan: message '{message}' is not in the database of channel '{channel}'; "
            "expected a message of its DBC files"
        ) from None


def address_of(decoders: Mapping[str, Codec], channel: str, message: str) -> Address:
    """Where frames of this message are found. Raises as `message_of`."""
    codec = message_of(decoders, channel, message)
    return channel, codec.can_id, codec.extended


def words(test: SignalTest) -> str:
    """`PrechargeCommand == 1`."""
    return test.words


def named(test: SignalTest) -> tuple[SignalTest, ...]:
    """The test and those that are asked of the same frame."""
    return (test, *test.together, *test.either)


@lru_cache(maxsize=1 << 14)
def _bound(
    asked: Same[SignalTest], by: Same[Mapping[str, Codec]]
) -> tuple[MessageCodec, Callable[[bytes], float | None], Callable[[float, float], bool]]:
    """A test's message, what reads its signal, and how the value is compared: the same in every shot."""
    test = asked.it
    message = message_of(by.it, test.channel, test.message)
    if test.op not in _OPERATORS:
        raise ScenarioError(f"plan: operator '{test.op}' on {test.signal}; expected {' '.join(_OPERATORS)}")
    try:
        return message, message.reader(test.signal), _OPERATORS[test.op]
    except (KeyError, ValueError):
        raise ScenarioError(
            f"plan: signal '{test.signal}' is not in '{test.message}'; expected one of its signals"
        ) from None


class Question:
    """One bound test with its memory: the last frame that said no and the current answer."""

    __slots__ = (
        "_compare",
        "_either",
        "_others",
        "_read",
        "_value",
        "address",
        "cycle_ns",
        "decoders",
        "holds",
        "last_ns",
        "message",
        "no_ns",
        "test",
        "torn",
        "torn_length",
        "yes_ns",
    )

    def __init__(self, test: SignalTest, decoders: Mapping[str, Codec]) -> None:
        message, self._read, self._compare = _bound(Same(test), Same(decoders))
        self._value = test.value
        self._others = tuple(Question(one, decoders) for one in test.together)
        self._either = tuple(Question(one, decoders) for one in test.either)
        self.message = message
        self.decoders = decoders
        self.test = test
        self.address: Address = (test.channel, message.can_id, message.extended)
        self.cycle_ns = message.cycle_ns
        self.holds: bool | None = None
        self.no_ns: int | None = None  # stamp of the last frame in which the test did not hold
        self.yes_ns: int | None = None  # stamp of the first frame of the present unbroken series of yes
        self.last_ns: int | None = None
        self.torn = 0
        self.torn_length = 0

    def hear(self, t_ns: int, data: bytes) -> bool | None:
        """The frame's answer; None (and nothing remembered) where this frame does not carry the signal."""
        try:
            answer = self.answer(data)
        except ValueError:  # too short for its message: a corrupted frame answers nothing
            self.torn += 1
            self.torn_length = len(data)
            return None
        self.repeat(t_ns, answer)
        return answer

    def value(self, data: bytes) -> float | None:
        """The signal in this frame; None where it does not carry it, or is too short."""
        try:
            return self._read(data)
        except ValueError:
            return None

    def carried_in(self, stretch: Stretch) -> Stretch:
        """Those of its message that carry the signal: the others answer nothing."""
        return stretch.carrying(
            self.message.page_mask([self.test.signal]), lambda data: self.value(data) is not None
        )

    def answer(self, data: bytes) -> bool | None:
        """What `hear` would say. ValueError: too short for its message."""
        value = self._read(data)
        if value is None or not -math.inf < value < math.inf:  # a float that is no number answers nothing
            return None
        answer = self._compare(value, self._value)
        if self._either:
            return answer or any(one.answer(data) for one in self._either)
        return answer and all(one.answer(data) for one in self._others) if self._others else answer

    def repeat(self, t_ns: int, answer: bool | None) -> None:
        """Remember an answer given at `t_ns`."""
        if answer is None:
            return
        self.last_ns = t_ns
        if not answer:
            self.no_ns = t_ns
            self.yes_ns = None
        elif self.yes_ns is None:
            self.yes_ns = t_ns
        self.holds = answer


def by_address(questions: Iterable[Question]) -> dict[Address, list[Question]]:
    """Questions grouped by the frame that can answer them."""
    index: dict[Address, list[Question]] = {}
    for question in questions:
        index.setdefault(question.address, []).append(question)
    return index


def _signals(questions: Iterable[Question]) -> list[str]:
    """What of one message these are about: a counter or CRC beside it makes no news."""
    return [one.signal for question in questions for one in named(question.test)]


def mask_of(questions: Sequence[Question]) -> bytes | None:
    """The bits of one message that these depend on; None: each of its frames has to be asked."""
    return _mask_of(tuple(Same(one.test) for one in questions), Same(questions[0].decoders))


@lru_cache(maxsize=1 << 12)
def _mask_of(asked: tuple[Same[SignalTest], ...], by: Same[Mapping[str, Codec]]) -> bytes | None:
    questions = [Question(one.it, by.it) for one in asked]
    mask = questions[0].message.mask(_signals(questions))
    if mask is None:
        return None
    try:
        for question in questions:
            question.answer(bytes(len(mask)))
    except ValueError:  # even of the right length it cannot be read: each is told
        return None
    return mask


class Hearing:
    """The questions one message answers, heard together.

    Most frames say what the one before said. Those are only counted in: `settle` brings the questions' stamps up to
    the last of them, and has to be called before they are looked at. Those that are no news to `mask` need not even be
    shown: they are counted in by their places.
    """

    __slots__ = (
        "_answers", "_extract", "_heard", "_known", "_repeated_ns", "_stretch", "changed", "mask", "questions",
    )  # fmt: skip

    def __init__(self, questions: list[Question], frames: Frames) -> None:
        self.questions = questions
        self._stretch = frames.stretch(questions[0].address)
        self._heard = 0  # frames of the stretch
        self.changed = True  # the next frame counts as news, whatever it says
        self._extract = questions[0].message.extract(_signals(questions))
        self.mask = mask_of(questions)
        self._known: dict[int | bytes, tuple[bool | None, ...] | None] = {}
        self._answers: tuple[bool | None, ...] | None = None
        self._repeated_ns: int | None = None

    def repeats(self, t_ns: int, data: bytes) -> bool:
        """Whether this frame answers as the one before; then it is counted in. Else ask `questions` one by one."""
        known, asked = self._known, self._extract(data)
        answers = known[asked] if asked in known else self._learn(asked, data)
        if answers is not None and answers == self._answers and not self.changed:
            self._repeated_ns = t_ns
            return True
        self._count_in()
        self._answers = answers
        self.changed = False
        return False

    def shown(self, place: int) -> None:
        """The frame at this place is asked next, or counted in."""
        self._catch_up(place)
        self._heard = self._stretch.before(place) + 1

    def settle(self, place: int) -> None:
        """Up to the last frame before this place."""
        self._catch_up(place)
        self._count_in()

    def _catch_up(self, place: int) -> None:
        """The frames before this place that were not shown: they said what the last one shown did."""
        heard = self._stretch.before(place)
        if heard > self._heard:
            self._repeated_ns = int(self._stretch.t_ns[heard - 1])
            self._heard = heard

    def _count_in(self) -> None:
        if self._repeated_ns is None or self._answers is None:
            return
        for question, answer in zip(self.questions, self._answers, strict=True):
            question.repeat(self._repeated_ns, answer)
        self._repeated_ns = None

    def _learn(self, asked: int | bytes, data: bytes) -> tuple[bool | None, ...] | None:
        """None for a payload that cannot be read: those are told one by one."""
        try:
            answers = tuple([question.answer(data) for question in self.questions])
        except ValueError:
            self._known[asked] = None
            return None
        self._known[asked] = answers
        return answers
