"""Where CLOCK_REALTIME stands against the host's monotonic clock, so that kernel stamps fit the trace."""

from dataclasses import dataclass

from bench.timing.host import host_now_ns, wall_now_ns

_GOOD_SPAN_NS = 2_000
_ATTEMPTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """`monotonic = realtime - offset_ns`, known to ± `u_ns`. True at the instant of measurement only.

    The system may step or slew CLOCK_REALTIME, so whoever converts stamps measures anew for every batch.
    """

    offset_ns: int
    u_ns: int

    def monotonic_ns(self, realtime_ns: int) -> int:
        return realtime_ns - self.offset_ns


def correlate() -> Correlation:
    """Read the realtime clock between two reads of the monotonic one; the closest of a few attempts counts.

    Costs under 1 µs when the first attempt is undisturbed (both reads within 2 µs).
    """
    best_span_ns = best_offset_ns = -1
    for _ in range(_ATTEMPTS):
        before_ns = host_now_ns()
        wall_ns = wall_now_ns()
        span_ns = host_now_ns() - before_ns
        if best_span_ns < 0 or span_ns < best_span_ns:
            best_span_ns, best_offset_ns = span_ns, wall_ns - before_ns - span_ns // 2
        if best_span_ns <= _GOOD_SPAN_NS:
            break
    return Correlation(offset_ns=best_offset_ns, u_ns=best_span_ns // 2 + 1)
