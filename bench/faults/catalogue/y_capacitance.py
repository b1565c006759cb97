"""The Y-capacitance between poles and chassis: it slows the insulation monitor down."""

from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.faults.shapes import Farads, InjectShape
from bench.rig.capabilities import YCapacitors


@dataclass(frozen=True, slots=True, kw_only=True)
class YCapacitance(Fault):
    """A condition rather than a fault: a scenario adds the leak whose detection it must not spoil."""

    capacitance_f: float

    unshown: ClassVar[str] = "the plant's capacitors: they show once there is a leak"

    async def apply(self, capacitors: YCapacitors) -> Actuation:
        return await capacitors.fit(self.capacitance_f)

    async def clear(self, capacitors: YCapacitors) -> None:
        await capacitors.restore()

    @property
    def passes(self) -> bool:
        return False


class YCapacitanceShape(InjectShape):
    capacitance: Farads = Field(gt=0)

    MEANS: ClassVar = {
        "capacitance": "capacitance between each pole and chassis",
    }

    def resolve(self, at: Terminals) -> YCapacitance:  # noqa: ARG002
        return YCapacitance(capacitance_f=self.capacitance)


KIND = Kind(
    name="y_capacitance",
    fault_class="isolation",
    variants={"y_capacitance": "Y-capacitance per pole (uF)"},
    shape=YCapacitanceShape,
    onset="its actuation: nothing shows it at once",
)
