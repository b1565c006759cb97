"""The coolant stands still, and its temperature rises if a heat source says so."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.rig.rig import Rig

if TYPE_CHECKING:
    from bench.faults.shapes import InjectShape


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


def _shape() -> "type[InjectShape]":
    from bench.faults.shapes import InjectShape

    return InjectShape


def _resolve(shape: Any, at: Terminals) -> CoolingLoss:  # noqa: ARG001
    return CoolingLoss()


KIND = Kind(
    name="cooling_loss",
    fault_class="thermal",
    variants={"cooling_loss": "the coolant stands still"},
    shape=_shape,
    resolve=_resolve,
    onset="its actuation: nothing shows it at once",
)
