"""Contactors that stay closed whatever their coil is told."""

from dataclasses import dataclass

from bench.errors import InstrumentError
from bench.faults.catalogue.contactor_slow import INSIDE_NS, ContactorSlow
from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.faults.shapes import Contactors, InjectShape
from bench.rig.rig import Rig


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactorWeld(Fault):
    """Welded as they stand closed. Nothing shows it before the DUT's open command, which is a scenario's onset."""

    contactors: tuple[str, ...]

    async def apply(self, rig: Rig) -> Actuation:
        now_ns = rig.clock.now_ns()
        for name in self.contactors:
            getattr(rig.pack.contactors, name).weld()
        closed = [name for name in self.contactors if getattr(rig.pack.contactors, name).closed]
        if len(closed) < len(self.contactors):
            raise InstrumentError(f"weld: {self.contactors} should be closed, only {closed} read back closed")
        return Actuation(low_ns=now_ns, high_ns=rig.clock.now_ns(), readback=f"closed: {', '.join(closed)}")

    async def clear(self, rig: Rig) -> None:
        for name in self.contactors:
            getattr(rig.pack.contactors, name).heal()

    def inside(self, at: Terminals) -> Fault:  # noqa: ARG002
        """An old contactor that opens late, but opens."""
        return ContactorSlow(contactors=self.contactors, opening_time_ns=INSIDE_NS)

    @property
    def passes(self) -> bool:
        return False


class ContactorWeldShape(InjectShape):
    contactors: Contactors

    def resolve(self, at: Terminals) -> ContactorWeld:  # noqa: ARG002
        return ContactorWeld(contactors=tuple(self.contactors))


KIND = Kind(
    name="contactor_weld",
    fault_class="contactors",
    variants={"contactor_weld": "named contactors no longer open"},
    shape=ContactorWeldShape,
    shows=("plus_feedback", "minus_feedback", "link_voltage"),
    onset="the DUT's own open command",
)
