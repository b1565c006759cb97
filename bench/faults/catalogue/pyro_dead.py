"""The pyrotechnic switch does not fire."""

from dataclasses import dataclass

from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.faults.shapes import InjectShape
from bench.rig.rig import Rig


@dataclass(frozen=True, slots=True, kw_only=True)
class PyroDead(Fault):
    """Nothing shows it before it is fired: a scenario adds what makes the DUT fire it, and measures that."""

    async def apply(self, rig: Rig) -> Actuation:
        now_ns = rig.clock.now_ns()
        rig.pack.pyro_works = False
        return Actuation(low_ns=now_ns, high_ns=now_ns, readback="squib open")

    async def clear(self, rig: Rig) -> None:
        rig.pack.pyro_works = True

    @property
    def passes(self) -> bool:
        return False


class PyroDeadShape(InjectShape):
    def resolve(self, at: Terminals) -> PyroDead:  # noqa: ARG002
        return PyroDead()


KIND = Kind(
    name="pyro_dead",
    fault_class="contactors",
    variants={"pyro_dead": "the pyrotechnic switch does not fire"},
    shape=PyroDeadShape,
    onset="its actuation: nothing shows it at once",
)
