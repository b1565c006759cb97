"""Timers on the rig's clock, by owner."""

from collections.abc import Callable

from bench.timing.clock import Clock, Phase, Timer


class RigTimers:
    """Provides Timers. `running`: what the way to the safe state cancels, one by one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._running: dict[str, list[Timer]] = {}

    @property
    def running(self) -> list[Timer]:
        return [timer for timers in self._running.values() for timer in timers]

    def now_ns(self) -> int:
        return self._clock.now_ns()

    async def sleep_until(self, t_ns: int) -> None:
        await self._clock.sleep_until(t_ns)

    def every(
        self, owner: str, period_ns: int, phase: Phase, call: Callable[[], None], *, first_ns: int
    ) -> None:
        timer = self._clock.every(period_ns, phase, call, first_ns=first_ns)
        self._running.setdefault(owner, []).append(timer)

    def stop(self, owner: str) -> None:
        for timer in self._running.pop(owner, []):
            timer.cancel()
