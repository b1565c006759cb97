"""How fast the host's clock runs: how far the system slews it, and the bound that every interval in real time takes.

CLOCK_MONOTONIC counts seconds as the system makes them: a daemon that corrects the time of day makes it run faster or
slower, by 500 ppm at most in the kernel's own loop (adjtimex(2)), by more where chrony sets the tick.
CLOCK_MONOTONIC_RAW counts the same oscillator without that, so the two side by side show the slew. What the oscillator
itself is off by they cannot show: that takes a second clock.
"""

from collections.abc import Callable
from typing import NamedTuple

from bench.timing.host import host_now_ns, raw_now_ns
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


class Reading(NamedTuple):
    """Both clocks at one instant, known to ± u_ns of each other."""

    host_ns: int
    raw_ns: int
    u_ns: int


def read_both() -> Reading | None:
    """The raw clock between two reads of the other; the closest of a few. None where there is no raw clock."""
    best: Reading | None = None
    for _ in range(_ATTEMPTS):
        before_ns = host_now_ns()
        raw_ns = raw_now_ns()
        if raw_ns is None:
            return None
        span_ns = host_now_ns() - before_ns
        if best is None or span_ns // 2 + 1 < best.u_ns:
            best = Reading(before_ns + span_ns // 2, raw_ns, span_ns // 2 + 1)
        if span_ns <= _GOOD_SPAN_NS:
            break
    return best


class SlewWatch:
    """The worst slew between two looks. A slew of a tenth of a second is not lost in the mean of a long shot."""

    def __init__(self, read: Callable[[], Reading | None] = read_both) -> None:
        self._read = read
        self._last: Reading | None = None
        self.worst_ppb: int | None = None

    def look(self) -> None:
        now = self._read()
        if now is None or 2 * now.u_ns > _BEARABLE_SPAN_NS:
            return
        last, self._last = self._last, now
        if last is None:
            return
        passed_ns = now.raw_ns - last.raw_ns
        if passed_ns < LOOK_NS // 2:  # two reads so close together say little of a rate
            self._last = last
            return
        apart_ns = abs((now.host_ns - last.host_ns) - passed_ns) + now.u_ns + last.u_ns
        self.worst_ppb = max(self.worst_ppb or 0, -(-apart_ns * NS_PER_S // passed_ns))

    @property
    def bound_ppb(self) -> int:
        """Never less than BOUND_PPB; more where the clock was seen to be slewed by more than that leaves room for."""
        return max(BOUND_PPB, (self.worst_ppb or 0) + OSCILLATOR_PPB)
