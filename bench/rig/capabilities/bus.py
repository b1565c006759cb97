"""What is sent on the DUT's buses, and the wires they are made of."""

from collections.abc import Callable
from typing import Protocol

from bench.links.bus_faults import BusFaults
from bench.restbus.disturbance import Disturbance
from bench.rig.capabilities.actuation import Actuation
from bench.trace.events import CanFrame


class BusTraffic(Protocol):
    """Frames and messages that the bench sends."""

    async def flood(self, channel: str, frame: CanFrame, period_ns: int) -> Actuation:
        """Send the frame again and again, until `quiet`."""

    async def quiet(self, channel: str) -> None:
        """No flood on this channel any more."""

    async def disturb(
        self, channel: str, message: str, make: Callable[[], Disturbance], error: str
    ) -> Actuation:
        """Disturb every sender of the message. InstrumentError where the bench does not send it."""

    async def calm(self, channel: str, message: str) -> None:
        """The message is sent as it should be."""


class BusWires(Protocol):
    """The wires of buses that the bench owns."""

    def of(self, channel: str) -> BusFaults:
        """InstrumentError for a bus whose wires the bench does not own."""
