"""The pyrotechnic switch does not fire."""

from dataclasses import dataclass
from typing import ClassVar

from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.faults.shapes import InjectShape
from bench.rig.capabilities import HvCircuit


@dataclass(frozen=True, slots=True, kw_only=True)
class PyroDead(Fault):
    """Nothing shows it before it is fired: a scenario adds what makes the DUT fire it, and measures that."""

    unshown: ClassVar[str] = "the plant's pyrofuse: it shows when the DUT fires it"

    async def apply(self, circuit: HvCircuit) -> Actuation:
        return await circuit.disarm_pyro()

    async def clear(self, circuit: HvCircuit) -> None:
        await circuit.arm_pyro()

    @property
    def passes(self) -> bool:
        return False


class PyroDeadShape(InjectShape):
    def resolve(self, at: Terminals) -> PyroDead:  # noqa: ARG002
        return PyroDead()


KIND = Kind(
    name="pyro_dead",
    fault_class="contactors",
    variants={"pyro_dead": "the pyrotechnic switch does not fire"},
    shape=PyroDeadShape,
    onset="its actuation: nothing shows it at once",
)
