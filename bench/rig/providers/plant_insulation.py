"""The insulation of the plant model."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from bench.errors import InstrumentError
from bench.plant.isolation import HEALTHY_OHM, Y_CAPACITANCE_F
from bench.plant.pack import Pack
from bench.plant.pack_string import split
from bench.rig.capabilities import Actuation, Timers
from bench.rig.capabilities.insulation import Side
from bench.timing.clock import Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantInsulation:
    """Provides Insulation and InsulationInTurns."""

    pack: Pack
    timers: Timers

    async def leak(self, poles: tuple[str, ...], ohm_per_volt: float, side: Side = "pack") -> Actuation:
        now_ns = self.timers.now_ns()
        r_iso_ohm = ohm_per_volt * self.pack.pack_voltage_v
        self._set(poles, r_iso_ohm, side)
        read = [
            getattr(self.pack.of[string].isolation, _place(what, side)) for what, string in map(split, poles)
        ]
        if any(abs(value - r_iso_ohm) > 0.001 * r_iso_ohm for value in read):
            raise InstrumentError(f"insulation: asked for {r_iso_ohm:.0f} ohm on {poles}, read back {read}")
        return Actuation(low_ns=now_ns, high_ns=self.timers.now_ns(), readback=f"{min(read):.0f} ohm")

    async def leak_in_turns(
        self, poles: tuple[str, ...], ohm_per_volt: float, *, on_ns: int, off_ns: int
    ) -> Actuation:
        actuation = await self.leak(poles, ohm_per_volt)
        r_iso_ohm = ohm_per_volt * self.pack.pack_voltage_v
        start_ns, cycle_ns = self.timers.now_ns(), on_ns + off_ns

        def gone() -> None:
            self._set(poles, HEALTHY_OHM)

        def again() -> None:
            self._set(poles, r_iso_ohm)

        self.timers.every(_owner(poles), cycle_ns, Phase.PLANT, gone, first_ns=start_ns + on_ns)
        self.timers.every(_owner(poles), cycle_ns, Phase.PLANT, again, first_ns=start_ns + cycle_ns)
        return actuation

    async def heal(self, poles: Iterable[str], side: Side = "pack") -> None:
        poles = tuple(poles)
        self.timers.stop(_owner(poles))
        self._set(poles, HEALTHY_OHM if side == "pack" else math.inf, side)

    def _set(self, poles: tuple[str, ...], ohm: float, side: Side = "pack") -> None:
        for pole in poles:
            what, string = split(pole)
            setattr(self.pack.of[string].isolation, _place(what, side), ohm)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantYCapacitors:
    """Provides YCapacitors."""

    pack: Pack
    timers: Timers

    async def fit(self, capacitance_f: float) -> Actuation:
        now_ns = self.timers.now_ns()
        self.pack.isolation.y_capacitance_f = capacitance_f
        return Actuation(low_ns=now_ns, high_ns=now_ns, readback=f"{capacitance_f:g} F")

    async def restore(self) -> None:
        self.pack.isolation.y_capacitance_f = Y_CAPACITANCE_F


def _place(pole: str, side: Side) -> str:
    return f"{pole}_ohm" if side == "pack" else f"vehicle_{pole}_ohm"


def _owner(poles: tuple[str, ...]) -> str:
    return f"insulation {' '.join(poles)}"
