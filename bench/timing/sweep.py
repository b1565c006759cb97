"""Several sendings that make one sweep: all at once on a cycle, or one per gap on a grid that is never caught up."""

from collections.abc import Callable
from functools import partial

from bench.timing.clock import Clock, Phase, Timer
from bench.timing.looking import Still


class CycleSweep:
    """Calls `send(n)` for n = 0 … count-1 once per cycle.

    With a gap, number n is due n gaps after the start of its cycle. One whose instant has passed is left out rather
    than sent in a burst, which would overrun a receiver that asks for the pace.
    """

    def __init__(
        self,
        clock: Clock,
        phase: Phase,
        send: Callable[[int], None],
        *,
        count: int,
        cycle_ns: int,
        gap_ns: int,
        still: bool = False,
    ) -> None:
        """still: whether whatever else the bench shows is the same behind `send`."""
        if gap_ns and (cycle_ns % gap_ns or count * gap_ns > cycle_ns):
            raise ValueError(f"{count} sendings {gap_ns} ns apart do not make a grid of {cycle_ns} ns")
        self._clock = clock
        self._phase = phase
        self._send = send
        self._count = count
        self._cycle_ns = cycle_ns
        self._gap_ns = gap_ns
        self._still = still
        self._first_ns = 0
        self._timer: Timer | None = None

    def start(self, first_ns: int) -> None:
        self._first_ns = first_ns
        call: Callable[[], None]
        every_ns, call = (self._gap_ns, self._one) if self._gap_ns else (self._cycle_ns, self._all)
        if self._count == 1 and not self._gap_ns:
            call = partial(self._send, 0)
        call = Still(call) if self._still else call
        self._timer = self._clock.every(every_ns, self._phase, call, first_ns=first_ns)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _all(self) -> None:
        for number in range(self._count):
            self._send(number)

    def _one(self) -> None:
        # A loop's timer may come a rounding of its float early: an eighth of the gap is still this number's turn.
        elapsed_ns = self._clock.now_ns() - self._first_ns + self._gap_ns // 8
        number = elapsed_ns % self._cycle_ns // self._gap_ns
        if number < self._count:
            self._send(number)
