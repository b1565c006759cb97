"""The high-voltage circuit of the plant model."""

import math
from dataclasses import dataclass

from bench.plant.link import LINK_CAPACITANCE_F
from bench.plant.pack import Pack
from bench.rig.capabilities import Actuation, Timers


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantCircuit:
    """Provides HvCircuit."""

    pack: Pack
    timers: Timers

    async def load_link(self, capacitance_f: float) -> Actuation:
        self.pack.link.capacitance_f = capacitance_f
        return self._done(f"{capacitance_f:g} F")

    async def restore_link(self) -> None:
        self.pack.link.capacitance_f = LINK_CAPACITANCE_F

    async def short_link(self, resistance_ohm: float) -> Actuation:
        self.pack.link.short_ohm = resistance_ohm
        return self._done(f"{resistance_ohm:g} ohm")

    async def mend_link(self) -> None:
        self.pack.link.short_ohm = math.inf

    async def short_poles(self, resistance_ohm: float) -> Actuation:
        self.pack.external_short_ohm = resistance_ohm
        return self._done(f"{resistance_ohm:g} ohm")

    async def mend_poles(self) -> None:
        self.pack.external_short_ohm = math.inf

    async def break_precharge(self) -> Actuation:
        self.pack.precharge.resistor_open = True
        return self._done("open")

    async def restore_precharge(self) -> None:
        self.pack.precharge.resistor_open = False

    async def break_discharge(self) -> Actuation:
        self.pack.link.discharge_works = False
        return self._done("open")

    async def restore_discharge(self) -> None:
        self.pack.link.discharge_works = True

    async def disarm_pyro(self) -> Actuation:
        self.pack.pyro_works = False
        return self._done("squib open")

    async def arm_pyro(self) -> None:
        self.pack.pyro_works = True

    def _done(self, readback: str) -> Actuation:
        now_ns = self.timers.now_ns()
        return Actuation(low_ns=now_ns, high_ns=now_ns, readback=readback)
