"""A DC link larger than the precharge is made for: its time runs out."""

from dataclasses import dataclass

from pydantic import Field

from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.faults.shapes import Farads, InjectShape
from bench.plant.link import LINK_CAPACITANCE_F
from bench.rig.rig import Rig


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCapacitance(Fault):
    capacitance_f: float

    async def apply(self, rig: Rig) -> Actuation:
        now_ns = rig.clock.now_ns()
        rig.pack.link.capacitance_f = self.capacitance_f
        return Actuation(low_ns=now_ns, high_ns=now_ns, readback=f"{self.capacitance_f:g} F")

    async def clear(self, rig: Rig) -> None:
        rig.pack.link.capacitance_f = LINK_CAPACITANCE_F

    @property
    def passes(self) -> bool:
        return False


class LinkCapacitanceShape(InjectShape):
    capacitance: Farads = Field(gt=0)

    def resolve(self, at: Terminals) -> LinkCapacitance:  # noqa: ARG002
        return LinkCapacitance(capacitance_f=self.capacitance)


KIND = Kind(
    name="link_capacitance",
    fault_class="contactors",
    variants={"link_capacitance": "capacitance of the DC link (mF)"},
    shape=LinkCapacitanceShape,
    onset="the DUT's own precharge command",
)
