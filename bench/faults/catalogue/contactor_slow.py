"""Contactors that take long to open."""

from dataclasses import dataclass, replace

from pydantic import Field

from bench.config.toml_file import DurationNs
from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.faults.shapes import Contactors, InjectShape
from bench.rig.rig import Rig
from bench.units import NS_PER_MS

NORMAL_NS = 12 * NS_PER_MS
INSIDE_NS = 60 * NS_PER_MS  # old, but in time


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactorSlow(Fault):
    """Contactors that take `opening_time_ns` to open."""

    contactors: tuple[str, ...]
    opening_time_ns: int

    async def apply(self, rig: Rig) -> Actuation:
        now_ns = rig.clock.now_ns()
        self._set(rig, self.opening_time_ns)
        return Actuation(low_ns=now_ns, high_ns=rig.clock.now_ns(), readback=f"{self.opening_time_ns} ns")

    async def clear(self, rig: Rig) -> None:
        self._set(rig, NORMAL_NS)

    def _set(self, rig: Rig, opening_time_ns: int) -> None:
        for name in self.contactors:
            getattr(rig.pack.contactors, name).opening_time_ns = opening_time_ns

    def inside(self, at: Terminals) -> "ContactorSlow":  # noqa: ARG002
        return replace(self, opening_time_ns=INSIDE_NS)

    @property
    def passes(self) -> bool:
        return False


class ContactorSlowShape(InjectShape):
    contactors: Contactors
    opening_time: DurationNs = Field(gt=0)

    def resolve(self, at: Terminals) -> ContactorSlow:  # noqa: ARG002
        return ContactorSlow(contactors=tuple(self.contactors), opening_time_ns=self.opening_time)


KIND = Kind(
    name="contactor_slow",
    fault_class="contactors",
    variants={"contactor_slow": "named contactors take this long to open (ms)"},
    shape=ContactorSlowShape,
    onset="the DUT's own open command",
)
