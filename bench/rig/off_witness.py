"""A second witness of outputs that are off: the emulator's own word is not enough where somebody else sees them.

An instrument may answer its last question with zeros, all of them well-formed, while its cells are live.
"""

from collections.abc import Mapping
from typing import Protocol

from bench.errors import InstrumentError
from bench.timing.clock import Clock
from bench.units import NS_PER_MS, NS_PER_S, format_ns

OFF_BELOW_V = 0.1
LIVE_FOR_NS = NS_PER_S  # outputs that were read back as off have fallen by then, and before a dead-man acts
_POLL_NS = 10 * NS_PER_MS


class OffWitness(Protocol):
    """Whoever else measures the emulator's outputs. name: in words. within_ns: by when it has spoken, if it speaks."""

    name: str
    within_ns: int

    def begin(self) -> None:
        """What it has seen before is forgotten."""

    def volts(self) -> Mapping[int, float] | None:
        """The newest, in V by cell (from 1), of those that it can see; None before it has seen all of them once."""


async def seen_off(witness: OffWitness, clock: Clock) -> str:
    """Wait until the witness sees every cell off, and give its name; "" where it says nothing in time.

    InstrumentError where it sees a cell live, and goes on doing so.
    """
    began_ns = clock.now_ns()
    while True:
        volts, waited_ns = witness.volts(), clock.now_ns() - began_ns
        live = {cell: volt for cell, volt in (volts or {}).items() if abs(volt) >= OFF_BELOW_V}
        if volts is not None and not live:
            return witness.name if volts else ""
        if volts is None and waited_ns > witness.within_ns:
            return ""
        if waited_ns > witness.within_ns + LIVE_FOR_NS:
            cell = max(live, key=lambda one: abs(live[one]))
            raise InstrumentError(
                f"cells: the emulator reads its outputs as off, but {witness.name} sees {live[cell]:.4f} V at cell "
                f"{cell} {format_ns(waited_ns)} later; expected every cell below {OFF_BELOW_V:g} V"
            )
        await clock.sleep_until(clock.now_ns() + _POLL_NS)
