"""The decision rule at a limit, with a guard band (ISO 14253-1:2017; JCGM 106:2012, clause 8; ILAC-G8:09/2019).

A latency's terms count as rectangular distributions with the stated full widths (GUM, JCGM 100:2008, 4.3.7):
    u_c = sqrt(sum (width_i / 2)^2 / 3)
Where the interval is narrower than the terms, u_c is at most that of one rectangle over it, width / sqrt(12).
A one-sided guard band w = k u_c with k = 1.645 keeps the risk of a false accept at or below 5 %.
The bench uses a wider one: w is the *whole* distance from the middle to the end of the interval.
There the risk of a false accept is zero, as long as the terms are true.
This w is never narrower than 1.645 u_c. For rectangular terms sum a_i >= 1.645 sqrt(sum a_i^2 / 3).
For a rectangle over the interval 1.645 / sqrt(3) is below 1.
The zone of width 2 w around the limit is INCONCLUSIVE, and names the terms that must shrink.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from bench.measure.finding.times import Bound, Shrink, Straddles, Time
from bench.measure.interval import Latency, Term

_K_ONE_SIDED_95 = 1.6449  # standard normal quantile at 95 %


class Zone(StrEnum):
    """The four zones of a non-binary rule (ILAC-G8, 4.2.3); both conditional ones are INCONCLUSIVE."""

    ACCEPT = "accept"
    CONDITIONAL_ACCEPT = "conditional accept"
    CONDITIONAL_REJECT = "conditional reject"
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Against an upper limit. Times in ns: guard is the band used, guard_iso that of ISO 14253-1 at 5 %."""

    zone: Zone
    guard_ns: float
    guard_iso_ns: float
    u_c_ns: float
    excess_ns: int


def combined_uncertainty_ns(latency: Latency) -> float:
    """u_c in ns from the latency's terms, at most that of the interval; from its own width where none are named."""
    width_ns = latency.interval.width_ns
    widths = [term.width_ns for term in latency.terms] or [width_ns]
    return min(math.sqrt(sum((width / 2) ** 2 / 3 for width in widths)), _rectangle_ns(width_ns))


def _rectangle_ns(width_ns: int) -> float:
    """The standard uncertainty of what lies anywhere in an interval (GUM 4.3.7)."""
    return width_ns / math.sqrt(12)


def decide(latency: Latency, limit_ns: int) -> Decision:
    """Which zone an interval falls into at an upper limit; `excess_ns`: what keeps it from being accepted."""
    low, high = latency.interval.low_ns, latency.interval.high_ns
    if high <= limit_ns:
        zone = Zone.ACCEPT
    elif low > limit_ns:
        zone = Zone.REJECT
    else:
        zone = Zone.CONDITIONAL_ACCEPT if (low + high) / 2 <= limit_ns else Zone.CONDITIONAL_REJECT
    u_c_ns = combined_uncertainty_ns(latency)
    return Decision(
        zone=zone,
        guard_ns=(high - low) / 2,
        guard_iso_ns=_K_ONE_SIDED_95 * u_c_ns,
        u_c_ns=u_c_ns,
        excess_ns=max(0, high - limit_ns),
    )


def must_shrink(latency: Latency, excess_ns: int) -> tuple[tuple[Term, int], ...]:
    """Which terms, widest first, must shrink by how many ns so that the interval loses `excess_ns`."""
    left = excess_ns
    found: list[tuple[Term, int]] = []
    for term in sorted(latency.terms, key=lambda one: one.width_ns, reverse=True):
        if left <= 0:
            break
        part = min(left, term.width_ns)
        if part > 0:
            found.append((term, part))
            left -= part
    return tuple(found)


def straddles(time: Time, latency: Latency, bound: Bound, bound_ns: int, excess_ns: int) -> Straddles:
    """What the zone says: by how much the interval is too wide, and which terms must shrink. All in ns."""
    parts = must_shrink(latency, excess_ns)
    return Straddles(
        time=time,
        bound=bound,
        low_ns=latency.interval.low_ns,
        high_ns=latency.interval.high_ns,
        bound_ns=bound_ns,
        excess_ns=excess_ns,
        shrink=tuple(Shrink(term=term.name, width_ns=term.width_ns, by_ns=by_ns) for term, by_ns in parts),
        all_terms_ns=sum(term.width_ns for term in latency.terms),
    )
