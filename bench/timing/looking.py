"""Looking again and again until something is there: no task is woken for a look that finds nothing."""

import asyncio
from collections.abc import Callable

from bench.timing.clock import Clock, Phase, Timer


class Look:
    """An entry of a timeline that only looks. Whatever the bench shows or does is as it was, unless it wakes somebody.

    `look` may read and remember; it sends nothing, marks nothing and changes no part of the rig.
    """

    __slots__ = ("_clock", "_end_ns", "_look", "_period_ns", "_timer", "_woken")

    def __init__(
        self,
        clock: Clock,
        woken: asyncio.Future[bool],
        end_ns: int,
        period_ns: int,
        look: Callable[[], bool],
    ) -> None:
        self._clock, self._woken, self._look = clock, woken, look
        self._end_ns, self._period_ns = end_ns, period_ns
        self._timer = self._next()

    def _next(self) -> Timer:
        when_ns = min(self._end_ns, self._clock.now_ns() + self._period_ns)
        return self._clock.call_at(when_ns, Phase.TASK, self)

    def __call__(self) -> None:
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
            self._timer = self._next()

    def cancel(self) -> None:
        self._timer.cancel()


async def look_until(clock: Clock, end_ns: int, period_ns: int, look: Callable[[], bool]) -> bool:
    """Look every `period_ns`, and last at `end_ns`, until `look` says yes. Whether it did; False at once where
    `end_ns` has passed.

    Raises what `look` raises. For what `look` may do see `Look`.
    """
    if clock.now_ns() >= end_ns:
        return False
    woken: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    looking = Look(clock, woken, end_ns, period_ns, look)
    try:
        return await woken
    finally:
        looking.cancel()
