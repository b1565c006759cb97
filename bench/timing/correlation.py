"""Where other clocks stand against the host's monotonic one, so that their stamps fit the trace."""

from collections import deque
from dataclasses import dataclass

from bench.timing.host import host_now_ns, wall_now_ns

_GOOD_SPAN_NS = 2_000
_ATTEMPTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """`monotonic = realtime - offset_ns`, known to ± `u_ns`. It is true at the instant of measurement only.

    The system may step or slew CLOCK_REALTIME, so code that converts stamps measures the offset again for every
    batch.
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


_REMEMBERED = 256
_LEAP_NS = 50_000_000
_SCATTER_NS = 10_000  # of a frame's shortest way to the host, at least
_RANK = 7  # how far the eighth shortest way is from the shortest shows how sure the shortest is
_LEAST_SPAN_NS = 1_000_000_000
_SURE = 8  # one late arrival is no leap; a leap stays


class ForeignClock:
    """An adapter's clock against the host's, from pairs of stamps of the same frames.

    A frame reaches the host some time after the adapter has stamped it, never before. So the smallest difference of
    the last 256 frames is the offset plus the shortest delay. 256 frames of a 10 ms grid are 2.6 s; in that time a
    clock that is wrong by 100 ppm drifts by 0.26 ms.

    Differences that jump by 50 ms and stay there are a new clock: a reset, or a counter that wrapped. Then the offset
    is learnt again, and `leaps` counts it.
    """

    def __init__(self) -> None:
        self.leaps = 0
        self._differences: deque[int] = deque(maxlen=_REMEMBERED)
        self._stamps: deque[int] = deque(maxlen=_REMEMBERED)
        self._first: tuple[int, list[int]] | None = None
        self._far: list[int] = []

    def host_ns(self, adapter_ns: int, arrived_ns: int) -> int:
        """The adapter's stamp on the host's clock; never after the arrival."""
        difference_ns = arrived_ns - adapter_ns
        known = self._differences
        if known and abs(difference_ns - min(known)) > _LEAP_NS:
            if self._far and abs(difference_ns - self._far[-1]) > _LEAP_NS:
                self._far.clear()
            self._far.append(difference_ns)
            earlier = difference_ns < min(
                known
            )  # no way is shorter than the shortest by 50 ms: another clock
            if not earlier and len(self._far) < _SURE:
                return min(arrived_ns, adapter_ns + min(known))
            self.leaps += 1
            known.clear()
            known.extend([difference_ns] if earlier else self._far)
            self._first = None
            self._stamps.clear()
        else:
            known.append(difference_ns)
        self._far.clear()
        self._stamps.append(adapter_ns)
        if self._first is None and len(self._stamps) == _REMEMBERED:
            self._first = (adapter_ns, list(known))
        return adapter_ns + min(known)

    def rate(self) -> tuple[int, int] | None:
        """(ppb, ± ppb) by which the host's clock runs faster; None where too little was heard since the last leap.

        By the shortest ways of the first and of the last 256 frames, over what lies between these two.
        """
        if self._first is None:
            return None
        until_ns, first = self._first
        passed_ns = self._stamps[0] - until_ns
        if passed_ns < _LEAST_SPAN_NS:
            return None
        ways = [sorted(one) for one in (first, self._differences)]
        moved_ns = ways[1][0] - ways[0][0]
        unsure_ns = sum(max(_SCATTER_NS, one[min(_RANK, len(one) - 1)] - one[0]) for one in ways)
        return moved_ns * 1_000_000_000 // passed_ns, -(-unsure_ns * 1_000_000_000 // passed_ns)
