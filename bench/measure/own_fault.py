"""Doubts that the bench itself raises: it starved the DUT of a message, stood still, or its clocks do not compare.

A doubt is no proof. But what the DUT did may then be the bench's doing, and what was measured may not be a time: the
verdict is INCONCLUSIVE, whatever was seen.
"""

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice

import numpy as np

from bench.measure.finding.base import Finding
from bench.measure.finding.bench import (
    BenchLate,
    DutStarved,
    DutWaited,
    FaultTakenOff,
    ForeignClocks,
    OutputBeyondRange,
    OwnFrames,
    SignalClipped,
)
from bench.measure.plan import Plan
from bench.measure.questions import Codec, address_of
from bench.measure.window import (
    DUT_WAIT_LIMIT_NS,
    DUT_WAIT_SPAN_NS,
    LATE_LIMIT_NS,
    Window,
    stamp_half_width,
)
from bench.timing.clock import Timebase
from bench.trace import facts
from bench.trace.events import BENCH
from bench.trace.timeline import Trace

SHOWN_WRONG_V = 0.05  # a millivolt or two beyond an end of the range decides nothing


def doubts_of(
    trace: Trace, window: Window, plan: Plan, decoders: Mapping[str, Codec], safe_ns: int | None = None
) -> list[Finding]:
    """Simulated time has no lateness and one clock: there only what the DUT was shown wrongly counts.

    safe_ns: when the DUT had reached its safe state, where that is what the scenario asks for.
    """
    until_ns = window.end_ns if safe_ns is None else min(safe_ns, window.end_ns)
    beyond = [*_beyond_outputs(trace, window), *_clipped(trace, until_ns)]
    if trace.timebase is Timebase.SIMULATED:
        return beyond
    return [
        *beyond,
        *_stood_still(window),
        *_starved(trace, window, plan, decoders),
        *_foreign_clocks(trace, plan),
    ]


def without_own_frames(
    window: Window, plan: Plan, decoders: Mapping[str, Codec]
) -> tuple[Window, list[Finding]]:
    """The window without what the bench itself sent as if it were the DUT, and what is left out."""
    own = {address_of(decoders, channel, message): message for channel, message in plan.own}
    counts: dict[str, int] = {}
    frames = window.frames
    if BENCH not in frames.senders(own):  # the usual case, and the quick one
        return window, []
    left_out = []
    for place, (_, channel, frame, sender) in frames.news(dict.fromkeys(own)):
        if sender == BENCH:
            message = own[channel, frame[0], frame[2]]
            counts[message] = counts.get(message, 0) + 1
            left_out.append(place)
    told: list[Finding] = [OwnFrames(message=message, count=count) for message, count in counts.items()]
    return replace(window, frames=frames.but(np.array(left_out, np.intp))), told


def worst_lateness_ns(trace: Trace) -> int:
    """The latest call of the bench's grid in the whole shot, as the bench wrote it down at the end."""
    return max((mark.fact.max_ns for mark in trace.of(facts.BenchTiming)), default=0)


def _beyond_outputs(trace: Trace, window: Window) -> list[Finding]:
    """The plant's cells went where no output follows: what the DUT was shown is not what they had."""
    beyond = (
        OutputBeyondRange(
            cell=mark.fact.cell, cell_voltage_v=mark.fact.cell_voltage_v, highest_v=mark.fact.highest_v
        )
        for mark in trace.of(facts.OutputBeyondRange)
        if window.start_ns <= mark.t_ns <= window.end_ns and mark.fact.beyond_v > SHOWN_WRONG_V
    )
    return list(islice(beyond, 1))


def _clipped(trace: Trace, until_ns: int) -> list[Finding]:
    """Signals that could not carry what they were to show, as far back as the shot goes: the DUT saw something else.

    Not those that went off the scale of an honest sensor: whatever the DUT promises depends on less than that.
    """
    return [
        SignalClipped(
            signal=mark.fact.signal,
            quantity=mark.fact.quantity,
            value=mark.fact.value,
            carried=mark.fact.carried,
        )
        for mark in trace.of(facts.SignalClipped)
        if mark.t_ns <= until_ns and not mark.fact.off_scale
    ]


def taken_off_early(
    trace: Trace, window: Window, safe_ns: int | None, *, bits_lacking: bool = False, quiet: bool = False
) -> list[Finding]:
    """Faults whose time to live ended before the DUT had reached its safe state (safe_ns): the rig healed them.

    quiet: the DUT was to bear them to the end of the window.
    bits_lacking: the DUT's memory lacks a status bit that was asked for: only a fault that lasted until then shows it.
    """
    end_ns = window.end_ns if safe_ns is None or bits_lacking else min(safe_ns, window.end_ns)
    return [
        FaultTakenOff(
            fault=mark.fact.fault,
            time_to_live_ns=mark.fact.outlived_ns,
            before_read=bits_lacking,
            before_end=quiet,
        )
        for mark in trace.of(facts.StimulusCleared)
        if window.start_ns <= mark.t_ns < end_ns and mark.fact.outlived_ns is not None
    ]


def _stood_still(window: Window) -> list[Finding]:
    if window.late_ns <= LATE_LIMIT_NS:
        return []
    return [BenchLate(late_ns=window.late_ns, limit_ns=LATE_LIMIT_NS)]


def excuses_of(trace: Trace, window: Window) -> list[Finding]:
    """A DUT that is a process of this machine is as late as the machine lets it be."""
    if trace.timebase is Timebase.SIMULATED or window.dut_waited_ns <= DUT_WAIT_LIMIT_NS:
        return []
    waited_ns = window.dut_waited_ns
    return [DutWaited(waited_ns=waited_ns, span_ns=DUT_WAIT_SPAN_NS, limit_ns=DUT_WAIT_LIMIT_NS)]


def _starved(trace: Trace, window: Window, plan: Plan, decoders: Mapping[str, Codec]) -> list[Finding]:
    """Messages the DUT needs that came later than it tolerates, judged by their stamps on the bus."""
    longest = {
        address_of(decoders, channel, message): (message, patience_ns)
        for channel, message, patience_ns in plan.fed
    }
    if not longest:
        return []
    last: dict[tuple[str, int, bool], int] = dict.fromkeys(longest, window.start_ns)
    worst: dict[tuple[str, int, bool], tuple[int, int]] = {}
    for t_ns, channel, frame, _ in window.frames.only(longest):
        address = (channel, frame.can_id, frame.extended)
        before_ns = last.get(address)
        if before_ns is not None:
            worst[address] = max(worst.get(address, (0, 0)), (t_ns - before_ns, before_ns))
            last[address] = t_ns
    doubts: list[Finding] = []
    for address, (message, patience_ns) in longest.items():
        tail = (window.end_ns - last[address], last[address])
        gap_ns, since_ns = max(worst.get(address, (0, 0)), tail)
        u_ns, _ = stamp_half_width(trace, window, address[0])
        if gap_ns - 2 * u_ns > patience_ns:
            doubts.append(
                DutStarved(
                    message=message,
                    gap_ns=gap_ns,
                    since_arming_ns=since_ns - window.start_ns,
                    tolerated_ns=patience_ns,
                )
            )
    return doubts


def _foreign_clocks(trace: Trace, plan: Plan) -> list[Finding]:
    """Onset and answer have to be stamped by clocks whose difference is known."""
    ends = {test.channel for test in (*plan.onset, *plan.detection, *plan.safe_state)}
    ends |= {one.channel for one in plan.onset_irregular}
    clocks = {trace.stamping[one].clock: one for one in sorted(ends) if one in trace.stamping}
    if len(clocks) < 2:
        return []
    return [ForeignClocks(clocks=tuple((channel, clock) for clock, channel in clocks.items()))]
