"""What the trace of a shot in real time says of the rate of its own clock."""

from collections.abc import Callable, Iterator, Mapping

from bench.links.ports import CanLink, RatedLink
from bench.timing.clock import Phase
from bench.timing.host import HostClock
from bench.timing.rate import BOUND_PPB, LOOK_NS, WHY_BOUND, SlewWatch
from bench.timing.reference import ClockBound, ask_chrony, by_adapter, by_chrony
from bench.trace.facts import ClockRate
from bench.trace.timeline import Trace

_SOURCE = "host clock"


def watch_rate(
    clock: HostClock, trace: Trace, links: Mapping[str, CanLink], watch: SlewWatch | None = None
) -> Callable[[], None]:
    """Put the bound of the clock's rate into the trace at the start, so that every shot has one. Returns a function
    that tells what was seen.

    What was seen replaces the bound, also where it is worse.
    """
    watch = watch or SlewWatch()
    trace.mark(clock.now_ns(), ClockRate(bound_ppb=BOUND_PPB, why=WHY_BOUND), _SOURCE)
    said = ask_chrony()
    watch.look()
    timer = clock.every(LOOK_NS, Phase.OBSERVE, watch.look, first_ns=clock.now_ns() + LOOK_NS)

    def tell() -> None:
        timer.cancel()
        watch.look()
        seconds = (by_chrony(said, watch.mean_ppb), *_adapters(links))
        bound = watch.bound([one for one in seconds if one is not None])
        found = ClockRate(bound_ppb=bound.ppb, why=bound.why, slewed_ppb=watch.worst_ppb)
        trace.mark(clock.now_ns(), found, _SOURCE)

    return tell


def _adapters(links: Mapping[str, CanLink]) -> Iterator[ClockBound | None]:
    for channel, link in links.items():
        if isinstance(link, RatedLink):
            yield by_adapter(channel, link.rate_against_adapter())
