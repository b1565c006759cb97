"""A climate chamber that stands around a real pack."""

from dataclasses import dataclass

from bench.instruments.ports import ClimateChamber
from bench.rig.capabilities import Actuation, Timers
from bench.rig.providers.plant_thermal import PlantChamber


@dataclass(frozen=True, slots=True, kw_only=True)
class RealChamber:
    """Provides Chamber. The plant follows, for whoever is shown its temperatures."""

    chamber: ClimateChamber
    plant: PlantChamber
    timers: Timers

    async def climb(self, temperature_c: float, rate_k_s: float) -> Actuation:
        low_ns = self.timers.now_ns()
        there_c = await self.chamber.run_to(temperature_c, rate_k_s)
        await self.plant.climb(temperature_c, rate_k_s)
        words = f"set to {temperature_c:g} degC, {there_c:g} degC in the chamber"
        return Actuation(low_ns=low_ns, high_ns=self.timers.now_ns(), readback=words)

    async def back_to_room(self) -> None:
        await self.plant.back_to_room()
        await self.chamber.safe()
