"""What a report proves of the fact behind it, where the DUT reports late, and of a plant that follows such reports."""

from collections.abc import Sequence

from bench.measure.finding.answer import ForbiddenSeen, UnexpectedCode, UnexpectedReport
from bench.measure.finding.base import Finding
from bench.measure.finding.plant import PlantFollowedReport
from bench.measure.interval import Term
from bench.measure.signal_test import SignalTest
from bench.trace.facts import ContactorsFollowed
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS

REPORT_LAG = "DUT report lag"
ASSUMED = " (assumed)"
_TOLD_OF = (ForbiddenSeen, UnexpectedReport, UnexpectedCode)
# A current that flowed for too long has to be counted by the DUT before it complains of it.
COMPLAINS_WITHIN_NS = 200 * NS_PER_MS


def lag_ends(test: SignalTest) -> tuple[int, int]:
    """(shortest, longest) lag of a frame's answer in ns."""
    asked = (test, *test.together, *test.either)
    lags = [one.lag for one in asked if one.lag is not None]
    if len(lags) < len(asked):
        return 0, max((lag.high_ns for lag in lags), default=0)
    return min(lag.low_ns for lag in lags), max(lag.high_ns for lag in lags)


def fact_after_ns(test: SignalTest, denied_ns: int | None) -> int | None:
    """What a frame denied was not yet so: the fact came later than this. None: nothing denied it."""
    return None if denied_ns is None else denied_ns - lag_ends(test)[1]


def lag_term(test: SignalTest, width_ns: int) -> tuple[Term, ...]:
    """The term of the lag, `width_ns` of which the interval carries; nothing where it carries none."""
    lags = [one.lag for one in (test, *test.together, *test.either) if one.lag is not None]
    if not lags or width_ns <= 0:
        return ()
    sourced = all(lag.source for lag in lags)
    note = "; ".join(dict.fromkeys(lag.source for lag in lags if lag.source))
    return (Term(name=REPORT_LAG + ("" if sourced else ASSUMED), width_ns=width_ns, note=note),)


def followed_reports(trace: Trace) -> list[Finding]:
    """Told once: the plant's contactors followed reports that come after the fact."""
    late = [mark.fact.high_ns - mark.fact.low_ns for mark in trace.of(ContactorsFollowed)]
    return [PlantFollowedReport(late_ns=max(late))] if late else []


def doubts_of_late_plant(trace: Trace, broken: Sequence[Finding], onset_ns: int) -> list[Finding]:
    """Current and link voltage were shown as before for a while after the real contactor had moved.

    What the DUT then complains of may be the bench's doing.
    """
    spans = [
        (m.fact.low_ns, m.t_ns + m.fact.high_ns - m.fact.low_ns + COMPLAINS_WITHIN_NS)
        for m in trace.of(ContactorsFollowed)
    ]
    # A code that was only stored may have come at any time before it was read.
    told = [
        (onset_ns + one.when.offset_ns, isinstance(one, UnexpectedCode) and one.stored)
        for one in broken
        if isinstance(one, _TOLD_OF)
    ]
    touched = bool(told) and all(any(low <= t <= (t if s else high) for low, high in spans) for t, s in told)
    return followed_reports(trace) if touched else []
