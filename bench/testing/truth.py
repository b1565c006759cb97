"""When something really happened, and whether what a driver tells of it contains that instant, from both sides."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from bench.timing.clock import Clock, Phase

LOOK_NS = 100_000  # how often the simulator is asked for the truth


class ToldInterval(Protocol):
    """An interval [low_ns, high_ns] that a driver tells."""

    @property
    def low_ns(self) -> int: ...

    @property
    def high_ns(self) -> int: ...


@contextmanager
def watching(clock: Clock, happened: Callable[[], bool]) -> Iterator[list[int]]:
    """The instant at which `happened` was first seen, alone in a list; an empty list until then."""
    seen: list[int] = []

    def look() -> None:
        if not seen and happened():
            seen.append(clock.now_ns())

    watch = clock.every(LOOK_NS, Phase.OBSERVE, look, first_ns=clock.now_ns())
    try:
        yield seen
    finally:
        watch.cancel()


def assert_contains(told: ToldInterval, seen: list[int], *, began_ns: int, ended_ns: int) -> None:
    """`told` lies within the call from `began_ns` to `ended_ns`, and what was `seen` happened within `told`."""
    assert seen, "told, and it never happened"
    assert began_ns <= told.low_ns, "low_ns lies before the driver was asked"
    assert told.low_ns < seen[0], "low_ns lies after it happened"
    assert seen[0] <= told.high_ns + LOOK_NS, "high_ns lies before it happened"
    assert told.high_ns <= ended_ns, "high_ns lies after the driver has told it"
