"""Cells that leak: their electrolyte lies between can and housing, and conducts."""

from dataclasses import dataclass
from typing import ClassVar

from bench.faults.port import Actuation, Fault, Kind, OnsetTest, Terminals
from bench.faults.shapes import InjectShape, Numbers
from bench.rig.capabilities import CellModel


@dataclass(frozen=True, slots=True, kw_only=True)
class CellLeak(Fault):
    """Cells count from 1. What has leaked stays when the leak is sealed."""

    cells: tuple[int, ...]

    async def apply(self, cells: CellModel) -> Actuation:
        return await cells.leak(self.cells, leaks=True)

    async def clear(self, cells: CellModel) -> None:
        await cells.leak(self.cells, leaks=False)

    @property
    def passes(self) -> bool:
        return False

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        """A pole below the fault threshold, at the highest pack voltage: a healthy one is orders of magnitude above."""
        ohm = at.threshold("iso_fault") * at.cells * at.threshold("ov_trip")
        poles = ("insulation_plus", "insulation_minus")
        return tuple(test for pole in poles for test in at.shown(pole, "<=", ohm))


class CellLeakShape(InjectShape):
    cells: Numbers

    MEANS: ClassVar = {
        "cells": "the cells, from 1, whose electrolyte lies on the housing",
    }

    def resolve(self, at: Terminals) -> CellLeak:
        return CellLeak(cells=at.known_cells(self.cells))


KIND = Kind(
    name="cell_leak",
    fault_class="isolation",
    variants={"cell_leak": "electrolyte of cells on the housing"},
    shape=CellLeakShape,
    shows=("insulation_plus", "insulation_minus"),
)
