"""What the rest of the vehicle does to pack and DUT."""

from dataclasses import dataclass

from bench.units import NS_PER_MS

PLANT_PERIOD_NS = 10 * NS_PER_MS


@dataclass(slots=True, kw_only=True)
class VehicleSide:
    """What the rest of the vehicle does: the restbus sends it, the plant feels it.

    load_a < 0 recuperates. speed_kmh: of a drive cycle; None: of a car that drives whenever it takes current.
    """

    mode_request: int = 0
    fault_reset: int = 0
    load_a: float = 0.0
    charge_a: float = 0.0
    charger_ignores_limit: bool = False
    charge_limit_a: float = float("inf")
    speed_kmh: float | None = None

    def rest(self) -> None:
        """It asks for nothing, drives nothing and charges nothing."""
        self.load_a = self.charge_a = 0.0
        self.mode_request = self.fault_reset = 0
        self.speed_kmh = None
