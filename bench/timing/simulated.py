"""Simulated time: asyncio on a virtual timeline of integer nanoseconds, ordered by (time, phase, sequence).

asyncio's own timers with equal deadlines do not fire in order of creation, and a task wake-up costs some
7 µs. So the timeline keeps its own heap; what repeats is a plain callback on it, run from inside the
selector, and the loop only turns when a callback has woken a task. Public asyncio interfaces only: a
selector whose `select()` moves the clock.
"""

import asyncio
import heapq
import selectors
from collections.abc import Callable, Mapping
from contextvars import Context
from typing import Any

from bench.errors import StalledError
from bench.timing.clock import Phase, Timebase, Timer, grid_point_ns
from bench.timing.failures import Failures, run_watched
from bench.units import NS_PER_S

_PHASE_BITS = 3  # an entry's first number is its instant and its phase in one: instant << 3 | phase
_ORDER, _SEQUENCE, _CALLBACK, _PERIOD = range(4)


class TimelineEntry(list[Any]):
    """One callback on the timeline: [order, sequence, callback, period], as the heap compares it.

    A list, because it is made and compared ten thousand times a second. Cancelling leaves it in the heap, empty.
    """

    __slots__ = ()

    def cancel(self) -> None:
        self[_CALLBACK] = None


class _TimelineSelector(selectors.BaseSelector):
    """Waits for nothing: where asyncio would sleep until a descriptor is ready, the virtual clock jumps."""

    def __init__(self, clock: "SimulatedClock") -> None:
        self._clock = clock
        self._keys: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = selectors.SelectorKey(
            fileobj, fileobj if isinstance(fileobj, int) else fileobj.fileno(), events, data
        )
        self._keys[fileobj] = key
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._keys

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout > 0:
            self._clock.advance_until_woken()
        return []


class SimulatedLoop(asyncio.SelectorEventLoop):
    """The loop of one simulated run. `asyncio.timeout`, TaskGroup, Queue and sleeps work; threads do not."""

    def __init__(self, clock: "SimulatedClock | None" = None) -> None:
        self.clock = clock if clock is not None else SimulatedClock()
        super().__init__(_TimelineSelector(self.clock))

    def time(self) -> float:
        return self.clock.now / NS_PER_S

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        self.clock.woken = True
        return super().call_soon(callback, *args, context=context)

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        # Reached from a signal handler only (asyncio.Runner wakes the loop after Ctrl-C).
        self.clock.woken = self.clock.interrupted = True
        return super().call_soon(callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)

        def wake() -> None:
            if not handle.cancelled():
                self.call_soon(callback, *args, context=context)

        at_ns = round(when * NS_PER_S)
        if when > self.time():  # what waits in a loop for a rest below a nanosecond would wait for ever
            at_ns = max(at_ns, self.clock.now + 1)
        self.clock.call_at(at_ns, Phase.TASK, wake)
        return handle

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        delay_ns = max(round(delay * NS_PER_S), 1 if delay > 0 else 0)
        return self.call_at((self.clock.now + delay_ns) / NS_PER_S, callback, *args, context=context)

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # type: ignore[override]  # noqa: ARG002
        raise RuntimeError("no threads under simulated time: they would make a run depend on the machine")


class SimulatedClock:
    """Virtual time starting at 0 ns. Deterministic: the same calls give the same order on every machine."""

    timebase = Timebase.SIMULATED

    def __init__(self) -> None:
        self.now = 0
        self.woken = False
        self.interrupted = False
        self.failures = Failures()
        self._heap: list[TimelineEntry] = []
        self._sequence = 0

    def now_ns(self) -> int:
        return self.now

    def call_at(self, when_ns: int, phase: Phase, callback: Callable[[], None]) -> TimelineEntry:
        if when_ns < self.now:
            when_ns = self.now
        self._sequence = sequence = self._sequence + 1
        entry = TimelineEntry((when_ns << _PHASE_BITS | phase, sequence, callback, 0))
        heapq.heappush(self._heap, entry)
        return entry

    def every(self, period_ns: int, phase: Phase, callback: Callable[[], None], *, first_ns: int) -> Timer:
        entry = self.call_at(grid_point_ns(first_ns, period_ns, self.now), phase, callback)
        entry[_PERIOD] = period_ns << _PHASE_BITS
        return entry

    async def sleep_until(self, when_ns: int) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not woken.done():
                woken.set_result(None)

        entry = self.call_at(when_ns, Phase.TASK, wake)
        try:
            await woken
        finally:
            entry.cancel()

    def skip_to(self, when_ns: int, phase: Phase) -> bool:
        """Let time pass up to an entry that would stand there, if nothing comes before it; else nothing is done.

        For whoever knows, inside a callback, what it does next: it may go on at once, and needs no entry.
        """
        heap, order = self._heap, when_ns << _PHASE_BITS | phase
        if self.woken or (heap and heap[0][_ORDER] <= order):
            return False
        self.now = when_ns
        return True

    def advance_until_woken(self) -> None:
        """Run timeline entries in order until one of them has given the event loop something to do."""
        heap = self._heap
        self.woken = False
        if self.interrupted:  # a signal may arrive between the loop's look at its queue and the line above
            self.interrupted = False
            return
        while heap:
            entry = heap[0]
            order, _, callback, period = entry
            if callback is None:
                heapq.heappop(heap)
                continue
            self.now = order >> _PHASE_BITS
            if period:
                entry[_ORDER] = order + period
                self._sequence += 1
                entry[_SEQUENCE] = self._sequence
                heapq.heapreplace(heap, entry)
            else:
                heapq.heappop(heap)
            try:
                callback()
            except BaseException as error:
                if not self.failures.add(error):
                    raise
            if self.woken:
                return
        if self.woken:
            return
        self.stall()

    def stall(self) -> None:
        """Nothing is left to run, and somebody still waits. Raises StalledError where nobody is told of failures."""
        stalled = StalledError(
            f"simulated time stalled at {self.now / NS_PER_S:.6f} s: every task waits and nothing"
            " is scheduled; a task awaits an event that nobody will set"
        )
        if not self.failures.stalled(stalled):
            raise stalled


def run_simulated(main: Callable[[SimulatedClock], Any], clock: SimulatedClock | None = None) -> Any:
    """Run the coroutine `main(clock)` to its end on a fresh simulated timeline and return its result.

    clock: that timeline, where it is not the usual one. An exception in a callback ends `main`: see Failures.
    """
    timeline = SimulatedClock() if clock is None else clock
    return run_watched(
        lambda: asyncio.Runner(loop_factory=lambda: SimulatedLoop(timeline)),
        lambda: main(timeline),
        timeline.failures,
    )
