"""The precharge resistor is burnt out: the closed precharge contactor carries nothing."""

from dataclasses import dataclass

from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.faults.shapes import InjectShape
from bench.rig.rig import Rig


@dataclass(frozen=True, slots=True, kw_only=True)
class PrechargeResistorOpen(Fault):
    """Nothing shows it before the DUT's precharge command, which is a scenario's onset."""

    async def apply(self, rig: Rig) -> Actuation:
        now_ns = rig.clock.now_ns()
        rig.pack.precharge.resistor_open = True
        return Actuation(low_ns=now_ns, high_ns=now_ns, readback="open")

    async def clear(self, rig: Rig) -> None:
        rig.pack.precharge.resistor_open = False

    @property
    def passes(self) -> bool:
        return False


class PrechargeResistorOpenShape(InjectShape):
    def resolve(self, at: Terminals) -> PrechargeResistorOpen:  # noqa: ARG002
        return PrechargeResistorOpen()


KIND = Kind(
    name="precharge_resistor_open",
    fault_class="contactors",
    variants={"precharge_resistor_open": "the precharge resistor is burnt out"},
    shape=PrechargeResistorOpenShape,
    onset="the DUT's own precharge command",
)
