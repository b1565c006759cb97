"""The current that vehicle and charger drive through the pack of the plant model."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.errors import InstrumentError
from bench.plant.pack import Pack
from bench.rig.capabilities import Actuation, Timers
from bench.rig.vehicle import PLANT_PERIOD_NS, VehicleSide
from bench.units import NS_PER_MS

_WITHIN_NS = 500 * NS_PER_MS
_POLL_NS = 10 * NS_PER_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantCurrent:
    """Provides PackCurrent."""

    pack: Pack
    vehicle: VehicleSide
    timers: Timers

    async def carry(self, current_a: float) -> Actuation:
        now_ns, vehicle = self.timers.now_ns(), self.vehicle
        vehicle.charger_ignores_limit = True
        vehicle.load_a, vehicle.charge_a = max(0.0, current_a), max(0.0, -current_a)
        await self.timers.sleep_until(now_ns + 2 * PLANT_PERIOD_NS)
        seen_a = self.pack.pack_current_a
        if abs(seen_a - current_a) > 0.02 * abs(current_a):
            raise InstrumentError(f"current: asked for {current_a:g} A, the pack carries {seen_a:.1f} A")
        return Actuation(low_ns=now_ns, high_ns=self.timers.now_ns(), readback=f"{seen_a:.2f} A")

    async def draw(self, current_a: float) -> Actuation:
        now_ns, pack = self.timers.now_ns(), self.pack
        self.vehicle.load_a = current_a
        await self._until(
            lambda: pack.pack_current_a >= 0.9 * current_a,
            lambda: f"load: asked for {current_a:g} A, the pack gives {pack.pack_current_a:.1f} A",
        )
        return Actuation(
            low_ns=now_ns,
            high_ns=self.timers.now_ns(),
            readback=f"{pack.pack_current_a:.1f} A out of the pack",
        )

    async def charge(self, current_a: float) -> Actuation:
        now_ns, pack = self.timers.now_ns(), self.pack
        self.vehicle.charger_ignores_limit = True
        self.vehicle.charge_a = current_a
        await self._until(
            lambda: pack.pack_current_a <= -0.9 * current_a,
            lambda: f"charger: asked for {current_a:g} A, the pack takes {-pack.pack_current_a:.1f} A",
        )
        return Actuation(
            low_ns=now_ns,
            high_ns=self.timers.now_ns(),
            readback=f"{-pack.pack_current_a:.1f} A into the pack",
        )

    async def stop_load(self) -> None:
        self.vehicle.load_a = 0.0

    async def stop_charge(self) -> None:
        self.vehicle.charge_a = 0.0
        self.vehicle.charger_ignores_limit = False

    async def _until(self, carried: Callable[[], bool], words: Callable[[], str]) -> None:
        begun_ns = self.timers.now_ns()
        while not carried():
            if self.timers.now_ns() - begun_ns > _WITHIN_NS:
                raise InstrumentError(words())
            await self.timers.sleep_until(self.timers.now_ns() + _POLL_NS)
