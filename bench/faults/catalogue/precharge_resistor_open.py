"""The precharge resistor is burnt out: the closed precharge contactor carries nothing."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.rig.rig import Rig

if TYPE_CHECKING:
    from bench.faults.shapes import InjectShape


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


def _shape() -> "type[InjectShape]":
    from bench.faults.shapes import InjectShape

    return InjectShape


def _resolve(shape: Any, at: Terminals) -> PrechargeResistorOpen:  # noqa: ARG001
    return PrechargeResistorOpen()


KIND = Kind(
    name="precharge_resistor_open",
    fault_class="contactors",
    variants={"precharge_resistor_open": "the precharge resistor is burnt out"},
    shape=_shape,
    resolve=_resolve,
    onset="the DUT's own precharge command",
)
