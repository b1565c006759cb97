"""A contactor closes without a command: a high-side short, a mechanical shock."""

from dataclasses import dataclass
from typing import ClassVar

from bench.faults.port import Actuation, Fault, Kind, OnsetTest, Terminals
from bench.faults.shapes import Contactor, InjectShape
from bench.rig.capabilities import Contactors


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactorCloses(Fault):
    """A contactor that closes without a command."""

    contactor: str

    async def apply(self, contactors: Contactors) -> Actuation:
        return await contactors.close(self.contactor)

    async def clear(self, contactors: Contactors) -> None:
        await contactors.heal((self.contactor,))

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        return at.shown(f"{self.contactor}_feedback", "==", 1.0)

    @property
    def whole(self) -> bool:
        return True

    @property
    def passes(self) -> bool:
        return False


class ContactorClosesShape(InjectShape):
    contactor: Contactor

    MEANS: ClassVar = {
        "contactor": "the contactor that closes without a command",
    }

    def resolve(self, at: Terminals) -> ContactorCloses:
        return ContactorCloses(contactor=at.of_string((self.contactor,))[0])


KIND = Kind(
    name="contactor_closes",
    fault_class="contactors",
    variants={"contactor_closes": "a contactor closes, and stays closed, without a command"},
    shape=ContactorClosesShape,
    shows=("plus_feedback", "minus_feedback"),
    onset="the first frame with the auxiliary contact closed",
)
