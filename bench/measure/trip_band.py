"""The onset of a stimulus that climbs across a limit with a tolerance: somewhere between its two ends."""

from collections.abc import Callable
from dataclasses import replace

from bench.measure.interval import Interval, Term
from bench.measure.shot import Seen

TRIP_TOLERANCE = "trip tolerance"


def across_the_band(early: Seen | None, late: Callable[[Seen], Seen | None], end_ns: int) -> Seen | None:
    """From the first frame beyond the lower end to the first beyond the upper one; to `end_ns` where none is.

    A DUT may count from either: the ceiling from the last, the floor from the first.
    """
    if early is None:
        return None
    reached = late(early)
    note = "from the lower end of the DUT's tolerance to the upper one"
    if reached is not None:
        last = reached.interval
    else:
        last = Interval(low_ns=early.interval.low_ns, high_ns=max(early.interval.high_ns, end_ns))
        note += ", which the stimulus never came to"
    interval = Interval(low_ns=early.interval.low_ns, high_ns=max(early.interval.high_ns, last.high_ns))
    term = Term(name=TRIP_TOLERANCE, width_ns=interval.width_ns - early.interval.width_ns, note=note)
    return replace(early, interval=interval, terms=(*early.terms, term), first=early.interval, last=last)
