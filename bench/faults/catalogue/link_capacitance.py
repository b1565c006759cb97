"""A DC link larger than the precharge is made for: its time runs out."""

from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.faults.shapes import Farads, InjectShape
from bench.rig.capabilities import HvCircuit


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCapacitance(Fault):
    """Another capacitance of the DC link than the vehicle's, in F."""

    capacitance_f: float

    unshown: ClassVar[str] = "the plant's DC link: it shows when the DUT precharges"

    async def apply(self, circuit: HvCircuit) -> Actuation:
        return await circuit.load_link(self.capacitance_f)

    async def clear(self, circuit: HvCircuit) -> None:
        await circuit.restore_link()

    @property
    def passes(self) -> bool:
        return False


class LinkCapacitanceShape(InjectShape):
    capacitance: Farads = Field(gt=0)

    MEANS: ClassVar = {
        "capacitance": "capacitance of the DC link that precharging meets",
    }

    def resolve(self, at: Terminals) -> LinkCapacitance:  # noqa: ARG002
        return LinkCapacitance(capacitance_f=self.capacitance)


KIND = Kind(
    name="link_capacitance",
    fault_class="contactors",
    variants={"link_capacitance": "capacitance of the DC link (mF)"},
    shape=LinkCapacitanceShape,
    onset="the DUT's own precharge command",
)
