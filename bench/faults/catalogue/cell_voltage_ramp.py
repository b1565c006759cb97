"""Cells ramped to a voltage at a rate, from where they are."""

from dataclasses import dataclass, replace
from typing import ClassVar

from bench.faults.catalogue.cell_voltage import SHOWN_WITHIN_V, CellVoltage
from bench.faults.port import Actuation, Carried, Fault, Kind, OnsetTest, Terminals
from bench.faults.shapes import InjectShape, Numbers, VoltsOf, VoltsPerSecond
from bench.rig.capabilities import CellVoltages


@dataclass(frozen=True, slots=True, kw_only=True)
class CellVoltageRamp(Fault):
    """Follows the rig's own loop to the emulator; the onset is where the ramp crosses the trip."""

    cells: tuple[int, ...]
    voltage_v: float
    rate_v_s: float

    async def apply(self, cells: CellVoltages) -> Actuation:
        return await cells.ramp(self.cells, self.voltage_v, self.rate_v_s)

    async def clear(self, cells: CellVoltages) -> None:
        await cells.release(self.cells)

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        return CellVoltage(cells=self.cells, voltage_v=self.voltage_v).onset(at)

    def carried(self) -> tuple[Carried, ...]:
        return tuple(
            Carried(
                quantity="cell_voltage",
                number=cell,
                value=self.voltage_v,
                within=SHOWN_WITHIN_V,
                on_the_way=True,
                stays=False,
            )
            for cell in self.cells
        )

    def inside(self, at: Terminals) -> "CellVoltageRamp | None":
        step = CellVoltage(cells=self.cells, voltage_v=self.voltage_v).inside(at)
        return None if step is None else replace(self, voltage_v=step.voltage_v)

    @property
    def slope(self) -> tuple[str, str, float]:
        return "cells", "V", self.rate_v_s

    @property
    def passes(self) -> bool:
        return False


class CellVoltageRampShape(InjectShape):
    cells: Numbers
    voltage: VoltsOf
    rate: VoltsPerSecond

    MEANS: ClassVar = {
        "cells": "the cells, from 1",
        "voltage": "where the ramp ends: plain, or relative to a threshold of the pack",
        "rate": "how fast it climbs or falls",
    }

    def resolve(self, at: Terminals) -> CellVoltageRamp:
        if self.rate <= 0:
            at.tell("rate", f"found {self.rate:g} V/s; expected more than 0, whichever way the ramp goes")
        return CellVoltageRamp(
            cells=at.known_cells(self.cells),
            voltage_v=at.value(self.voltage, "voltage"),
            rate_v_s=self.rate,
        )


KIND = Kind(
    name="cell_voltage_ramp",
    fault_class="cells",
    variants={"cell_voltage": "cells ramped to a voltage (V) at a rate (V/s)"},
    shape=CellVoltageRampShape,
    shows=("cell_voltage",),
    onset="the frame in which the ramp has crossed the trip",
)
