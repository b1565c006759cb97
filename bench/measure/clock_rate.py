"""The error of the clock's rate, as a term of every interval between two instants of a shot.

A clock whose rate is wrong by at most r shows a time between T (1 - r) and T (1 + r) for a true time T. So the truth
lies between T / (1 + r) and T / (1 - r), where T is the time shown.
"""

from bench.measure.interval import CLOCK_RATE, Interval, Latency, Term
from bench.timing.clock import Timebase
from bench.trace.facts import ClockRate
from bench.trace.timeline import Trace
from bench.units import NS_PER_S


def rate_ppb(trace: Trace) -> int:
    """By how much it may run wrong, as was known last. 0 in simulated time, and of traces that do not say."""
    if trace.timebase is Timebase.SIMULATED:
        return 0
    said = [mark.fact.bound_ppb for mark in trace.of(ClockRate)]
    return said[-1] if said else 0


def rate_why(trace: Trace) -> str:
    """The source of the clock's rate error. Empty where there is no such term."""
    said = [mark.fact.why for mark in trace.of(ClockRate)]
    return said[-1] if said and trace.timebase is not Timebase.SIMULATED else ""


def widened(interval: Interval, ppb: int) -> Interval:
    """Whole ns, outwards."""
    return Interval(
        low_ns=interval.low_ns - -(-interval.low_ns * ppb // (NS_PER_S + ppb)),
        high_ns=interval.high_ns + -(-interval.high_ns * ppb // (NS_PER_S - ppb)),
    )


def with_rate(latency: Latency, ppb: int) -> Latency:
    """The latency, widened by a clock rate error of `ppb` parts per billion, with a term that says so."""
    if ppb == 0:
        return latency
    interval = widened(latency.interval, ppb)
    width_ns = interval.width_ns - latency.interval.width_ns
    term = Term(name=CLOCK_RATE, width_ns=width_ns, note=f"±{ppb / 1000:g} ppm")
    return Latency(interval=interval, terms=(*latency.terms, term))
