"""How fast the host's clock runs: how far the system slews it, and the bound used for every interval in real time.

CLOCK_MONOTONIC counts seconds as the system makes them. A daemon that corrects the time of day makes it run faster or
slower: by 500 ppm at most in the kernel's own loop (adjtimex(2)), by more where chrony sets the tick.
CLOCK_MONOTONIC_RAW counts the same oscillator without that, so the two together show the slew. They cannot show the
error of the oscillator itself; that needs a second clock.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from bench.timing.host import host_now_ns, raw_now_ns
from bench.timing.reference import ClockBound
from bench.units import NS_PER_MS, NS_PER_S

BOUND_PPB = 500_000  # taken where no second clock says better
OSCILLATOR_PPB = 100_000  # what a computer's oscillator may be off by; crystals of ±20 to ±50 ppm are usual
LOOK_NS = 100 * NS_PER_MS
WHY_BOUND = "bound: the kernel slews by 500 ppm at most, and no second clock was there to measure it"

_ATTEMPTS = 4
_GOOD_SPAN_NS = 2_000
_BEARABLE_SPAN_NS = (
    20_000  # interrupted for longer than this between two clocks, they say nothing of each other
)


class ClockPair(NamedTuple):
    """Both clocks at one instant, known to ± u_ns of each other."""

    host_ns: int
    raw_ns: int
    u_ns: int


def read_both() -> ClockPair | None:
    """The raw clock between two reads of the other; the closest of a few. None where there is no raw clock."""
    best: ClockPair | None = None
    for _ in range(_ATTEMPTS):
        before_ns = host_now_ns()
        raw_ns = raw_now_ns()
        if raw_ns is None:
            return None
        span_ns = host_now_ns() - before_ns
        if best is None or span_ns // 2 + 1 < best.u_ns:
            best = ClockPair(before_ns + span_ns // 2, raw_ns, span_ns // 2 + 1)
        if span_ns <= _GOOD_SPAN_NS:
            break
    return best


class SlewWatch:
    """The slew between two looks. That of a tenth of a second is not lost in the mean of a long shot."""

    def __init__(self, read: Callable[[], ClockPair | None] = read_both) -> None:
        self._read = read
        self._first: ClockPair | None = None
        self._last: ClockPair | None = None
        self._least_ppb = self._most_ppb = 0
        self.worst_ppb: int | None = None

    def look(self) -> None:
        now = self._read()
        if now is None or 2 * now.u_ns > _BEARABLE_SPAN_NS:
            return
        last = self._last
        if last is None:
            self._first = self._last = now
            return
        passed_ns = now.raw_ns - last.raw_ns
        if passed_ns < LOOK_NS // 2:  # two reads so close together say little of a rate
            return
        self._last = now
        apart_ns, u_ns = (now.host_ns - last.host_ns) - passed_ns, now.u_ns + last.u_ns
        least_ppb = (apart_ns - u_ns) * NS_PER_S // passed_ns
        most_ppb = -(-(apart_ns + u_ns) * NS_PER_S // passed_ns)
        known = self.worst_ppb is not None
        self._least_ppb = min(self._least_ppb, least_ppb) if known else least_ppb
        self._most_ppb = max(self._most_ppb, most_ppb) if known else most_ppb
        self.worst_ppb = max(abs(self._least_ppb), abs(self._most_ppb))

    @property
    def mean_ppb(self) -> int | None:
        """From the first look to the last."""
        if self.worst_ppb is None or self._first is None or self._last is None:
            return None
        passed_ns = self._last.raw_ns - self._first.raw_ns
        return ((self._last.host_ns - self._first.host_ns) - passed_ns) * NS_PER_S // passed_ns

    def bound(self, measured: Sequence[ClockBound]) -> ClockBound:
        """The best that second clocks make of it, and how far the slew strayed from its mean; else BOUND_PPB.

        BOUND_PPB gives way where the clock was slewed by more than it leaves room for.
        """
        mean_ppb = self.mean_ppb
        if measured and mean_ppb is not None:
            best = min(measured)
            strayed_ppb = max(abs(self._most_ppb - mean_ppb), abs(self._least_ppb - mean_ppb))
            return ClockBound(best.ppb + strayed_ppb, best.why)
        if (
            measured and min(measured).ppb > BOUND_PPB
        ):  # nothing tells of its slew, and it runs wrong all the same
            return min(measured)
        seen_ppb = (self.worst_ppb or 0) + OSCILLATOR_PPB
        if seen_ppb > BOUND_PPB:
            return ClockBound(seen_ppb, "the slew that was seen, and 100 ppm for the oscillator")
        return ClockBound(BOUND_PPB, WHY_BOUND)
