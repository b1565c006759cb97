"""Contactors that stay closed whatever their coil is told."""

from dataclasses import dataclass
from typing import ClassVar

from bench.faults.catalogue.contactor_slow import INSIDE_NS, ContactorSlow
from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.faults.shapes import ContactorNames, InjectShape
from bench.rig.capabilities import Contactors


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactorWeld(Fault):
    """Welded as they stand closed. Nothing shows it before the DUT's open command, which is a scenario's onset."""

    contactors: tuple[str, ...]

    unshown: ClassVar[str] = "welded contactors stand as they are until the DUT opens them"

    async def apply(self, contactors: Contactors) -> Actuation:
        return await contactors.weld(self.contactors)

    async def clear(self, contactors: Contactors) -> None:
        await contactors.heal(self.contactors)

    def inside(self, at: Terminals) -> Fault:  # noqa: ARG002
        """An old contactor that opens late, but opens."""
        return ContactorSlow(contactors=self.contactors, opening_time_ns=INSIDE_NS)

    @property
    def passes(self) -> bool:
        return False


class ContactorWeldShape(InjectShape):
    contactors: ContactorNames

    MEANS: ClassVar = {
        "contactors": "the contactors that are welded closed",
    }

    def resolve(self, at: Terminals) -> ContactorWeld:
        return ContactorWeld(contactors=at.of_string(self.contactors))


KIND = Kind(
    name="contactor_weld",
    fault_class="contactors",
    variants={"contactor_weld": "named contactors no longer open"},
    shape=ContactorWeldShape,
    shows=("plus_feedback", "minus_feedback", "link_voltage"),
    onset="the DUT's own open command",
)
