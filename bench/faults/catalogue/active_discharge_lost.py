"""The active discharge is dead: the link behind open contactors empties only through its passive resistor."""

from dataclasses import dataclass
from typing import ClassVar

from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.faults.shapes import InjectShape
from bench.rig.capabilities import HvCircuit


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveDischargeLost(Fault):
    """Nothing shows it before the contactors open."""

    unshown: ClassVar[str] = "the plant's link: it shows when the contactors open"

    async def apply(self, circuit: HvCircuit) -> Actuation:
        return await circuit.break_discharge()

    async def clear(self, circuit: HvCircuit) -> None:
        await circuit.restore_discharge()

    @property
    def passes(self) -> bool:
        return False


class ActiveDischargeLostShape(InjectShape):
    def resolve(self, at: Terminals) -> ActiveDischargeLost:  # noqa: ARG002
        return ActiveDischargeLost()


KIND = Kind(
    name="active_discharge_lost",
    fault_class="contactors",
    variants={"active_discharge_lost": "the link's active discharge is dead"},
    shape=ActiveDischargeLostShape,
    onset="the DUT's own opening command",
)
