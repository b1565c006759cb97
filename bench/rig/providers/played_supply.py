"""Clamp 30 as the played sensor shows it, and what it does to the coils of the plant model."""

from dataclasses import dataclass, field

from bench.plant.pack import Pack
from bench.rig.capabilities import Actuation, ReadingStage, Sensors, Timers
from bench.rig.vehicle import PLANT_PERIOD_NS
from bench.timing.clock import Phase

COIL_HOLDS_V = 6.0  # a 12 V contactor coil lets go between 2 and 6 V
_OWNER = "supply_voltage"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedSupply:
    """Provides DutSupply."""

    pack: Pack
    sensors: Sensors
    timers: Timers
    _dropped: set[str] = field(default_factory=set)  # contactors that a low supply holds open

    async def follow(self, profile: tuple[tuple[int, float], ...]) -> Actuation:
        start_ns = self.timers.now_ns()

        def shown(true: float | None) -> float | None:
            elapsed_ns = self.timers.now_ns() - start_ns
            held = [volt for at_ns, volt in profile if at_ns <= elapsed_ns]
            return held[-1] if held else true

        def coils() -> None:
            self._drive_coils(shown(None))

        self.sensors.distort.put("supply_voltage", 0, shown, by=_OWNER, stage=ReadingStage.THERE)
        self.timers.every(_OWNER, PLANT_PERIOD_NS, Phase.PLANT, coils, first_ns=start_ns)
        low_v = min(volt for _, volt in profile)
        return Actuation(low_ns=start_ns, high_ns=start_ns, readback=f"down to {low_v:g} V")

    async def restore(self) -> None:
        self.timers.stop(_OWNER)
        self.sensors.distort.take("supply_voltage", 0, by=_OWNER)
        self._drive_coils(None)

    def _drive_coils(self, volt: float | None) -> None:
        contacts = self.pack.contactors
        low = volt is not None and volt < COIL_HOLDS_V
        for contact in (contacts.plus, contacts.minus, contacts.precharge):
            if low:
                contact.stick_open()
                self._dropped.add(contact.name)
            elif contact.name in self._dropped:  # a weld is another fault's, and stays
                contact.heal()
                self._dropped.discard(contact.name)
