"""Trouble codes stored before the shot: which of them were cleared, and what alone shows that one was stored again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bench.codec.uds import NEWLY_FAILED, RECORDED
from bench.measure.finding.base import Finding
from bench.measure.finding.memory import CodesStoredBefore, CodesUnreadBefore
from bench.measure.frames import Frames
from bench.measure.plan import Plan
from bench.measure.questions import Codec, message_of
from bench.measure.signal_test import SignalTest
from bench.measure.stood import Stood
from bench.trace import facts
from bench.trace.events import BENCH
from bench.trace.mark import Mark
from bench.trace.timeline import Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """The DUT's memory when the observers were armed. read: by UDS; heard: in its own frames; each code to Stood.

    was_read: the memory was read, and every reading went well.
    """

    read: Mapping[int, Stood] = field(default_factory=dict)
    heard: Mapping[int, Stood] = field(default_factory=dict)
    told: tuple[Finding, ...] = ()
    was_read: bool = False


def codes_before(trace: Trace, plan: Plan, decoders: Mapping[str, Codec]) -> Before:
    """From the marks and frames until the observers were armed."""
    marks = list(_until_armed(trace))
    at = next(
        (n for n in range(len(marks) - 1, -1, -1) if isinstance(marks[n].fact, facts.DtcsCleared)), None
    )
    first, left = _stored(marks[:at]), {} if at is None else _stored(marks[at:])
    since_ns, problem = 0, ""
    if at is None:
        left = first
    elif isinstance(cleared := marks[at].fact, facts.DtcsCleared):
        since_ns, problem = 0 if cleared.problem else marks[at].t_ns, cleared.problem
    until_ns = next((mark.t_ns for mark in trace.of(facts.ObserversArmed)), 0)
    heard = _heard(trace, plan, decoders, since_ns, until_ns)
    told: list[Finding] = [
        CodesUnreadBefore(problem=mark.fact.problem)
        for mark in marks
        if isinstance(mark.fact, facts.DtcUnread)
    ]
    codes = tuple(sorted({*first, *left, *heard}))
    if codes:
        kept = tuple(sorted({*left, *heard}))
        told.append(CodesStoredBefore(codes=codes, left=kept, problem=problem))
    return Before(read=left, heard=heard, told=tuple(told), was_read=_well_read(marks))


def forgotten_ns(trace: Trace) -> int:
    """When the DUT had last cleared its memory before the shot; 0 where it did not. What it told before is gone."""
    return max((mark.t_ns for mark in trace.of(facts.DtcsCleared) if not mark.fact.problem), default=0)


def _until_armed(trace: Trace) -> Iterator[Mark[facts.Fact]]:
    for mark in trace.marks:
        if isinstance(mark.fact, facts.ObserversArmed):
            return
        yield mark


def _well_read(marks: Sequence[Mark[facts.Fact]]) -> bool:
    kinds = {type(mark.fact) for mark in marks}
    return facts.DtcRead in kinds and facts.DtcUnread not in kinds


def stored_anew(trace: Trace) -> dict[int, int]:
    """Codes read after the arming and not before it, with when; none where the memory was not read both times."""
    before = list(_until_armed(trace))
    after = trace.marks[len(before) :]
    if not _well_read(before) or not _well_read(after):
        return {}
    cleared = [n for n, mark in enumerate(before) if isinstance(mark.fact, facts.DtcsCleared)]
    new = _stored(after).keys() - _stored(before[cleared[-1] :] if cleared else before).keys()
    return {
        mark.fact.code: mark.t_ns
        for mark in after
        if isinstance(mark.fact, facts.DtcRead) and mark.fact.code in new
    }


def _stored(marks: Sequence[Mark[facts.Fact]]) -> dict[int, Stood]:
    """An ECU may list all codes that it knows; those of which no bit says that they failed are not stored."""
    return {
        one.code: Stood(status=one.status, occurrences=one.occurrences)
        for one in (mark.fact for mark in marks)
        if isinstance(one, facts.DtcRead) and one.status & RECORDED
    }


def _heard(
    trace: Trace, plan: Plan, decoders: Mapping[str, Codec], since_ns: int, until_ns: int
) -> dict[int, Stood]:
    """The codes that the DUT sends by itself, each as it was last sent; 0 stands for none."""
    test = plan.dtc_test
    if test is None:
        return {}
    message = message_of(decoders, test.channel, test.message)
    code_of = message.reader(test.signal)
    status_of, count_of = (message.reader(name) if name else _nothing for name in plan.dtc_beside)
    found: dict[int, Stood] = {}
    for seen in Frames.of(trace.frames).only([(test.channel, message.can_id, message.extended)]):
        frame = seen.frame
        if seen.sender == BENCH or not since_ns < seen.t_ns <= until_ns:
            continue
        try:
            code, status, count = (read(frame.data) for read in (code_of, status_of, count_of))
        except ValueError:  # too short for its message: told where frames are judged
            continue
        if code:
            found[round(code)] = Stood(status=_whole(status), occurrences=_whole(count))
    return found


def _nothing(_: bytes) -> float | None:
    return None


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def tests_of_the_code(plan: Plan, before: Before) -> tuple[SignalTest, ...]:
    """Any of these shows that the demanded code was reported in the shot; () where nothing could show it."""
    test = plan.dtc_test
    if test is None:
        return ()
    stood = before.heard.get(round(test.value))
    if stood is None:
        return (test,)
    status, occurrences = (replace(test, signal=name, hex_digits=0) for name in plan.dtc_beside)
    anew = []
    if occurrences.signal and stood.occurrences is not None and stood.counts:
        anew.append(replace(occurrences, op=">", value=float(stood.occurrences)))
    if status.signal and stood.status is not None:
        bits = [bit for bit in NEWLY_FAILED if not stood.status & bit]
        anew += [replace(status, op="has", value=float(bit), hex_digits=2) for bit in bits]
    return tuple(replace(test, together=(*test.together, one)) for one in anew)


def status_of_the_code(trace: Trace, plan: Plan) -> tuple[Stood | None, str | None]:
    """What the DUT's memory said of the demanded code at the end of the window: None, and perhaps why not."""
    if not plan.dtc_status or plan.dtc_test is None:
        return None, None
    marks = trace.marks[sum(1 for _ in _until_armed(trace)) :]
    read = [mark.fact for mark in marks if isinstance(mark.fact, facts.DtcRead)]
    problem = next((mark.fact.problem for mark in marks if isinstance(mark.fact, facts.DtcUnread)), None)
    code = round(plan.dtc_test.value)
    found = next((one for one in read if one.code == code), None)
    if not read and problem is None:
        problem = "it was never asked"
    return None if found is None else Stood(status=found.status, occurrences=found.occurrences), problem
