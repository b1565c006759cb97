"""An internal short of a cell, soft (ohms) or hard (milliohms): the plant discharges and heats it."""

from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from bench.faults.port import Actuation, Fault, Kind, OnsetTest, Terminals
from bench.faults.shapes import InjectShape, Numbers, Ohms
from bench.rig.capabilities import CellModel


@dataclass(frozen=True, slots=True, kw_only=True)
class CellShort(Fault):
    """Cells count from 1."""

    cells: tuple[int, ...]
    resistance_ohm: float

    async def apply(self, cells: CellModel) -> Actuation:
        return await cells.short(self.cells, self.resistance_ohm)

    async def clear(self, cells: CellModel) -> None:
        await cells.short(self.cells, float("inf"))

    @property
    def at_once(self) -> bool:
        return True

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        return at.next_of("cell_voltage", self.cells)


class CellShortShape(InjectShape):
    cells: Numbers
    resistance: Ohms = Field(gt=0)

    MEANS: ClassVar = {
        "cells": "the cells, from 1, with an internal short",
        "resistance": "resistance of the short",
    }

    def resolve(self, at: Terminals) -> CellShort:
        return CellShort(cells=at.known_cells(self.cells), resistance_ohm=self.resistance)


KIND = Kind(
    name="cell_short",
    fault_class="cells",
    variants={"cell_internal_short": "internal short of cells, soft or hard (ohm)"},
    shape=CellShortShape,
    onset="the next frame with the cell's voltage",
    shows=("cell_voltage",),
)
