"""Doubts that the bench itself raises: it starved the DUT of a message, stood still, or its clocks do not compare.

A doubt is no proof. But what the DUT did may then be the bench's doing, and what was measured may not be a time: the
verdict is INCONCLUSIVE, whatever was seen.
"""

from collections.abc import Mapping
from dataclasses import replace

from bench.measure.plan import Plan
from bench.measure.questions import Codec, message_of
from bench.measure.window import (
    DUT_WAIT_LIMIT_NS,
    DUT_WAIT_SPAN_NS,
    LATE_LIMIT_NS,
    Window,
    stamp_half_width,
)
from bench.timing.clock import Timebase
from bench.trace.events import BENCH, TIME_TO_LIVE, Kind
from bench.trace.timeline import Trace
from bench.units import format_ns

SHOWN_WRONG_V = 0.05  # a millivolt or two beyond an end of the range decides nothing


def doubts_of(trace: Trace, window: Window, plan: Plan, decoders: Mapping[str, Codec]) -> list[str]:
    """In words. Simulated time has no lateness and one clock: none of these there."""
    beyond = [*_beyond_outputs(trace, window), *_clipped(trace, window)]
    if trace.timebase is Timebase.SIMULATED:
        return beyond
    return [
        *beyond,
        *_stood_still(window),
        *_starved(trace, window, plan, decoders),
        *_foreign_clocks(trace, plan),
    ]


def without_own_words(window: Window, plan: Plan, decoders: Mapping[str, Codec]) -> tuple[Window, list[str]]:
    """The window without what the bench itself sent as if it were the DUT, and what is left out, in words."""
    own = {
        (channel, codec.can_id, codec.extended): message
        for channel, message in plan.own
        for codec in (message_of(decoders, channel, message),)
    }
    counts: dict[str, int] = {}
    frames = []
    for seen in window.frames:
        message = own.get((seen[1], seen[2][0], seen[2][2])) if seen[3] == BENCH else None
        if message is None:
            frames.append(seen)
        else:
            counts[message] = counts.get(message, 0) + 1
    if not counts:
        return window, []
    told = [
        f"{count} frame{'s' * (count > 1)} of {message} came from the bench itself: no answer of the DUT"
        for message, count in counts.items()
    ]
    return replace(window, frames=tuple(frames)), told


def worst_lateness_ns(trace: Trace) -> int:
    """The latest call of the bench's grid in the whole shot, as the bench wrote it down at the end."""
    found = [mark.facts.get("max_ns", 0) for mark in trace.of_kind(Kind.BENCH_TIMING)]
    return max((int(value) for value in found if isinstance(value, int | float)), default=0)


def _beyond_outputs(trace: Trace, window: Window) -> list[str]:
    """The plant's cells went where no output follows: what the DUT was shown is not what they had."""
    return [
        str(mark.facts.get("problem"))
        for mark in trace.of_kind(Kind.ANOMALY)
        if window.start_ns <= mark.t_ns <= window.end_ns
        and isinstance(beyond_v := mark.facts.get("beyond_v"), float)
        and beyond_v > SHOWN_WRONG_V
    ][:1]


def _clipped(trace: Trace, window: Window) -> list[str]:
    """Signals that could not carry what they were to show, as far back as the shot goes: the DUT saw something else."""
    return [
        str(mark.facts.get("problem"))
        for mark in trace.of_kind(Kind.ANOMALY)
        if mark.t_ns <= window.end_ns and "clipped" in mark.facts
    ]


def taken_off_early(
    trace: Trace, window: Window, safe_ns: int | None, *, bits_lacking: bool = False
) -> list[str]:
    """Faults whose time to live ended before the DUT had reached its safe state (safe_ns): the rig healed them.

    bits_lacking: the DUT's memory lacks a status bit that was asked for: only a fault that lasted until then shows it.
    """
    end_ns = window.end_ns if safe_ns is None or bits_lacking else min(safe_ns, window.end_ns)
    answer = "given its whole answer" if bits_lacking else "reached its safe state"
    return [
        f"the rig took '{mark.facts.get('fault')}' off before the DUT had {answer}: {why}"
        for mark in trace.of_kind(Kind.STIMULUS_CLEARED)
        if window.start_ns <= mark.t_ns < end_ns
        and (why := str(mark.facts.get("why"))).startswith(TIME_TO_LIVE)
    ]


def _stood_still(window: Window) -> list[str]:
    if window.late_ns <= LATE_LIMIT_NS:
        return []
    limit = format_ns(LATE_LIMIT_NS)
    return [f"the bench was {format_ns(window.late_ns)} late inside the window; the limit is {limit}"]


def excuses_of(trace: Trace, window: Window) -> list[str]:
    """In words. A DUT that is a process of this machine is as late as the machine lets it be."""
    if trace.timebase is Timebase.SIMULATED or window.dut_waited_ns <= DUT_WAIT_LIMIT_NS:
        return []
    return [
        f"the DUT's process came late to a processor of this machine: it waited {format_ns(window.dut_waited_ns)} "
        f"within {format_ns(DUT_WAIT_SPAN_NS)}; the limit is {format_ns(DUT_WAIT_LIMIT_NS)}"
    ]


def _starved(trace: Trace, window: Window, plan: Plan, decoders: Mapping[str, Codec]) -> list[str]:
    """Messages the DUT needs that came later than it tolerates, judged by their stamps on the bus."""
    longest = {
        (channel, codec.can_id, codec.extended): (message, patience_ns)
        for channel, message, patience_ns in plan.fed
        for codec in (message_of(decoders, channel, message),)
    }
    if not longest:
        return []
    last: dict[tuple[str, int, bool], int] = dict.fromkeys(longest, window.start_ns)
    worst: dict[tuple[str, int, bool], tuple[int, int]] = {}
    for t_ns, channel, frame, _ in window.frames:
        address = (channel, frame.can_id, frame.extended)
        before_ns = last.get(address)
        if before_ns is not None:
            worst[address] = max(worst.get(address, (0, 0)), (t_ns - before_ns, before_ns))
            last[address] = t_ns
    doubts = []
    for address, (message, patience_ns) in longest.items():
        tail = (window.end_ns - last[address], last[address])
        gap_ns, since_ns = max(worst.get(address, (0, 0)), tail)
        u_ns, _ = stamp_half_width(trace, window, address[0])
        if gap_ns - 2 * u_ns > patience_ns:
            doubts.append(
                f"the bench was late with {message}: {format_ns(gap_ns)} without one, "
                f"{format_ns(since_ns - window.start_ns)} into the window; the DUT tolerates {format_ns(patience_ns)}"
            )
    return doubts


def _foreign_clocks(trace: Trace, plan: Plan) -> list[str]:
    """Onset and answer have to be stamped by clocks whose difference is known."""
    ends = {test.channel for test in (*plan.onset, *plan.detection, *plan.safe_state)}
    ends |= {one.channel for one in plan.onset_irregular}
    clocks = {trace.stamping[one].clock: one for one in sorted(ends) if one in trace.stamping}
    if len(clocks) < 2:
        return []
    named = " and ".join(f"'{channel}' by {clock}" for clock, channel in clocks.items())
    return [f"onset and answer are stamped by clocks that nobody has correlated: {named}"]
