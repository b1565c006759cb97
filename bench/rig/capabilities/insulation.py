"""What is between the high-voltage poles and the chassis."""

from collections.abc import Iterable
from typing import Literal, Protocol

from bench.rig.capabilities.actuation import Actuation

Side = Literal["pack", "vehicle"]
VEHICLE_SIDE = "insulation_vehicle"  # the variant of a leak behind the contactors


class Insulation(Protocol):
    """Poles are "plus" and "minus"."""

    async def leak(self, poles: tuple[str, ...], ohm_per_volt: float, side: Side = "pack") -> Actuation:
        """Leak at the poles, in ohm per volt of the pack. InstrumentError for another value read back.

        side: "vehicle" lies behind the contactors.
        """

    async def heal(self, poles: Iterable[str], side: Side = "pack") -> None: ...


class InsulationInTurns(Protocol):
    """The same, for a leak that comes and goes faster than a box with relays can make it."""

    async def leak_in_turns(
        self, poles: tuple[str, ...], ohm_per_volt: float, *, on_ns: int, off_ns: int
    ) -> Actuation:
        """A leak for `on_ns`, none for `off_ns`, and so on."""

    async def heal(self, poles: Iterable[str]) -> None:
        """No leak, and none that comes again."""


class YCapacitors(Protocol):
    """Capacitance of each pole to chassis."""

    async def fit(self, capacitance_f: float) -> Actuation: ...

    async def restore(self) -> None: ...
