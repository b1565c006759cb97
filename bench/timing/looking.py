"""Looking again and again until something is there: no task is woken for a look that finds nothing."""

import asyncio
from collections.abc import Callable

from bench.timing.clock import Clock, Phase, Timer


class Still:
    """An entry of a timeline behind which whatever the bench shows is as it was, unless it wakes a task.

    So a clock that keeps what messages show need not ask for it again. `call` may read, remember, and send.
    """

    __slots__ = ("_call",)

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call

    def __call__(self) -> None:
        self._call()


class Look(Still):
    """Looks again and again. `look` reads and remembers; where it changes more it has to tell the clock."""

    __slots__ = ("_clock", "_due_ns", "_end_ns", "_look", "_period_ns", "_timer", "_woken")

    def __init__(
        self,
        clock: Clock,
        woken: asyncio.Future[bool],
        end_ns: int,
        period_ns: int,
        look: Callable[[], bool],
        first_ns: int,
    ) -> None:
        super().__init__(self._once)
        self._clock, self._woken, self._look = clock, woken, look
        self._end_ns, self._period_ns = end_ns, period_ns
        self._due_ns = first_ns
        self._timer = self._next()

    def _next(self) -> Timer:
        self._due_ns = min(self._end_ns, max(self._due_ns, self._clock.now_ns()))
        return self._clock.call_at(self._due_ns, Phase.TASK, self)

    def _once(self) -> None:
        if self._woken.done():
            return
        try:
            seen = self._look()
        except Exception as error:  # it belongs to whoever waits  # noqa: BLE001
            self._woken.set_exception(error)
            return
        if seen or self._clock.now_ns() >= self._end_ns:
            self._woken.set_result(seen)
        else:
            self._due_ns += self._period_ns
            self._timer = self._next()

    def cancel(self) -> None:
        self._timer.cancel()


async def look_until(
    clock: Clock, end_ns: int, period_ns: int, look: Callable[[], bool], *, first_ns: int | None = None
) -> bool:
    """Look every `period_ns`, and last at `end_ns`, until `look` says yes. Whether it did; False at once where
    `end_ns` has passed. first_ns: when to look first; None: in one period.

    A look that comes late is not caught up. Raises what `look` raises. For what `look` may do see `Look`.
    """
    if clock.now_ns() >= end_ns:
        return False
    woken: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    first_ns = clock.now_ns() + period_ns if first_ns is None else first_ns
    looking = Look(clock, woken, end_ns, period_ns, look, first_ns)
    try:
        return await woken
    finally:
        looking.cancel()
