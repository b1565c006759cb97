"""A fault that several pages or messages show one after the other begins between the first and the last of them."""

from collections.abc import Sequence
from dataclasses import replace

from bench.measure.clock_rate import with_rate
from bench.measure.interval import CLOCK_RATE, Interval, Latency, Measurement, Term
from bench.measure.shot import Seen
from bench.measure.trip_band import TRIP_TOLERANCE


def spread_over(onsets: Sequence[Seen], spread_ns: int) -> Seen | None:
    """The onset of what these show, the earliest first; the first alone where spread_ns, the longest possible, is 0.

    A DUT may count from the first page that shows it or from the last: the onset holds both.
    """
    if not onsets:
        return None
    first = onsets[0]
    if spread_ns == 0 or len(onsets) == 1:
        return first
    last = max(onsets, key=lambda one: one.interval.high_ns)
    interval = Interval(low_ns=min(one.interval.low_ns for one in onsets), high_ns=last.interval.high_ns)
    apart_ns = interval.width_ns - sum(term.width_ns for term in first.terms)
    if apart_ns <= 0:
        return first
    note = "from the first page that shows it to the last"
    terms = (*first.terms, Term(name="onset over pages", width_ns=apart_ns, note=note))
    return replace(first, interval=interval, terms=terms, first=first.interval, last=last.interval)


def fdti_since_last(measurement: Measurement) -> Latency | None:
    """The FDTI as a ceiling counts it: from the last frame that shows the fault. None: nothing was detected."""
    return _since(measurement, measurement.onset_last)


def fdti_since_first(measurement: Measurement) -> Latency | None:
    """The FDTI as a floor counts it: from the first frame that shows the fault. None: nothing was detected."""
    return _since(measurement, measurement.onset_first)


def _since(measurement: Measurement, end: Interval | None) -> Latency | None:
    fdti, detected, onset = measurement.fdti, measurement.detected, measurement.onset
    if fdti is None or detected is None or onset is None or end is None:
        return fdti
    terms = tuple(
        term for term in fdti.terms if term.name not in ("onset over pages", TRIP_TOLERANCE, CLOCK_RATE)
    )
    return with_rate(Latency(interval=detected.since(end), terms=terms), measurement.rate_ppb)
