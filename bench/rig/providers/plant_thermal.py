"""What surrounds the pack of the plant model."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.plant.pack import Pack
from bench.rig.capabilities import Actuation, Timers
from bench.timing.clock import Phase
from bench.units import NS_PER_S

ROOM_C = 25.0
_OWNER = "chamber"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantChamber:
    """Provides Chamber. `settle` brings the plant to the present, which its surroundings act on from then."""

    pack: Pack
    timers: Timers
    settle: Callable[[], None]

    async def climb(self, temperature_c: float, rate_k_s: float) -> Actuation:
        start_ns, start_c = self.timers.now_ns(), self.pack.ambient_c

        def step() -> None:
            risen_k = rate_k_s * (self.timers.now_ns() - start_ns) / NS_PER_S
            self.settle()
            self.pack.ambient_c = min(temperature_c, start_c + risen_k)

        self.timers.every(_OWNER, NS_PER_S, Phase.PLANT, step, first_ns=start_ns + NS_PER_S)
        return Actuation(
            low_ns=start_ns, high_ns=self.timers.now_ns(), readback=f"from {self.pack.ambient_c:g} degC"
        )

    async def back_to_room(self) -> None:
        self.timers.stop(_OWNER)
        self.pack.ambient_c = ROOM_C


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantCooling:
    """Provides Cooling."""

    pack: Pack
    timers: Timers

    async def lose(self) -> Actuation:
        now_ns = self.timers.now_ns()
        self.pack.cooling = 0.0
        return Actuation(low_ns=now_ns, high_ns=now_ns, readback=f"cooling {self.pack.cooling:g}")

    async def restore(self) -> None:
        self.pack.cooling = 1.0
