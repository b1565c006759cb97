"""Whether the stamps of a shot can be true: a clock that was set back or ahead shows in their order.

Frames stand in a Trace in the order in which the bench learned of them. Those of one sender on one bus pass one clock,
so their stamps rise as well. Where they do not, gaps and silences are the bench's own making.
"""

from bench.measure.finding.base import Finding
from bench.measure.finding.stamps import StampsAhead, StampsWentBack
from bench.measure.interval import StampUsed
from bench.measure.window import Window
from bench.timing.clock import Timebase
from bench.trace.facts import RunEnded
from bench.trace.stamping import Origin
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS

LEARNT_NS = (
    5 * NS_PER_MS
)  # by which an adapter's clock may be placed anew when a frame comes by a shorter way
CLOSING_NS = 50 * NS_PER_MS  # frames still come in while the links are closed


def stamps_out_of_order(trace: Trace, window: Window) -> list[Finding]:
    """Per bus. What lay wholly before the arming decides nothing: a correlation may still have been learnt there."""
    ended = max((mark.t_ns for mark in trace.of(RunEnded)), default=None)
    return [*_went_back(trace, window), *([] if ended is None else _ahead(trace, ended))]


def stamps_used(trace: Trace) -> tuple[StampUsed, ...]:
    """None in simulated time, in which every stamp is exact."""
    if trace.timebase is Timebase.SIMULATED:
        return ()
    return tuple(
        StampUsed(channel=channel, source=one.source, u_ns=one.u_ns, worth=one.worth)
        for channel, one in trace.stamping.items()
    )


def _tolerance_ns(trace: Trace, channel: str) -> int:
    stamping = trace.stamping.get(channel)
    if stamping is None:
        return 0
    return 2 * stamping.u_ns + (LEARNT_NS if stamping.origin is Origin.ADAPTER else 0)


def _went_back(trace: Trace, window: Window) -> list[Finding]:
    if trace.frames.columns().in_order:
        return []
    latest: dict[tuple[str, str], int] = {}
    found: dict[str, list[int]] = {}
    for t_ns, channel, _, sender in trace.frames:
        before_ns = latest.get((channel, sender), t_ns)
        latest[channel, sender] = max(before_ns, t_ns)
        if before_ns - t_ns > _tolerance_ns(trace, channel) and before_ns >= window.start_ns:
            found.setdefault(channel, []).append(before_ns - t_ns)
    return [
        StampsWentBack(channel=channel, count=len(back), back_ns=max(back)) for channel, back in found.items()
    ]


def _ahead(trace: Trace, ended_ns: int) -> list[Finding]:
    latest_ns = int(trace.frames.columns().t_ns.max(initial=0))
    if latest_ns - ended_ns <= CLOSING_NS:  # no tolerance is negative
        return []
    found: dict[str, list[int]] = {}
    for t_ns, channel, _, _ in trace.frames:
        if t_ns - ended_ns > CLOSING_NS + _tolerance_ns(trace, channel):
            found.setdefault(channel, []).append(t_ns - ended_ns)
    return [
        StampsAhead(channel=channel, count=len(ahead), ahead_ns=max(ahead))
        for channel, ahead in found.items()
    ]
