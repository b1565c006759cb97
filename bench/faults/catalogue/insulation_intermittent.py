"""A pole that leaks to chassis off and on: a chafed cable, water that sloshes."""

from dataclasses import dataclass, replace
from typing import ClassVar

from pydantic import Field

from bench.config.toml_file import DurationNs
from bench.faults.catalogue.insulation import InsulationFault, Pole, leak
from bench.faults.port import Actuation, Fault, Kind, OnsetTest, Terminals
from bench.faults.shapes import InjectShape, OhmPerVoltOf
from bench.rig.capabilities import InsulationInTurns


@dataclass(frozen=True, slots=True, kw_only=True)
class InsulationIntermittent(Fault):
    """`leak` is there for `on_ns`, gone for `off_ns`, and so on until it is cleared."""

    leak: InsulationFault
    on_ns: int
    off_ns: int

    async def apply(self, insulation: InsulationInTurns) -> Actuation:
        leak = self.leak
        return await insulation.leak_in_turns(
            leak.poles, leak.ohm_per_volt, on_ns=self.on_ns, off_ns=self.off_ns
        )

    async def clear(self, insulation: InsulationInTurns) -> None:
        await insulation.heal(self.leak.poles)

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        return self.leak.onset(at)

    def inside(self, at: Terminals) -> "InsulationIntermittent":
        return replace(self, leak=self.leak.inside(at))

    @property
    def whole(self) -> bool:
        return True

    @property
    def passes(self) -> bool:
        return False


class InsulationIntermittentShape(InjectShape):
    pole: Pole
    resistance: OhmPerVoltOf
    on: DurationNs = Field(gt=0)
    off: DurationNs = Field(gt=0)

    MEANS: ClassVar = {
        "pole": "the pole with the leak to chassis, or both",
        "resistance": "resistance to chassis per volt of pack voltage",
        "on": "how long the leak is there, in turns",
        "off": "how long it is gone in between",
    }

    def resolve(self, at: Terminals) -> InsulationIntermittent:
        found = leak(self.pole, self.resistance, at)
        return InsulationIntermittent(leak=found, on_ns=self.on, off_ns=self.off)


KIND = Kind(
    name="insulation_intermittent",
    fault_class="isolation",
    variants={"insulation": "a pole that leaks to chassis off and on (ohm/V, ms)"},
    shape=InsulationIntermittentShape,
    shows=("insulation_plus", "insulation_minus", "insulation"),
)
