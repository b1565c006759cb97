"""Contactors that bounce for long when they close."""

from dataclasses import dataclass

from pydantic import Field

from bench.config.toml_file import DurationNs
from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.faults.shapes import Contactors, InjectShape
from bench.rig.rig import Rig


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactorBounce(Fault):
    contactors: tuple[str, ...]
    bounce_ns: int

    async def apply(self, rig: Rig) -> Actuation:
        now_ns = rig.clock.now_ns()
        self._set(rig, self.bounce_ns)
        return Actuation(low_ns=now_ns, high_ns=now_ns, readback=f"{self.bounce_ns} ns")

    async def clear(self, rig: Rig) -> None:
        self._set(rig, 0)

    def _set(self, rig: Rig, bounce_ns: int) -> None:
        for name in self.contactors:
            getattr(rig.pack.contactors, name).bounce_ns = bounce_ns

    @property
    def passes(self) -> bool:
        return False


class ContactorBounceShape(InjectShape):
    contactors: Contactors
    bounce: DurationNs = Field(gt=0)

    def resolve(self, at: Terminals) -> ContactorBounce:  # noqa: ARG002
        return ContactorBounce(contactors=tuple(self.contactors), bounce_ns=self.bounce)


KIND = Kind(
    name="contactor_bounce",
    fault_class="contactors",
    variants={"contactor_bounce": "named contactors bounce this long after closing (ms)"},
    shape=ContactorBounceShape,
    shows=("plus_feedback", "minus_feedback"),
    onset="the DUT's own close command",
)
