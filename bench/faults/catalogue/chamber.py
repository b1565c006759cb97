"""A climate chamber around the pack: the ambient temperature climbs to a value and stays there."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bench.faults.port import Actuation, Fault, Kind, OnsetTest, Terminals
from bench.faults.shapes import AboveAbsoluteZero, Degrees, DegreesPerSecond, InjectShape
from bench.rig.rig import Rig
from bench.timing.clock import Phase
from bench.units import NS_PER_S

ROOM_C = 25.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chamber(Fault):
    temperature_c: float
    rate_k_s: float

    async def apply(self, rig: Rig) -> Actuation:
        start_ns, start_c = rig.clock.now_ns(), rig.pack.ambient_c

        def climb() -> None:
            risen_k = self.rate_k_s * (rig.clock.now_ns() - start_ns) / NS_PER_S
            rig.settle_plant()
            rig.pack.ambient_c = min(self.temperature_c, start_c + risen_k)

        timer = rig.clock.every(NS_PER_S, Phase.PLANT, climb, first_ns=start_ns + NS_PER_S)
        rig.fault_timers.setdefault("chamber", []).append(timer)
        return Actuation(
            low_ns=start_ns, high_ns=rig.clock.now_ns(), readback=f"from {rig.pack.ambient_c:g} degC"
        )

    async def clear(self, rig: Rig) -> None:
        for timer in rig.fault_timers.pop("chamber", []):
            timer.cancel()
        rig.pack.ambient_c = ROOM_C

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        return at.shown("temperature", ">=", at.threshold("ot_trip"), range(1, at.sensors + 1))

    @property
    def passes(self) -> bool:
        return False


class ChamberShape(InjectShape):
    temperature: Annotated[Degrees, AboveAbsoluteZero]
    rate: DegreesPerSecond = Field(gt=0)

    def resolve(self, at: Terminals) -> Chamber:  # noqa: ARG002
        return Chamber(temperature_c=self.temperature, rate_k_s=self.rate)


KIND = Kind(
    name="chamber",
    fault_class="thermal",
    variants={"chamber": "the ambient climbs to a temperature (degC) at a rate (degC/s)"},
    shape=ChamberShape,
    onset="the first frame with a sensor above the overtemperature trip",
    shows=("temperature",),
)
