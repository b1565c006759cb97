"""From a report to the instant of the fact behind it, as an interval with its terms."""

from bench.measure.interval import BENCH_LATENESS, Interval, Term
from bench.measure.lagging import lag_ends, lag_term
from bench.measure.shot import Seen, Shot
from bench.measure.signal_test import SignalTest


def instant_of(shot: Shot, onset: Seen | None, test: SignalTest, t_ns: int, after_ns: int | None) -> Seen:
    """Last good to first bad, each widened by its stamp; never earlier than the cause.

    t_ns: of the frame that told it. after_ns: from the last good on the fact may have been; a report that lags moves it
    to before its frame.
    """
    channel = test.channel
    u_ns, late_ns = shot.half_widths(channel)
    half_ns = u_ns + late_ns
    start_ns = shot.window.start_ns if onset is None else onset.interval.low_ns
    low_ns = start_ns if after_ns is None else max(start_ns, after_ns - half_ns)
    shortest_ns, longest_ns = lag_ends(test)
    told_ns = t_ns - shortest_ns
    hidden_ns = max(0, told_ns - (start_ns if after_ns is None else max(start_ns, after_ns)))
    lag_ns = min(longest_ns - shortest_ns, hidden_ns)
    terms = [
        Term(name="DUT reporting cycle", width_ns=hidden_ns - lag_ns, note=test.message),
        *lag_term(test, lag_ns),
        Term(name="stamp", width_ns=2 * u_ns, note=channel),
    ]
    if late_ns:
        terms.append(Term(name=BENCH_LATENESS, width_ns=2 * late_ns, note=channel))
    interval = Interval(low_ns=low_ns, high_ns=max(low_ns, told_ns + half_ns))
    return Seen(interval=interval, t_ns=t_ns, terms=tuple(terms))
