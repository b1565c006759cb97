"""Wrong reports: flags, outputs and trouble codes that the scenario does not expect, from arming to the window's end.

What has held ever since before the arming is no news. Neither is a code that was told before it: a DUT goes on telling
what it has stored. Both are told, and are wrong reports too where the bench does nothing wrong to the DUT. A code that
came only into the DUT's memory is one that it has told.
"""

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass

from bench.codec.heard import heard
from bench.measure.finding.answer import ForbiddenSeen, UnexpectedCode, UnexpectedReport
from bench.measure.finding.base import Finding, Since, When
from bench.measure.finding.standing import CodeHeldBefore, ReportHeldBefore
from bench.measure.frames import Frames
from bench.measure.misfit import PLAYED
from bench.measure.only_expected import OR, Codes, What
from bench.measure.plan import Plan
from bench.measure.questions import Address, MessageCodec, Question, message_of
from bench.measure.shot import Seen, Shot
from bench.measure.signal_test import SignalTest
from bench.measure.stored_codes import Before, forgotten_ns, stored_anew


@dataclass(slots=True, kw_only=True)
class _Report:
    """held: the last answer. t_ns: when it became yes in the window, for the first time.

    since_ns: since when it has been yes without a break, before arming; stood_ns: the same, where it then went on.
    """

    what: What
    name: str
    dtc: int | None
    question: Question
    held: bool = False
    t_ns: int | None = None
    since_ns: int | None = None
    stood_ns: int | None = None

    def hear(self, t_ns: int, answer: bool, *, armed: bool) -> None:
        if not armed:
            self.since_ns = (self.since_ns if self.held else t_ns) if answer else None
        elif answer and not self.held and self.t_ns is None:
            self.t_ns = t_ns
        elif answer and self.held and self.t_ns is None and self.stood_ns is None:
            self.stood_ns = self.since_ns
        self.held = answer


class _Message:
    """Everything that one message could wrongly report. codes: each with when it was first told.

    before: codes told before arming; stood: those of them that were told again.
    """

    def __init__(self, codec: MessageCodec) -> None:
        self.reports: list[_Report] = []
        self.codes: dict[int, int] = {}
        self.before: dict[int, int] = {}
        self.stood: dict[int, int] = {}
        self.codec = codec
        self._code_signal: str | None = None
        self._read_code: Callable[[bytes], float | None] | None = None
        self._extract: Callable[[bytes], int | bytes] | None = None
        self._last: int | bytes | None = None

    def asks_for_codes(self, signal: str) -> None:
        self._code_signal, self._read_code = signal, heard(self.codec.reader(signal))

    def like(self, other: "_Message") -> None:
        """Asks what the other one asks, and has heard nothing."""
        for one in other.reports:
            self.reports.append(_Report(what=one.what, name=one.name, dtc=one.dtc, question=one.question))
        if other._code_signal is not None:
            self.asks_for_codes(other._code_signal)

    @property
    def _asked(self) -> list[str]:
        asked = [one.question.test.signal for one in self.reports]
        return [*asked, *filter(None, [self._code_signal])]

    @property
    def mask(self) -> bytes | None:
        """The bits of a frame that all of it depends on."""
        return self.codec.mask(self._asked)

    def arm(self) -> None:
        """From here on what is heard is news, or has held since before: the first frame tells."""
        self._last = None

    def hear(self, t_ns: int, data: bytes, *, armed: bool) -> None:
        """Most frames say what the one before said, and are no news."""
        if self._extract is None:
            self._extract = self.codec.extract(self._asked)
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
            one.hear(t_ns, answer, armed=armed)
        code = None if self._read_code is None else self._read_code(data)
        if code is None:
            return
        code = round(code)
        if not armed:
            self.before.setdefault(code, t_ns)
        elif code in self.before:
            self.stood.setdefault(code, self.before[code])
        else:
            self.codes.setdefault(code, t_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongReports:
    """wrong: each once, in the order in which they came. held: what has held since before arming, told only."""

    wrong: tuple[Finding, ...] = ()
    held: tuple[Finding, ...] = ()


def wrong_reports(shot: Shot, onset: Seen | None, told: Iterable[Finding], before: Before) -> WrongReports:
    """The wrong reports in the shot's window. A report in `told`, which is already told as forbidden, is not told
    twice.
    """
    messages, codes = _messages(shot), _codes(shot.plan)
    if not messages:
        return WrongReports()
    _hear(messages, shot)
    forbidden = {one.test for one in told if isinstance(one, ForbiddenSeen)}
    stood, held = _stood(messages, codes, shot, before, forbidden)
    if not shot.plan.unexpected and shot.plan.codes is None:  # a request: what comes in is its way
        return WrongReports(wrong=stood, held=held)
    seen = [one for message in messages.values() for one in message.reports if one.t_ns is not None]
    found = [
        *_reports([one for one in seen if one.question.test not in forbidden], shot, onset),
        *(
            (t_ns, UnexpectedCode(dtc=code, when=shot.when(t_ns, onset)))
            for message in messages.values()
            for code, t_ns in message.codes.items()
            if codes is not None and code not in codes.expected
            if code not in {one.dtc for one in seen}  # it is told by its flag
        ),
        *_only_stored(messages, codes, shot, onset),
    ]
    news = tuple(finding for _, finding in sorted(found, key=lambda one: one[0]))
    return WrongReports(wrong=(*stood, *news), held=held)


def _codes(plan: Plan) -> Codes | None:
    return plan.codes if plan.codes is not None or plan.standing is None else plan.standing.codes


def _hear(messages: dict[Address, _Message], shot: Shot) -> None:
    since_ns = forgotten_ns(shot.trace)
    before, masks = shot.window.before, {address: one.mask for address, one in messages.items()}
    played = not before.senders(messages).isdisjoint(PLAYED)
    # What is left out between two frames, as it came too early or from the bench, may make news of the second.
    told = before.news({address: None if played or since_ns else masks[address] for address in messages})
    for _, (t_ns, channel, frame, sender) in told:
        if since_ns <= t_ns and sender not in PLAYED:
            messages[channel, frame[0], frame[2]].hear(t_ns, frame[1], armed=False)
    for one in messages.values():
        one.arm()
    for _, (t_ns, channel, frame, _) in shot.window.frames.news(masks):
        messages[channel, frame[0], frame[2]].hear(t_ns, frame[1], armed=True)


def _stood(
    messages: dict[Address, _Message],
    codes: Codes | None,
    shot: Shot,
    before: Before,
    forbidden: Container[SignalTest],
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """(wrong, only told): what has held since before the arming, and codes told before it and again.

    A code that stands in the DUT's memory is told by that; where the memory could not be read, it may be of last week.
    """
    standing = shot.plan.standing
    if standing is None:
        return (), ()

    def when(t_ns: int) -> When:
        return When(offset_ns=t_ns - shot.window.start_ns, since=Since.ARMING)

    reports = [one for message in messages.values() for one in message.reports if one.stood_ns is not None]
    told = dict.fromkeys(
        (one.what, one.name, when(one.stood_ns))
        for one in reports
        if one.stood_ns is not None and one.question.test not in forbidden
        if one.what is What.FLAG or not set(one.name.split(OR)) <= set(standing.borne)
    )
    first = {(what, name): at for what, name, at in reversed(told)}
    known = {0, *before.read, *(one.dtc for one in reports), *(codes.expected if codes is not None else ())}
    odd = [
        (code, when(t_ns))
        for message in messages.values()
        for code, t_ns in message.stood.items()
        if codes is not None and code not in known
    ]
    wrong: list[Finding] = []
    held: list[Finding] = []
    for (what, name), at in first.items():
        if standing.fails:
            wrong.append(UnexpectedReport(what=what, name=name, when=at))
        else:
            held.append(ReportHeldBefore(what=what, name=name, when=at))
    for code, at in odd:
        if standing.fails and before.was_read:
            wrong.append(UnexpectedCode(dtc=code, when=at))
        else:
            held.append(CodeHeldBefore(dtc=code, when=at))
    return tuple(wrong), tuple(held)


def _only_stored(
    messages: dict[Address, _Message], codes: Codes | None, shot: Shot, onset: Seen | None
) -> Iterator[tuple[int, Finding]]:
    """Codes that came into the memory and that no frame has told, nor the flag that they belong to."""
    read = stored_anew(shot.trace)
    if codes is None or not read:
        return
    told = {0, *codes.expected}
    for message in messages.values():
        told |= {*message.codes, *message.before}
        told |= {
            one.dtc for one in message.reports if one.dtc is not None and (one.held or one.t_ns is not None)
        }
    told |= _told_later(messages, shot)
    for code, t_ns in read.items():
        if code not in told:
            yield t_ns, UnexpectedCode(dtc=code, when=shot.when(t_ns, onset), stored=True)


def _told_later(messages: dict[Address, _Message], shot: Shot) -> set[int]:
    """Codes that were told only after what counts, themselves or by their flag."""
    later = {address: _Message(message.codec) for address, message in messages.items()}
    for address, one in later.items():
        one.like(messages[address])
    for t_ns, channel, frame, sender in Frames.of(shot.trace.frames).only(later):
        heard_by = later[channel, frame[0], frame[2]]
        if t_ns > shot.window.end_ns and sender not in PLAYED:
            heard_by.hear(t_ns, frame[1], armed=True)
    reports = (one for message in later.values() for one in message.reports)
    codes = {code for message in later.values() for code in message.codes}
    return codes | {one.dtc for one in reports if one.dtc is not None and one.t_ns is not None}


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

    standing = plan.standing
    for one in plan.unexpected or (standing.reports if standing is not None else ()):
        message = of(one.channel, one.message)
        for name, signal, value, dtc in one.says:
            test = SignalTest(channel=one.channel, message=one.message, signal=signal, op="==", value=value)
            question = Question(test, shot.decoders)
            message.reports.append(_Report(what=one.what, name=name, dtc=dtc, question=question))
    codes = _codes(plan)
    if codes is not None:
        of(codes.channel, codes.message).asks_for_codes(codes.signal)
    return found
