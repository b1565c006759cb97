"""The Y-capacitance between poles and chassis: it slows the insulation monitor down."""

from dataclasses import dataclass

from pydantic import Field

from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.faults.shapes import Farads, InjectShape
from bench.plant.isolation import Y_CAPACITANCE_F
from bench.rig.rig import Rig


@dataclass(frozen=True, slots=True, kw_only=True)
class YCapacitance(Fault):
    """A condition rather than a fault: a scenario adds the leak whose detection it must not spoil."""

    capacitance_f: float

    async def apply(self, rig: Rig) -> Actuation:
        now_ns = rig.clock.now_ns()
        rig.pack.isolation.y_capacitance_f = self.capacitance_f
        return Actuation(low_ns=now_ns, high_ns=now_ns, readback=f"{self.capacitance_f:g} F")

    async def clear(self, rig: Rig) -> None:
        rig.pack.isolation.y_capacitance_f = Y_CAPACITANCE_F

    @property
    def passes(self) -> bool:
        return False


class YCapacitanceShape(InjectShape):
    capacitance: Farads = Field(gt=0)

    def resolve(self, at: Terminals) -> YCapacitance:  # noqa: ARG002
        return YCapacitance(capacitance_f=self.capacitance)


KIND = Kind(
    name="y_capacitance",
    fault_class="isolation",
    variants={"y_capacitance": "Y-capacitance per pole (uF)"},
    shape=YCapacitanceShape,
    onset="its actuation: nothing shows it at once",
)
