"""Time, for a fault that lasts or recurs."""

from collections.abc import Callable
from typing import Protocol

from bench.timing.clock import Phase


class Timers(Protocol):
    """The rig's clock. What recurs has an owner, and ends at the latest when the rig goes to the safe state."""

    def now_ns(self) -> int: ...

    async def sleep_until(self, t_ns: int) -> None: ...

    def every(
        self, owner: str, period_ns: int, phase: Phase, call: Callable[[], None], *, first_ns: int
    ) -> None:
        """Call again and again, until `stop` is told the owner."""

    def stop(self, owner: str) -> None:
        """End what recurs for this owner; nothing happens where nothing does."""
