"""Contactors whose coil is dead: they drop open, or do not close."""

from dataclasses import dataclass
from typing import ClassVar

from bench.faults.port import Actuation, Fault, Kind, OnsetTest, Terminals
from bench.faults.shapes import ContactorNames, InjectShape
from bench.rig.capabilities import Contactors


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactorStuckOpen(Fault):
    """Shown by the auxiliary contact where it was closed; else by the DUT's close command, a scenario's onset."""

    contactors: tuple[str, ...]

    async def apply(self, contactors: Contactors) -> Actuation:
        return await contactors.stick_open(self.contactors)

    async def clear(self, contactors: Contactors) -> None:
        await contactors.heal(self.contactors)

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        return tuple(test for name in self.contactors for test in at.shown(f"{name}_feedback", "==", 0.0))

    @property
    def passes(self) -> bool:
        return False


class ContactorStuckOpenShape(InjectShape):
    contactors: ContactorNames

    MEANS: ClassVar = {
        "contactors": "the contactors that do not close",
    }

    def resolve(self, at: Terminals) -> ContactorStuckOpen:
        return ContactorStuckOpen(contactors=at.of_string(self.contactors))


KIND = Kind(
    name="contactor_stuck_open",
    fault_class="contactors",
    variants={"contactor_stuck_open": "named contactors drop open, or do not close"},
    shape=ContactorStuckOpenShape,
    shows=("plus_feedback", "minus_feedback", "link_voltage"),
    onset="the auxiliary contact, or the DUT's own close command",
)
