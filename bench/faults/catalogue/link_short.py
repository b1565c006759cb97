"""A short across the DC link, which precharging meets first."""

from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from bench.faults.port import Actuation, Fault, Kind, OnsetTest, Terminals
from bench.faults.shapes import InjectShape, Ohms
from bench.rig.capabilities import HvCircuit

CARRIES_A = 300.0  # far beyond any load


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkShort(Fault):
    """A short behind the contactors, of `resistance_ohm`."""

    resistance_ohm: float

    async def apply(self, circuit: HvCircuit) -> Actuation:
        return await circuit.short_link(self.resistance_ohm)

    async def clear(self, circuit: HvCircuit) -> None:
        await circuit.mend_link()

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        """Before the mains close the precharge resistor bounds the current, and a scenario names the command."""
        return at.shown("pack_current", ">=", CARRIES_A)

    @property
    def whole(self) -> bool:
        return True

    @property
    def passes(self) -> bool:
        return False


class LinkShortShape(InjectShape):
    resistance: Ohms = Field(gt=0)

    MEANS: ClassVar = {
        "resistance": "resistance of the short across the DC link",
    }

    def resolve(self, at: Terminals) -> LinkShort:  # noqa: ARG002
        return LinkShort(resistance_ohm=self.resistance)


KIND = Kind(
    name="link_short",
    fault_class="contactors",
    variants={"link_short": "a short across the DC link (ohm)"},
    shape=LinkShortShape,
    shows=("pack_current",),
    onset="the first frame with a short-circuit current",
)
