"""A contactor closes without a command: a high-side short, a mechanical shock."""

from dataclasses import dataclass

from bench.errors import InstrumentError
from bench.faults.port import Actuation, Fault, Kind, OnsetTest, Terminals
from bench.faults.shapes import Contactor, InjectShape
from bench.rig.rig import Rig


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactorCloses(Fault):
    contactor: str

    async def apply(self, rig: Rig) -> Actuation:
        now_ns = rig.clock.now_ns()
        contact = getattr(rig.pack.contactors, self.contactor)
        contact.closed = True
        contact.weld()
        if not contact.closed:
            raise InstrumentError(f"contactor {self.contactor}: should be closed, reads back open")
        return Actuation(low_ns=now_ns, high_ns=now_ns, readback="closed")

    async def clear(self, rig: Rig) -> None:
        getattr(rig.pack.contactors, self.contactor).heal()

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

    def resolve(self, at: Terminals) -> ContactorCloses:  # noqa: ARG002
        return ContactorCloses(contactor=self.contactor)


KIND = Kind(
    name="contactor_closes",
    fault_class="contactors",
    variants={"contactor_closes": "a contactor closes, and stays closed, without a command"},
    shape=ContactorClosesShape,
    shows=("plus_feedback", "minus_feedback"),
    onset="the first frame with the auxiliary contact closed",
)
