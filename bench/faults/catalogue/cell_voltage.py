"""Cells forced to a voltage by the emulator: over- and undervoltage, deep discharge, reversal; as a step or a ramp."""

from dataclasses import dataclass, replace
from typing import ClassVar

from bench.config.profile import RoleTest
from bench.faults.port import Actuation, Carried, Fault, Kind, Terminals
from bench.faults.shapes import InjectShape, Numbers, VoltsOf
from bench.rig.capabilities import CellVoltages

# A forced value is read back to 1 mV and shown in steps of 0.5 mV: further off than this, it is not there.
SHOWN_WITHIN_V = 0.005
INSIDE_V = 0.010


@dataclass(frozen=True, slots=True, kw_only=True)
class CellVoltage(Fault):
    """Cells (from 1) at `voltage_v`; actuated when every one of them reads back within 1 mV."""

    cells: tuple[int, ...]
    voltage_v: float

    async def apply(self, cells: CellVoltages) -> Actuation:
        return await cells.force(self.cells, self.voltage_v)

    async def clear(self, cells: CellVoltages) -> None:
        await cells.release(self.cells)

    def onset(self, at: Terminals) -> tuple[RoleTest, ...]:
        """The trip threshold where the stimulus crosses it; else (a twin below it) the stimulus itself."""
        over_v, under_v = at.threshold("ov_trip"), at.threshold("uv_trip")
        if self.voltage_v < (over_v + under_v) / 2:
            value_v = under_v if self.voltage_v <= under_v else self.voltage_v + SHOWN_WITHIN_V
            return at.shown("cell_voltage", "<=", value_v, self.cells)
        value_v = over_v if self.voltage_v >= over_v else self.voltage_v - SHOWN_WITHIN_V
        return at.shown("cell_voltage", ">=", value_v, self.cells)

    def carried(self) -> tuple[Carried, ...]:
        return tuple(
            Carried(quantity="cell_voltage", number=cell, value=self.voltage_v, within=SHOWN_WITHIN_V)
            for cell in self.cells
        )

    @property
    def at_once(self) -> bool:
        return True

    def inside(self, at: Terminals) -> "CellVoltage | None":
        over_v, under_v = at.threshold("ov_trip"), at.threshold("uv_trip")
        if self.voltage_v >= over_v:
            return replace(self, voltage_v=over_v - INSIDE_V)
        if self.voltage_v <= under_v:
            return replace(self, voltage_v=under_v + INSIDE_V)
        return None


class CellVoltageShape(InjectShape):
    cells: Numbers
    voltage: VoltsOf

    MEANS: ClassVar = {
        "cells": "the cells, from 1",
        "voltage": "what they are forced to: plain, or relative to a threshold of the pack",
    }

    def resolve(self, at: Terminals) -> CellVoltage:
        return CellVoltage(cells=at.known_cells(self.cells), voltage_v=at.value(self.voltage, "voltage"))


KIND = Kind(
    name="cell_voltage",
    fault_class="cells",
    variants={"cell_voltage": "cells forced to a voltage (V): over-, undervoltage, deep discharge, reversal"},
    shape=CellVoltageShape,
    shows=("cell_voltage",),
)
