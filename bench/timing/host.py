"""Real time: the host's monotonic clock under asyncio. Only here is a clock of the machine read."""

import asyncio
import contextlib
import os
import selectors
import time
from collections.abc import Callable, Iterator
from typing import Any

from bench.timing.clock import Phase, Timebase, grid_point_ns
from bench.timing.failures import Failures, run_watched
from bench.units import NS_PER_MS, NS_PER_S

NORMAL = "normal"
FIFO_PRIORITY = 50  # above everything ordinary, below the kernel's own interrupt threads


def host_now_ns() -> int:
    """CLOCK_MONOTONIC in ns. What every stamp of a real-time run is expressed in."""
    return time.monotonic_ns()


def wall_now_ns() -> int:
    """CLOCK_REALTIME in ns since 1970: names a run, correlates kernel stamps, never measures a duration."""
    return time.time_ns()


def raw_now_ns() -> int | None:
    """The oscillator's own count in ns, which nobody slews; None where the system has no such clock."""
    raw = getattr(time, "CLOCK_MONOTONIC_RAW", None)
    try:
        return None if raw is None else time.clock_gettime_ns(raw)
    except OSError:
        return None


class _GridTimer:
    """Keeps a fixed grid on the loop: each call is scheduled from the grid, not from the previous call."""

    def __init__(
        self, clock: "HostClock", period_ns: int, callback: Callable[[], None], first_ns: int
    ) -> None:
        self._clock = clock
        self._period_ns = period_ns
        self._callback = callback
        self._next_ns = grid_point_ns(first_ns, period_ns, clock.now_ns())
        self._handle: asyncio.TimerHandle | None = None
        self._schedule()

    def cancel(self) -> None:
        self._period_ns = 0
        if self._handle is not None:
            self._handle.cancel()

    def _schedule(self) -> None:
        self._handle = asyncio.get_running_loop().call_at(self._clock.loop_time(self._next_ns), self._tick)

    def _tick(self) -> None:
        now_ns = self._clock.now_ns()
        self._clock.lateness(now_ns - self._next_ns)
        # Grid points that lie in the past are skipped, not run in a burst.
        self._next_ns = grid_point_ns(self._next_ns + self._period_ns, self._period_ns, now_ns)
        if self._clock.guarded(self._callback) and self._period_ns:
            self._schedule()


class HostClock:
    """The running loop's clock. `worst_late_ns`, the bench's own lateness: worst delay of a grid call."""

    timebase = Timebase.HOST

    def __init__(self, priority: str = NORMAL) -> None:
        self.priority = priority
        self.worst_late_ns = 0
        self.on_late: Callable[[int], None] | None = None
        self.failures = Failures()

    def now_ns(self) -> int:
        return time.monotonic_ns()

    def loop_time(self, when_ns: int) -> float:
        # asyncio's loop.time() is CLOCK_MONOTONIC in seconds; floats of days of uptime still resolve 0.1 µs.
        return when_ns / NS_PER_S

    def lateness(self, late_ns: int) -> None:
        self.worst_late_ns = max(self.worst_late_ns, late_ns)
        if self.on_late is not None:
            self.on_late(late_ns)

    def call_at(self, when_ns: int, phase: Phase, callback: Callable[[], None]) -> asyncio.TimerHandle:  # noqa: ARG002
        return asyncio.get_running_loop().call_at(self.loop_time(when_ns), self.guarded, callback)

    def guarded(self, callback: Callable[[], None]) -> bool:
        """Whether it raised nothing. Left to asyncio, a SystemExit would end the loop under everybody else."""
        try:
            callback()
        except BaseException as error:
            if not self.failures.add(error):
                raise
            return False
        return True

    def every(
        self,
        period_ns: int,
        phase: Phase,  # noqa: ARG002
        callback: Callable[[], None],
        *,
        first_ns: int,
    ) -> _GridTimer:
        return _GridTimer(self, period_ns, callback, first_ns)

    async def sleep_until(self, when_ns: int) -> None:
        await asyncio.sleep(max(0, when_ns - self.now_ns()) / NS_PER_S)


class _OwnTime:
    """Real time, of which at most `most_ns` count at once while this process does not come to run."""

    def __init__(self, most_ns: int) -> None:
        self._most_ns = most_ns
        self._counted_ns = self._seen_ns = host_now_ns()

    def now_ns(self) -> int:
        return self._counted_ns + min(host_now_ns() - self._seen_ns, self._most_ns)

    def pass_on(self, waited_ns: int | None) -> None:
        """Count what has passed. waited_ns: how long nobody had anything to do; None: until now."""
        now_ns = host_now_ns()
        passed_ns = now_ns - self._seen_ns
        self._counted_ns += passed_ns if waited_ns is None else min(passed_ns, waited_ns + self._most_ns)
        self._seen_ns = now_ns


class _OwnSelector(selectors.SelectSelector):
    def __init__(self, own: _OwnTime) -> None:
        super().__init__()
        self._own = own

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._own.pass_on(0)
        events = super().select(timeout)
        # Of events nobody knows how long they have been there: the process may have slept through them.
        wanted_ns = None if timeout is None else round(max(0.0, timeout) * NS_PER_S)
        self._own.pass_on(0 if events else wanted_ns)
        return events


class _OwnLoop(asyncio.SelectorEventLoop):
    def __init__(self, own: _OwnTime) -> None:
        self._own = own
        super().__init__(_OwnSelector(own))

    def time(self) -> float:
        return self._own.now_ns() / NS_PER_S


class _OwnClock(HostClock):
    def __init__(self, own: _OwnTime) -> None:
        super().__init__()
        self._own = own

    def now_ns(self) -> int:
        return self._own.now_ns()


def run_among_ourselves(main: Callable[[HostClock], Any], *, most_ns: int = 20 * NS_PER_MS) -> Any:
    """As `run_on_host`, for talks whose two ends are in this process: while it does not come to run, both stand still.

    `most_ns` of such a pause are counted. On a busy machine, neither end takes the other for silent by that.
    """
    own = _OwnTime(most_ns)
    clock = _OwnClock(own)
    return run_watched(
        lambda: asyncio.Runner(loop_factory=lambda: _OwnLoop(own)), lambda: main(clock), clock.failures
    )


def run_on_host(main: Callable[[HostClock], Any], *, realtime_priority: bool = False) -> Any:
    """Run the coroutine `main(clock)` in real time.

    The loop uses select(): epoll rounds time-outs up to whole ms, which makes a 10 ms grid 1.2 ms late.
    An exception in a callback ends `main`, as in simulated time: see Failures.
    `realtime_priority` asks for SCHED_FIFO, for this process and what it starts meanwhile (the virtual rack and DUT
    are part of the bench's punctuality); `clock.priority` says what was granted.
    """
    with _scheduled(realtime_priority) as priority:
        return _run(main, priority)


@contextlib.contextmanager
def _scheduled(realtime: bool) -> Iterator[str]:
    if not realtime:
        yield NORMAL
        return
    try:
        before = os.sched_getscheduler(0), os.sched_getparam(0)
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(FIFO_PRIORITY))
    except (OSError, AttributeError) as error:
        yield f"{NORMAL}: SCHED_FIFO was refused ({error})"
        return
    try:
        yield f"SCHED_FIFO {FIFO_PRIORITY}"
    finally:
        os.sched_setscheduler(0, *before)


def may_have_realtime_priority() -> str:
    """Why this process may not have SCHED_FIFO, in the system's words; empty where it may."""
    with _scheduled(True) as priority:
        return priority.partition("(")[2].rstrip(")")


def _run(main: Callable[[HostClock], Any], priority: str) -> Any:
    clock = HostClock(priority)

    def make_runner() -> asyncio.Runner:
        return asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector()))

    return run_watched(make_runner, lambda: main(clock), clock.failures)
