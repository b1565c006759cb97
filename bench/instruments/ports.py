"""What the bench asks of an instrument, whoever made it. Cells are numbered from 1, as on the connector."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """A setting proven by readback: the output changed somewhere in [low_ns, high_ns] of the run's clock.

    `low_ns` is just before the command left, `high_ns` the arrival of the first reading within tolerance.
    """

    low_ns: int
    high_ns: int
    readback_v: tuple[float, ...]


class CellEmulator(Protocol):
    """A stack of floating cell voltages. A verb returns once acknowledged, or raises InstrumentError."""

    async def identify(self) -> str:
        """The instrument's own name; refuses an instrument of another make or size."""

    async def set_all(self, voltages_v: Sequence[float]) -> None:
        """Set points of all cells at once, in V, cell 1 first."""

    async def set_cells(self, cells: Sequence[int], voltage_v: float) -> None:
        """One set point, in V, for a few cells."""

    async def measure(self, cells: Sequence[int]) -> list[float]:
        """Measured outputs in V, in the order asked for; nan for an open cell."""

    async def set_and_confirm(
        self, cells: Sequence[int], voltage_v: float, tolerance_v: float
    ) -> Confirmation:
        """Set `cells` and return once all of them read back within `tolerance_v`."""

    async def safe(self) -> None:
        """Outputs off, proven by readback."""

    async def outputs_on(self) -> None: ...

    async def arm_dead_man(self, timeout_ns: int) -> None:
        """Outputs go off by themselves after this much silence; 0 disarms. Acknowledges an earlier trip."""


class DeviceEnd(Protocol):
    """The instrument's end of a simulated serial line."""

    def write(self, data: bytes) -> None: ...

    def subscribe(self, listener: Callable[[int, bytes], None]) -> None:
        """Call `listener(now_ns, data)` for every piece of bytes that arrives."""
