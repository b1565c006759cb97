"""What the trace of a shot in real time says of the rate of its own clock."""

from collections.abc import Callable

from bench.timing.clock import Phase
from bench.timing.host import HostClock
from bench.timing.rate import BOUND_PPB, LOOK_NS, WHY_BOUND, SlewWatch
from bench.trace.facts import ClockRate
from bench.trace.timeline import Trace

_SOURCE = "host clock"


def watch_rate(clock: HostClock, trace: Trace, watch: SlewWatch | None = None) -> Callable[[], None]:
    """The bound stands in the trace from the start, so that no shot is without one. Returned: what tells the slew."""
    watch = watch or SlewWatch()
    trace.mark(clock.now_ns(), ClockRate(bound_ppb=BOUND_PPB, why=WHY_BOUND), _SOURCE)
    watch.look()
    timer = clock.every(LOOK_NS, Phase.OBSERVE, watch.look, first_ns=clock.now_ns() + LOOK_NS)

    def tell() -> None:
        timer.cancel()
        watch.look()
        why = WHY_BOUND
        if watch.bound_ppb > BOUND_PPB:
            why = "the slew that was seen, and 100 ppm for the oscillator"
        found = ClockRate(bound_ppb=watch.bound_ppb, why=why, slewed_ppb=watch.worst_ppb)
        trace.mark(clock.now_ns(), found, _SOURCE)

    return tell
