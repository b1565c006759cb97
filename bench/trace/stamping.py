"""What a channel's stamps are worth."""

from dataclasses import dataclass
from enum import StrEnum


class Origin(StrEnum):
    """Where a stamp is taken.

    KERNEL and SENDER: the host's realtime clock; converted for every frame. HARDWARE: the adapter's clock, handed over
    by the kernel. ADAPTER: a clock of the adapter's own, correlated with the arrival of the same frames. ARRIVAL: there
    is no stamp, or it cannot be believed; the frame is stamped as the bench reads it.
    """

    SIMULATED = "simulated"
    KERNEL = "kernel"
    HARDWARE = "hardware"
    ADAPTER = "adapter"
    SENDER = "sender"
    ARRIVAL = "arrival"

    @property
    def sound(self) -> bool:
        """Whether stamps taken here do not suffer when the bench's own loop is late."""
        return self in (Origin.SIMULATED, Origin.KERNEL, Origin.HARDWARE, Origin.ADAPTER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamping:
    """Where a channel's stamps are taken and their half-width.

    source: the same in words, for people. clock: whose time they are in. Stamps of different clocks are never
    subtracted; whatever an adapter has correlated with the host's clock is in the host's. worth: where u_ns comes from,
    in words; "" where it is the link's own claim (`bench.links.interface_worth`).
    """

    origin: Origin
    source: str
    u_ns: int
    clock: str = "host"
    worth: str = ""
