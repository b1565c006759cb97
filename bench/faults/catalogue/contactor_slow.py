"""Contactors that take long to open."""

from dataclasses import dataclass, replace
from typing import ClassVar

from pydantic import Field

from bench.config.toml_file import DurationNs
from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.faults.shapes import ContactorNames, InjectShape
from bench.rig.capabilities import ContactorMechanics
from bench.units import NS_PER_MS

NORMAL_NS = 12 * NS_PER_MS
INSIDE_NS = 60 * NS_PER_MS  # old, but in time


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactorSlow(Fault):
    """Contactors that take `opening_time_ns` to open."""

    contactors: tuple[str, ...]
    opening_time_ns: int

    unshown: ClassVar[str] = "the plant's contactors are late when the DUT opens them"

    async def apply(self, mechanics: ContactorMechanics) -> Actuation:
        return await mechanics.open_after(self.contactors, self.opening_time_ns)

    async def clear(self, mechanics: ContactorMechanics) -> None:
        await mechanics.open_after(self.contactors, NORMAL_NS)

    def inside(self, at: Terminals) -> "ContactorSlow":  # noqa: ARG002
        return replace(self, opening_time_ns=INSIDE_NS)

    @property
    def passes(self) -> bool:
        return False


class ContactorSlowShape(InjectShape):
    contactors: ContactorNames
    opening_time: DurationNs = Field(gt=0)

    MEANS: ClassVar = {
        "contactors": "the contactors that are slow",
        "opening_time": "how long they take to open",
    }

    def resolve(self, at: Terminals) -> ContactorSlow:
        return ContactorSlow(contactors=at.of_string(self.contactors), opening_time_ns=self.opening_time)


KIND = Kind(
    name="contactor_slow",
    fault_class="contactors",
    variants={"contactor_slow": "named contactors take this long to open (ms)"},
    shape=ContactorSlowShape,
    onset="the DUT's own open command",
)
