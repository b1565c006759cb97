"""The cells of the plant model."""

from dataclasses import dataclass

from bench.plant.chemistry import FloatArray
from bench.plant.pack import Pack
from bench.rig.capabilities import Actuation, Timers


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantCells:
    """Provides CellModel."""

    pack: Pack
    timers: Timers

    async def set_soc(self, cells: tuple[int, ...], soc: float) -> Actuation:
        now_ns = self.timers.now_ns()
        for cell in cells:
            self.pack.set_cell_soc(cell - 1, soc)
        read_v = [float(self.pack.cell_voltage_v[cell - 1]) for cell in cells]
        return self._done(now_ns, f"{min(read_v):.3f} V at rest")

    async def level_soc(self, cells: tuple[int, ...]) -> None:
        rest = float(sorted(self.pack.soc)[len(self.pack.soc) // 2])
        for cell in cells:
            self.pack.set_cell_soc(cell - 1, rest)

    async def scale(self, cells: tuple[int, ...], *, capacity: float, resistance: float) -> Actuation:
        now_ns = self.timers.now_ns()
        for cell in cells:
            self.pack.cells.capacity_ah[cell - 1] *= capacity
            self.pack.cells.resistance_scale[cell - 1] *= resistance
        return self._done(now_ns, f"{self.pack.cells.capacity_ah[cells[0] - 1]:.2f} Ah")

    async def bleed(self, cells: tuple[int, ...], resistance_ohm: float) -> Actuation:
        return self._put(self.pack.cells.balance_ohm, cells, resistance_ohm, "ohm")

    async def short(self, cells: tuple[int, ...], resistance_ohm: float) -> Actuation:
        return self._put(self.pack.cells.short_ohm, cells, resistance_ohm, "ohm")

    async def heat(self, cells: tuple[int, ...], power_w: float) -> Actuation:
        return self._put(self.pack.cells.heat_w, cells, power_w, "W")

    async def leak(self, cells: tuple[int, ...], *, leaks: bool) -> Actuation:
        now_ns = self.timers.now_ns()
        for cell in cells:
            self.pack.soiling.leaking[cell - 1] = leaks
        return self._done(now_ns, "leaks" if leaks else "sealed")

    def _put(self, values: FloatArray, cells: tuple[int, ...], value: float, unit: str) -> Actuation:
        now_ns = self.timers.now_ns()
        for cell in cells:
            values[cell - 1] = value
        return self._done(now_ns, f"{min(float(values[cell - 1]) for cell in cells):g} {unit}")

    def _done(self, low_ns: int, readback: str) -> Actuation:
        return Actuation(low_ns=low_ns, high_ns=self.timers.now_ns(), readback=readback)
