"""Wrong reports: flags, outputs and trouble codes that the scenario does not expect, from arming to the window's end.

What has held ever since before the arming is no news. Neither is a code that was told before it: a DUT goes on telling
what it has stored.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from bench.codec.heard import heard
from bench.measure.finding.answer import ForbiddenSeen, UnexpectedCode, UnexpectedReport
from bench.measure.finding.base import Finding
from bench.measure.misfit import PLAYED
from bench.measure.only_expected import OR, What
from bench.measure.questions import Address, MessageCodec, Question, message_of
from bench.measure.shot import Seen, Shot
from bench.measure.signal_test import SignalTest
from bench.measure.stored_codes import forgotten_ns


@dataclass(slots=True, kw_only=True)
class _Report:
    """held: the last answer. t_ns: when it became yes in the window, for the first time."""

    what: What
    name: str
    dtc: int | None
    question: Question
    held: bool = False
    t_ns: int | None = None


class _Message:
    """Everything that one message could wrongly report. codes: each with when it was first told, None before arming."""

    def __init__(self, codec: MessageCodec) -> None:
        self.reports: list[_Report] = []
        self.codes: dict[int, int | None] = {}
        self._codec = codec
        self._code_signal: str | None = None
        self._read_code: Callable[[bytes], float | None] | None = None
        self._extract: Callable[[bytes], int | bytes] | None = None
        self._last: int | bytes | None = None

    def asks_for_codes(self, signal: str) -> None:
        self._code_signal, self._read_code = signal, heard(self._codec.reader(signal))

    def hear(self, t_ns: int | None, data: bytes) -> None:
        """t_ns: None before arming. Most frames say what the one before said, and are no news."""
        if self._extract is None:
            asked = [one.question.test.signal for one in self.reports]
            self._extract = self._codec.extract([*asked, *filter(None, [self._code_signal])])
        told = self._extract(data)
        if told == self._last:
            return
        self._last = told
        for one in self.reports:
            try:
                answer = one.question.answer(data)
            except ValueError:  # too short for its message: that is told elsewhere
                continue
            if answer is None:  # this page does not carry it
                continue
            if answer and not one.held and one.t_ns is None:
                one.t_ns = t_ns
            one.held = answer
        code = None if self._read_code is None else self._read_code(data)
        if code is not None:
            self.codes.setdefault(round(code), t_ns)


def wrong_reports(shot: Shot, onset: Seen | None, told: Iterable[Finding]) -> list[Finding]:
    """Each once, in the order in which they came. What is `told` already as forbidden is not told twice."""
    plan, window = shot.plan, shot.window
    if not plan.unexpected and plan.codes is None:
        return []
    messages = _messages(shot)
    since_ns = forgotten_ns(shot.trace)
    for t_ns, channel, frame, sender in shot.trace.frames:
        one = messages.get((channel, frame[0], frame[2]))
        if one is not None and since_ns <= t_ns < window.start_ns and sender not in PLAYED:
            one.hear(None, frame[1])
    for t_ns, channel, frame, _ in window.frames:
        one = messages.get((channel, frame[0], frame[2]))
        if one is not None:
            one.hear(t_ns, frame[1])
    forbidden = {one.test for one in told if isinstance(one, ForbiddenSeen)}
    seen = [one for message in messages.values() for one in message.reports if one.t_ns is not None]
    codes = {
        code: t_ns
        for message in messages.values()
        for code, t_ns in message.codes.items()
        if t_ns is not None and plan.codes is not None and code not in plan.codes.expected
    }
    found = [
        *_reports([one for one in seen if one.question.test not in forbidden], shot, onset),
        *(
            (t_ns, UnexpectedCode(dtc=code, when=shot.when(t_ns, onset)))
            for code, t_ns in codes.items()
            if code not in {one.dtc for one in seen}  # it is told by its flag
        ),
    ]
    return [finding for _, finding in sorted(found, key=lambda one: one[0])]


def _reports(seen: list[_Report], shot: Shot, onset: Seen | None) -> Iterator[tuple[int, Finding]]:
    """Several signals may tell one flag, and several flags may share one: told by its own signal, it is told once."""
    told: set[tuple[What, str]] = set()
    for one in sorted(seen, key=lambda one: (OR in one.name, one.t_ns or 0)):
        names = {(one.what, name) for name in one.name.split(OR)}
        if one.t_ns is None or names & told:
            continue
        told |= names
        when = shot.when(one.t_ns, onset)
        yield one.t_ns, UnexpectedReport(what=one.what, name=one.name, when=when)


def _messages(shot: Shot) -> dict[Address, _Message]:
    plan = shot.plan
    found: dict[Address, _Message] = {}

    def of(channel: str, message: str) -> _Message:
        codec = message_of(shot.decoders, channel, message)
        return found.setdefault((channel, codec.can_id, codec.extended), _Message(codec))

    for one in plan.unexpected:
        message = of(one.channel, one.message)
        for name, signal, value, dtc in one.says:
            test = SignalTest(channel=one.channel, message=one.message, signal=signal, op="==", value=value)
            question = Question(test, shot.decoders)
            message.reports.append(_Report(what=one.what, name=name, dtc=dtc, question=question))
    if plan.codes is not None:
        of(plan.codes.channel, plan.codes.message).asks_for_codes(plan.codes.signal)
    return found
