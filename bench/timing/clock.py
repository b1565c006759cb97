"""The Clock: where every part of the bench asks for time. Nothing else in the bench reads one."""

from collections.abc import Callable
from enum import IntEnum, StrEnum
from typing import Protocol

from bench.timing.failures import Failures


class Timebase(StrEnum):
    """Which time a run's stamps live in. Different timebases never share a table or a statistic."""

    SIMULATED = "simulated"
    HOST = "host"


class Phase(IntEnum):
    """Order within one instant of simulated time. Host time ignores it."""

    PLANT = 0
    INSTRUMENT = 1
    RESTBUS = 2
    BUS = 3
    DUT = 4
    OBSERVE = 5
    TASK = 6


class Timer(Protocol):
    """A callback that waits for its instant."""

    def cancel(self) -> None:
        """Forget the callback. Cancelling twice, or after it ran, does nothing."""


class Clock(Protocol):
    """One run's time, in integer nanoseconds since an origin of the clock's own."""

    timebase: Timebase
    failures: Failures  # of callbacks of this run; a shot takes those that are its own

    def now_ns(self) -> int: ...

    def call_at(self, when_ns: int, phase: Phase, callback: Callable[[], None]) -> Timer:
        """Run `callback` once at `when_ns` (at once, but never inside this call, when that has passed)."""

    def every(self, period_ns: int, phase: Phase, callback: Callable[[], None], *, first_ns: int) -> Timer:
        """Run `callback` on the fixed grid `first_ns + k * period_ns`; a late call does not shift the grid.

        Grid points that have passed already are left out. ValueError for a period that is not positive.
        """

    async def sleep_until(self, when_ns: int) -> None: ...


def grid_point_ns(first_ns: int, period_ns: int, now_ns: int) -> int:
    """The first point of the grid `first_ns + k * period_ns`, k >= 0, that is not before `now_ns`."""
    if period_ns <= 0:
        raise ValueError(f"period_ns = {period_ns}: a grid needs a positive period")
    return first_ns + max(0, -((first_ns - now_ns) // period_ns)) * period_ns
