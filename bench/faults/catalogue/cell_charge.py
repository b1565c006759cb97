"""A cell fuller or emptier than the rest, so that the plant itself drives it over a limit under load."""

from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from bench.faults.port import Actuation, Fault, Kind, OnsetTest, Terminals
from bench.faults.shapes import InjectShape, Numbers, Percent
from bench.rig.capabilities import CellModel


@dataclass(frozen=True, slots=True, kw_only=True)
class CellCharge(Fault):
    """Cells (from 1) at a state of charge, 0 to 1 and beyond: -0.05 is deep discharge, below it comes reversal."""

    cells: tuple[int, ...]
    soc: float

    async def apply(self, cells: CellModel) -> Actuation:
        return await cells.set_soc(self.cells, self.soc)

    async def clear(self, cells: CellModel) -> None:
        await cells.level_soc(self.cells)

    @property
    def at_once(self) -> bool:
        return True

    def sets(self) -> tuple[tuple[str, float], ...]:
        return (("soc", self.soc),)

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        if self.soc < 0.5:
            return at.shown("cell_voltage", "<=", at.threshold("uv_trip"), self.cells)
        return at.shown("cell_voltage", ">=", at.threshold("ov_trip"), self.cells)


class CellChargeShape(InjectShape):
    cells: Numbers
    soc: Percent = Field(ge=-50, le=150)  # what no cell survives, either way

    MEANS: ClassVar = {
        "cells": "the cells, from 1",
        "soc": "their state of charge; below 0 is deep discharge, above 100 % overcharge",
    }

    def resolve(self, at: Terminals) -> CellCharge:
        return CellCharge(cells=at.known_cells(self.cells), soc=self.soc / 100)


KIND = Kind(
    name="cell_charge",
    fault_class="cells",
    variants={"cell_charge": "cells at a state of charge of their own (%), plant-driven"},
    shape=CellChargeShape,
    shows=("cell_voltage",),
    onset="the frame in which the plant has crossed the trip",
)
