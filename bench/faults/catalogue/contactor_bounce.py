"""Contactors that bounce for long when they close."""

from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from bench.config.toml_file import DurationNs
from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.faults.shapes import ContactorNames, InjectShape
from bench.rig.capabilities import ContactorMechanics


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactorBounce(Fault):
    """Contactors that bounce for `bounce_ns` after closing."""

    contactors: tuple[str, ...]
    bounce_ns: int

    unshown: ClassVar[str] = "the plant's contactors bounce when the DUT closes them"

    async def apply(self, mechanics: ContactorMechanics) -> Actuation:
        return await mechanics.bounce(self.contactors, self.bounce_ns)

    async def clear(self, mechanics: ContactorMechanics) -> None:
        await mechanics.bounce(self.contactors, 0)

    @property
    def passes(self) -> bool:
        return False


class ContactorBounceShape(InjectShape):
    contactors: ContactorNames
    bounce: DurationNs = Field(gt=0)

    MEANS: ClassVar = {
        "contactors": "the contactors that bounce",
        "bounce": "how long they bounce",
    }

    def resolve(self, at: Terminals) -> ContactorBounce:
        return ContactorBounce(contactors=at.of_string(self.contactors), bounce_ns=self.bounce)


KIND = Kind(
    name="contactor_bounce",
    fault_class="contactors",
    variants={"contactor_bounce": "named contactors bounce this long after closing (ms)"},
    shape=ContactorBounceShape,
    shows=("plus_feedback", "minus_feedback"),
    onset="the DUT's own close command",
)
