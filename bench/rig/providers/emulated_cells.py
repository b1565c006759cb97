"""Cell voltages by the cell emulator."""

from collections.abc import Iterable
from dataclasses import dataclass

from bench.instruments.ports import CellEmulator
from bench.plant.pack import Pack
from bench.rig.capabilities import Actuation, Timers
from bench.timing.clock import Phase
from bench.units import NS_PER_MS, NS_PER_S

STEP_NS = 100 * NS_PER_MS  # the rig's own loop to the emulator goes no faster
_TOLERANCE_V = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatedCells:
    """Provides CellVoltages. `overrides_v`: forced cells, from 1; whoever follows the plant leaves them there."""

    emulator: CellEmulator
    pack: Pack
    overrides_v: dict[int, float]
    timers: Timers

    async def force(self, cells: tuple[int, ...], voltage_v: float) -> Actuation:
        self.overrides_v.update(dict.fromkeys(cells, voltage_v))
        seen = await self.emulator.set_and_confirm(cells, voltage_v, tolerance_v=_TOLERANCE_V)
        worst_v = max(seen.readback_v, key=lambda value: abs(value - voltage_v))
        return Actuation(low_ns=seen.low_ns, high_ns=seen.high_ns, readback=f"{worst_v:.4f} V")

    async def ramp(self, cells: tuple[int, ...], voltage_v: float, rate_v_s: float) -> Actuation:
        start_ns, forced_v = self.timers.now_ns(), self.overrides_v
        present_v = self.pack.cell_voltage_v
        from_v = {cell: forced_v.get(cell, float(present_v[cell - 1])) for cell in cells}
        forced_v.update(from_v)

        def step() -> None:
            if any(cell not in forced_v for cell in cells):
                self.timers.stop(_owner(cells))  # cleared, or the rig is on its way to the safe state
                return
            moved_v = rate_v_s * (self.timers.now_ns() - start_ns) / NS_PER_S
            for cell in cells:
                towards = voltage_v - from_v[cell]
                forced_v[cell] = from_v[cell] + max(-moved_v, min(moved_v, towards))

        self.timers.every(_owner(cells), STEP_NS, Phase.INSTRUMENT, step, first_ns=start_ns + STEP_NS)
        seen = await self.emulator.measure(cells)
        return Actuation(
            low_ns=start_ns,
            high_ns=max(start_ns, self.timers.now_ns()),
            readback=f"from {min(seen):.4f} V at {rate_v_s:g} V/s",
        )

    async def release(self, cells: Iterable[int]) -> None:
        cells = tuple(cells)
        self.timers.stop(_owner(cells))
        for cell in cells:
            self.overrides_v.pop(cell, None)
        voltages_v = self.pack.cell_voltage_v
        for cell in cells:
            await self.emulator.set_cells((cell,), float(voltages_v[cell - 1]))

    def plant_v(self, cell: int) -> float:
        return float(self.pack.cell_voltage_v[cell - 1])


def _owner(cells: tuple[int, ...]) -> str:
    return f"ramp of cells {cells}"
