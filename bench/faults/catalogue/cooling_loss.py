"""The coolant stands still, and its temperature rises if a heat source says so."""

from dataclasses import dataclass

from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.faults.shapes import InjectShape
from bench.rig.rig import Rig


@dataclass(frozen=True, slots=True, kw_only=True)
class CoolingLoss(Fault):
    """Nothing shows it at once: a must-trip scenario adds heat and takes the overtemperature as its onset."""

    async def apply(self, rig: Rig) -> Actuation:
        now_ns = rig.clock.now_ns()
        rig.pack.cooling = 0.0
        return Actuation(low_ns=now_ns, high_ns=now_ns, readback=f"cooling {rig.pack.cooling:g}")

    async def clear(self, rig: Rig) -> None:
        rig.pack.cooling = 1.0

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
