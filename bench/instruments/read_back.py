"""Settings proven by reading back: the loop that every cell emulator's driver needs."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bench.errors import InstrumentError
from bench.instruments.ports import Confirmation
from bench.timing.clock import Clock
from bench.units import format_ns

Measure = Callable[[Sequence[int]], Awaitable[list[float]]]
Complain = Callable[[str, str, str], InstrumentError]
"""(sent, found, meaning) → the instrument's error with its port and name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBack:
    """How readings are taken of one instrument, how long it may settle, and how often it is asked."""

    clock: Clock
    measure: Measure
    complain: Complain
    settle_ns: int
    poll_ns: int = 0

    async def near(
        self, cells: Sequence[int], voltage_v: float, tolerance_v: float, *, low_ns: int, sent: str
    ) -> Confirmation:
        """Read until all `cells` are within `tolerance_v` of `voltage_v`; `low_ns`: when the command left."""
        while True:
            volts = await self.measure(cells)
            high_ns = self.clock.now_ns()
            apart = [(c, v) for c, v in zip(cells, volts) if not abs(v - voltage_v) <= tolerance_v]
            if not apart:
                return Confirmation(low_ns=low_ns, high_ns=high_ns, readback_v=tuple(volts))
            if high_ns - low_ns > self.settle_ns:
                cell, volt = apart[0]
                wanted = f"{voltage_v:.4f} V ± {tolerance_v * 1e3:g} mV within {format_ns(self.settle_ns)}"
                raise self.complain(
                    sent, f"{volt:.4f} V at cell {cell}", f"{len(apart)} cell(s) not at {wanted}"
                )
            await self._pause()

    async def below(self, cells: Sequence[int], limit_v: float, *, sent: str) -> None:
        """Read until every cell is known to carry less than `limit_v`; nan is no reading, and proves nothing."""
        began_ns = self.clock.now_ns()
        while True:
            volts = await self.measure(cells)
            live = [(abs(volt), cell) for cell, volt in zip(cells, volts) if not abs(volt) < limit_v]
            if not live:
                return
            if self.clock.now_ns() - began_ns > self.settle_ns:
                volt, cell = max(live)
                raise self.complain(
                    sent, f"{volt:.4f} V at cell {cell}", f"expected every cell below {limit_v:g} V"
                )
            await self._pause()

    async def _pause(self) -> None:
        """At least one turn of the loop: where a reading is there at once, no time would pass else."""
        await self.clock.sleep_until(self.clock.now_ns() + self.poll_ns)
