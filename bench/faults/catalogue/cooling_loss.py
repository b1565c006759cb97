"""The coolant stands still, and its temperature rises if a heat source says so."""

from dataclasses import dataclass
from typing import ClassVar

from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.faults.shapes import InjectShape
from bench.rig.capabilities import Cooling


@dataclass(frozen=True, slots=True, kw_only=True)
class CoolingLoss(Fault):
    """Nothing shows it at once: a must-trip scenario adds heat and takes the overtemperature as its onset."""

    unshown: ClassVar[str] = "the plant's coolant stands still: it shows only once something heats"

    async def apply(self, cooling: Cooling) -> Actuation:
        return await cooling.lose()

    async def clear(self, cooling: Cooling) -> None:
        await cooling.restore()

    @property
    def passes(self) -> bool:
        return False


class CoolingLossShape(InjectShape):
    def resolve(self, at: Terminals) -> CoolingLoss:  # noqa: ARG002
        return CoolingLoss()


KIND = Kind(
    name="cooling_loss",
    fault_class="thermal",
    variants={"cooling_loss": "the coolant stands still"},
    shape=CoolingLossShape,
    onset="its actuation: nothing shows it at once",
)
