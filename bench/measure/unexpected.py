"""Wrong reports: flags, outputs and trouble codes that the scenario does not expect, from arming to the window's end.

What has held ever since before the arming is no news. Neither is a code that was told before it: a DUT goes on telling
what it has stored. Both are told, and are wrong reports too where the bench does nothing wrong to the DUT. A code that
came only into the DUT's memory is one that it has told.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from bench.codec.heard import heard
from bench.measure.finding.answer import ForbiddenSeen, UnexpectedCode, UnexpectedReport
from bench.measure.finding.base import Finding, Since, When
from bench.measure.finding.standing import CodeHeldBefore, ReportHeldBefore
from bench.measure.frames import Frames
from bench.measure.identity import Same
from bench.measure.misfit import PLAYED
from bench.measure.only_expected import OR, Codes, What
from bench.measure.plan import Plan
from bench.measure.questions import Address, Codec, MessageCodec, Question, message_of
from bench.measure.shot import Seen, Shot
from bench.measure.signal_test import SignalTest
from bench.measure.stored_codes import Before, forgotten_ns, stored_anew

_MOST_KNOWN = 1024  # payloads of a message: those of a jammed bus are all different


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The questions that one message answers, in whatever shot. Its questions have no memory of frames.

    reports: (what, name, code, question). read_code: None where the message tells no codes. mask: the bits of a frame
    that all of it depends on; extract: these of a payload.
    """

    reports: tuple[tuple[What, str, int | None, Question], ...]
    read_code: Callable[[bytes], float | None] | None
    mask: bytes | None
    extract: Callable[[bytes], int | bytes]
    known: dict[int | bytes, tuple[tuple[bool | None, ...], int | None]] = field(default_factory=dict)

    def told(self, key: int | bytes, data: bytes) -> tuple[tuple[bool | None, ...], int | None]:
        """What the reports and the code say in a payload, by what `extract` makes of it: most say what one did before.

        None: this page does not carry it, or the payload is too short for its message, which is told elsewhere.
        """
        found = self.known.get(key)
        if found is None:
            code = None if self.read_code is None else self.read_code(data)
            answers = tuple(_answer(question, data) for *_, question in self.reports)
            if len(self.known) >= _MOST_KNOWN:
                self.known.clear()
            found = self.known[key] = answers, None if code is None else round(code)
        return found


def _answer(question: Question, data: bytes) -> bool | None:
    try:
        return question.answer(data)
    except ValueError:
        return None


class _Message:
    """Everything that one message could wrongly report. codes: each with when it was first told.

    before: codes told before arming; stood: those of them that were told again.
    """

    def __init__(self, asked: _Asked) -> None:
        self.asked = asked
        self.reports = [
            _Report(what=what, name=name, dtc=dtc, question=question)
            for what, name, dtc, question in asked.reports
        ]
        self.codes: dict[int, int] = {}
        self.before: dict[int, int] = {}
        self.stood: dict[int, int] = {}
        self._last: int | bytes | None = None

    def arm(self) -> None:
        """From here on what is heard is news, or has held since before: the first frame tells."""
        self._last = None

    def hear(self, t_ns: int, data: bytes, *, armed: bool) -> None:
        """Most frames say what the one before said, and are no news."""
        told = self.asked.extract(data)
        if told == self._last:
            return
        self._last = told
        answers, code = self.asked.told(told, data)
        for one, answer in zip(self.reports, answers, strict=True):
            # What goes on as before is no news, but for what has held since before the arming.
            if answer is not None and (answer is not one.held or (answer and armed)):
                one.hear(t_ns, answer, armed=armed)
        if code is None:
            return
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
    before, masks = shot.window.before, {address: one.asked.mask for address, one in messages.items()}
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
    later = {address: _Message(message.asked) for address, message in messages.items()}
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
    asked = _asked(Same(shot.plan), Same(shot.decoders))
    return {address: _Message(one) for address, one in asked.items()}


@lru_cache(maxsize=512)  # a library's plans: its shots are not fired scenario by scenario
def _asked(of: Same[Plan], by: Same[Mapping[str, Codec]]) -> Mapping[Address, _Asked]:
    """Put together once for all shots of a scenario."""
    plan, decoders = of.it, by.it
    codecs: dict[Address, MessageCodec] = {}
    reports: dict[Address, list[tuple[What, str, int | None, Question]]] = {}

    def address(channel: str, message: str) -> Address:
        codec = message_of(decoders, channel, message)
        found = (channel, codec.can_id, codec.extended)
        codecs.setdefault(found, codec)
        reports.setdefault(found, [])
        return found

    standing = plan.standing
    for one in plan.unexpected or (standing.reports if standing is not None else ()):
        own = reports[address(one.channel, one.message)]
        for name, signal, value, dtc in one.says:
            test = SignalTest(channel=one.channel, message=one.message, signal=signal, op="==", value=value)
            own.append((one.what, name, dtc, Question(test, decoders)))
    codes = _codes(plan)
    of_codes = None if codes is None else address(codes.channel, codes.message)
    found: dict[Address, _Asked] = {}
    for at, codec in codecs.items():
        told_in = codes.signal if codes is not None and at == of_codes else None
        signals = [question.test.signal for *_, question in reports[at]]
        signals += [] if told_in is None else [told_in]
        found[at] = _Asked(
            reports=tuple(reports[at]),
            read_code=None if told_in is None else heard(codec.reader(told_in)),
            mask=codec.mask(signals),
            extract=codec.extract(signals),
        )
    return found
