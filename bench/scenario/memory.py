"""The DUT's memory of trouble codes: read and cleared before the observers are armed, read again in the end.

Whatever the DUT answers is a fact about it, kept in the trace; none of it ends a shot.
"""

from bench.codec.heard import heard
from bench.codec.uds import UdsRefused
from bench.config.profile import DutProfile
from bench.dut.uds import UdsTester
from bench.errors import BenchError, DutError
from bench.rig.rig import Rig
from bench.trace import facts
from bench.trace.events import BENCH
from bench.units import NS_PER_MS, NS_PER_S

POLL_NS = 20 * NS_PER_MS
_BUSY, _NOT_IN_SESSION = (0x21,), (0x7E, 0x7F)
_BUSY_TRIES = 5
_BUSY_NS = 100 * NS_PER_MS
_ROUND_NS = 5 * NS_PER_S  # the longest wait for all codes that a DUT sends in turn
_CYCLES_OF_SILENCE = 3  # a DUT that has sent none for so long sends none by itself


async def forget_codes(rig: Rig, profile: DutProfile) -> None:
    """Clear what the DUT has stored before this shot. What it keeps is read, so that the shot can be told from it.

    The bench goes on at a whole number of polls, so that the answer's timing does not move the injection's phase.
    """
    tester, how, clock = rig.tester, profile.uds, rig.clock
    if tester is None or how is None:
        return
    began_ns = clock.now_ns()
    stored = await _read(rig, tester, None)
    if stored:
        problem = await _clear(rig, tester) if how.clear else "the profile has clear = false under [uds]"
        rig.trace.mark(clock.now_ns(), facts.DtcsCleared(problem=problem), "uds")
        await _read(rig, tester, how.occurrences)
    polls = -(-(clock.now_ns() - began_ns) // POLL_NS)
    await clock.sleep_until(began_ns + polls * POLL_NS)


async def read_codes(rig: Rig, profile: DutProfile, code: int | None) -> None:
    """What the memory holds while the fault is still there; how often `code` has occurred, where that is counted."""
    tester, how = rig.tester, profile.uds
    if tester is None or how is None:
        rig.trace.mark(rig.clock.now_ns(), facts.DtcUnread(problem="the profile has no [uds]"), "uds")
        return
    await _read(rig, tester, how.occurrences, code)


async def _read(rig: Rig, tester: UdsTester, record: int | None, only: int | None = None) -> bool:
    """Mark what is stored; whether anything is. record: that counts occurrences, asked of code `only` or of all."""
    trace, clock = rig.trace, rig.clock
    try:
        found = await tester.read_dtcs()
    except BenchError as error:
        trace.mark(clock.now_ns(), facts.DtcUnread(problem=str(error)), "uds")
        return False
    for one in found:
        count = None
        if record is not None and one.recorded and only in (None, one.code):
            count = await _occurrences(tester, one.code, record)
        read = facts.DtcRead(code=one.code, status=one.status, bits=" ".join(one.bits), occurrences=count)
        trace.mark(clock.now_ns(), read, "uds")
    if not found:
        trace.mark(clock.now_ns(), facts.DtcRead(code=0, status=0, bits="memory empty"), "uds")
    return any(one.recorded for one in found)


async def _occurrences(tester: UdsTester, code: int, record: int) -> int | None:
    """None where the DUT does not say: the status is compared then."""
    try:
        return await tester.occurrences(code, record)
    except BenchError:
        return None


async def _clear(rig: Rig, tester: UdsTester) -> str:
    """Why the DUT has not cleared its memory; "" where it says that it has."""
    try:
        await _patiently(rig, tester)
    except UdsRefused as refused:
        if refused.code not in _NOT_IN_SESSION:
            return str(refused)
        return await _in_extended_session(rig, tester)
    except BenchError as error:
        return str(error)
    return ""


async def _in_extended_session(rig: Rig, tester: UdsTester) -> str:
    try:
        await tester.session("extended")
        try:
            await _patiently(rig, tester)
        finally:
            await tester.session("default")
    except BenchError as error:
        return str(error)
    return ""


async def _patiently(rig: Rig, tester: UdsTester) -> None:
    """A DUT that is busy is asked again, a few times."""
    for tries in range(_BUSY_TRIES):
        try:
            await tester.clear_dtcs()
            return
        except UdsRefused as refused:
            if refused.code not in _BUSY or tries == _BUSY_TRIES - 1:
                raise
        await rig.clock.sleep_until(rig.clock.now_ns() + _BUSY_NS)
    raise DutError("UDS 0x14: found a DUT that stays busy; expected it cleared")


async def hear_a_round(rig: Rig, profile: DutProfile) -> None:
    """Until a DUT that sends its codes in turn has come round, so that all stored before the shot are known."""
    role = profile.roles.get("dtc_code")
    if role is None:
        return
    message = rig.databases[role.channel][role.message]
    if not message.cycle_ns:
        return
    address, read = (role.channel, message.can_id, message.extended), heard(message.reader(role.signal))
    cleared = [mark.t_ns for mark in rig.trace.of(facts.DtcsCleared) if not mark.fact.problem]
    last_ns = since_ns = max(cleared, default=0)
    codes: set[float] = set()
    at, until_ns = 0, rig.clock.now_ns() + _ROUND_NS
    while rig.clock.now_ns() < until_ns:
        for seen in rig.trace.frames.since(at, {message.can_id}):
            if (seen.channel, seen.frame.can_id, seen.frame.extended) != address or seen.sender == BENCH:
                continue
            code = read(seen.frame.data)
            if seen.t_ns <= since_ns or code is None:
                continue
            if code in codes:
                return
            codes.add(code)
            last_ns = seen.t_ns
        at = len(rig.trace.frames)
        if rig.clock.now_ns() - last_ns > _CYCLES_OF_SILENCE * message.cycle_ns:
            return
        await rig.clock.sleep_until(rig.clock.now_ns() + POLL_NS)
