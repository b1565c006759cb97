"""A short across the pack outside the contactors: harness damage, shoot-through of an inverter."""

from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from bench.faults.port import Actuation, Fault, Kind, OnsetTest, Terminals
from bench.faults.shapes import InjectShape, Ohms
from bench.rig.capabilities import HvCircuit

CARRIES_A = 300.0  # far beyond any load


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalShort(Fault):
    """A short between the poles of the pack, of `resistance_ohm`."""

    resistance_ohm: float

    async def apply(self, circuit: HvCircuit) -> Actuation:
        return await circuit.short_poles(self.resistance_ohm)

    async def clear(self, circuit: HvCircuit) -> None:
        await circuit.mend_poles()

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        return at.shown("pack_current", ">=", CARRIES_A)

    @property
    def whole(self) -> bool:
        return True

    @property
    def passes(self) -> bool:
        return False


class ExternalShortShape(InjectShape):
    resistance: Ohms = Field(gt=0)

    MEANS: ClassVar = {
        "resistance": "resistance of the short between the poles of the pack",
    }

    def resolve(self, at: Terminals) -> ExternalShort:  # noqa: ARG002
        return ExternalShort(resistance_ohm=self.resistance)


KIND = Kind(
    name="external_short",
    fault_class="current",
    variants={"external_short": "a short across the closed pack (ohm)"},
    shape=ExternalShortShape,
    shows=("pack_current",),
    onset="the first frame with a short-circuit current",
)
