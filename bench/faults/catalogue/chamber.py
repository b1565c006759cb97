"""A climate chamber around the pack: the ambient temperature climbs to a value and stays there."""

from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from bench.faults.port import Actuation, Fault, Kind, OnsetTest, Terminals
from bench.faults.shapes import DegreesOf, DegreesPerSecond, InjectShape
from bench.rig import capabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class ChamberFault(Fault):
    """The surroundings move to `temperature_c` at `rate_k_s`."""

    temperature_c: float
    rate_k_s: float

    async def apply(self, chamber: capabilities.Chamber) -> Actuation:
        return await chamber.climb(self.temperature_c, self.rate_k_s)

    async def clear(self, chamber: capabilities.Chamber) -> None:
        await chamber.back_to_room()

    def sets(self) -> tuple[tuple[str, float], ...]:
        return (("ambient_c", self.temperature_c),)

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        return at.shown("temperature", ">=", at.threshold("ot_trip"), range(1, at.sensors + 1))

    @property
    def passes(self) -> bool:
        return False


class ChamberShape(InjectShape):
    temperature: DegreesOf
    rate: DegreesPerSecond = Field(gt=0)

    MEANS: ClassVar = {
        "temperature": "the ambient temperature at which it stays",
        "rate": "how fast it moves there",
    }

    def resolve(self, at: Terminals) -> ChamberFault:
        value = at.value(self.temperature, "temperature")
        if value < -273.15:
            at.tell("temperature", f"found {value:g} degC; expected -273.15 degC or more")
        return ChamberFault(temperature_c=value, rate_k_s=self.rate)


KIND = Kind(
    name="chamber",
    fault_class="thermal",
    variants={"chamber": "the ambient climbs to a temperature (degC) at a rate (degC/s)"},
    shape=ChamberShape,
    onset="the first frame with a sensor above the overtemperature trip",
    shows=("temperature",),
)
