"""The current through the pack."""

from typing import Protocol

from bench.rig.capabilities.actuation import Actuation


class PackCurrent(Protocol):
    """Vehicle and charger take no notice of limits the DUT states. InstrumentError where the pack does not carry it."""

    async def carry(self, current_a: float) -> Actuation:
        """Out of the pack where it is positive, into it where it is negative."""

    async def draw(self, current_a: float) -> Actuation:
        """The load takes this current (A)."""

    async def charge(self, current_a: float) -> Actuation:
        """The charger gives this current (A)."""

    async def stop_load(self) -> None: ...

    async def stop_charge(self) -> None:
        """And the charger keeps to its limit again."""
