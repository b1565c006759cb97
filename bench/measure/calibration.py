"""What an instrument's calibrated uncertainty is worth in a time: a term of the onset.

An uncertainty in seconds is the onset's own: it is moved by that much either way. One in volts moves the instant at
which a stimulus that climbs crosses a limit, by the uncertainty over the slope. A step crosses the limit at once,
however high it comes out: there it is an uncertainty of the level, and no time.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from bench.measure.interval import CALIBRATION, CalibrationUsed, Interval, Term
from bench.measure.shot import Seen
from bench.measure.slope import Slope
from bench.trace.facts import Calibrated
from bench.trace.timeline import Trace
from bench.units import NS_PER_S, format_ns

SECONDS = "s"


def calibrations(trace: Trace, slope: Slope | None) -> tuple[CalibrationUsed, ...]:
    """What the certificates of this shot say, and by how much each moves the onset; none of older traces."""
    return tuple(
        CalibrationUsed(
            instrument=fact.instrument,
            unit=fact.unit,
            expanded=fact.expanded,
            words=fact.words,
            moves_ns=_moves_ns(fact, slope),
        )
        for fact in (mark.fact for mark in trace.of(Calibrated))
    )


def _moves_ns(fact: Calibrated, slope: Slope | None) -> int:
    """Whole ns, outwards."""
    if fact.unit == SECONDS:
        return math.ceil(round(fact.expanded * NS_PER_S, 3))
    if slope is None or (slope.instrument, slope.unit) != (fact.instrument, fact.unit) or not slope.per_s:
        return 0
    return math.ceil(round(fact.expanded / abs(slope.per_s) * NS_PER_S, 3))


def calibrated(onset: Seen | None, used: Sequence[CalibrationUsed], commanded_ns: int) -> Seen | None:
    """The onset by instruments that are so uncertain. It never begins before its command."""
    if onset is None:
        return None
    for one in used:
        if one.moves_ns:
            onset = _moved(onset, one, commanded_ns)
    return onset


def _moved(onset: Seen, one: CalibrationUsed, commanded_ns: int) -> Seen:
    interval = _wider(onset.interval, one.moves_ns, commanded_ns)
    note = f"{one.instrument}, ±{one.words}: ±{format_ns(one.moves_ns)}"
    term = Term(name=CALIBRATION, width_ns=interval.width_ns - onset.interval.width_ns, note=note)
    first, last, terminal = (
        None if found is None else _wider(found, one.moves_ns, commanded_ns)
        for found in (onset.first, onset.last, onset.terminal)
    )
    return replace(
        onset, interval=interval, terms=(*onset.terms, term), first=first, last=last, terminal=terminal
    )


def _wider(interval: Interval, by_ns: int, commanded_ns: int) -> Interval:
    earliest_ns = min(interval.low_ns, commanded_ns)
    return Interval(low_ns=max(interval.low_ns - by_ns, earliest_ns), high_ns=interval.high_ns + by_ns)
