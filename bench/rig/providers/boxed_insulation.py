"""The insulation of a real pack: programmable resistors between its poles and chassis."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bench.errors import InstrumentError
from bench.instruments.ports import LeakResistor
from bench.plant.pack import Pack
from bench.rig.capabilities import Actuation, Timers
from bench.rig.capabilities.insulation import Side
from bench.rig.providers.plant_insulation import PlantInsulation


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxedInsulation:
    """Provides Insulation. boxes: by pole. The plant follows, for whoever is shown its insulation."""

    boxes: Mapping[str, LeakResistor]
    plant: PlantInsulation
    pack: Pack
    timers: Timers

    async def leak(self, poles: tuple[str, ...], ohm_per_volt: float, side: Side = "pack") -> Actuation:
        if side != "pack":
            raise InstrumentError(
                f"insulation: found a leak on the side '{side}'; expected pack: the boxes are there"
            )
        if missing := [pole for pole in poles if pole not in self.boxes]:
            raise InstrumentError(
                f"insulation: found no resistor at {' and '.join(missing)}; expected an instrument with that `pole`"
            )
        low_ns = self.timers.now_ns()
        ohm = ohm_per_volt * self.pack.pack_voltage_v
        seen = [await self.boxes[pole].connect(ohm) for pole in poles]
        await self.plant.leak(poles, ohm_per_volt)
        words = ", ".join(f"{pole} {one.note}" for pole, one in zip(poles, seen))
        return Actuation(low_ns=low_ns, high_ns=self.timers.now_ns(), readback=words)

    async def heal(self, poles: Iterable[str], side: Side = "pack") -> None:
        """All of them are tried, whatever becomes of the first."""
        if side != "pack":
            return  # it was refused
        poles = tuple(poles)
        await self.plant.heal(poles)
        problems = []
        for pole in poles:
            if pole in self.boxes:
                try:
                    await self.boxes[pole].safe()
                except InstrumentError as error:
                    problems.append(str(error))
        if problems:
            raise InstrumentError("; ".join(problems))
