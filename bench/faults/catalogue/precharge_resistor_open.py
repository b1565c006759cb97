"""The precharge resistor is burnt out: the closed precharge contactor carries nothing."""

from dataclasses import dataclass
from typing import ClassVar

from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.faults.shapes import InjectShape
from bench.rig.capabilities import HvCircuit


@dataclass(frozen=True, slots=True, kw_only=True)
class PrechargeResistorOpen(Fault):
    """Nothing shows it before the DUT's precharge command, which is a scenario's onset."""

    unshown: ClassVar[str] = "the plant's precharge: it shows when the DUT precharges"

    async def apply(self, circuit: HvCircuit) -> Actuation:
        return await circuit.break_precharge()

    async def clear(self, circuit: HvCircuit) -> None:
        await circuit.restore_precharge()

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
