"""A balancing switch that stays on: it bleeds its cell, and the front end reads the switch back."""

from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from bench.faults.port import Actuation, Fault, Kind, OnsetTest, Terminals
from bench.faults.shapes import InjectShape, Numbers, Ohms
from bench.rig.capabilities import CellModel


@dataclass(frozen=True, slots=True, kw_only=True)
class BalancingStuck(Fault):
    """Cells count from 1."""

    cells: tuple[int, ...]
    resistance_ohm: float

    async def apply(self, cells: CellModel) -> Actuation:
        return await cells.bleed(self.cells, self.resistance_ohm)

    async def clear(self, cells: CellModel) -> None:
        await cells.bleed(self.cells, float("inf"))

    @property
    def whole(self) -> bool:
        return True

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        return at.shown("balancing_channels", ">=", 1.0)


class BalancingStuckShape(InjectShape):
    cells: Numbers
    resistance: Ohms = Field(gt=0)

    MEANS: ClassVar = {
        "cells": "the cells, from 1, whose balancing switch is stuck on",
        "resistance": "the bleed resistor",
    }

    def resolve(self, at: Terminals) -> BalancingStuck:
        return BalancingStuck(cells=at.known_cells(self.cells), resistance_ohm=self.resistance)


KIND = Kind(
    name="balancing_stuck",
    fault_class="cells",
    variants={"balancing_stuck": "balancing of cells stuck on (ohm of the bleed resistor)"},
    shape=BalancingStuckShape,
    onset="the first frame that reads a switch back as on",
    shows=("balancing_channels",),
)
