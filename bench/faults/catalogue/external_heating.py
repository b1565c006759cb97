"""Heat from outside into cells: a fire beside them, a neighbour in thermal runaway."""

from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from bench.faults.port import Actuation, Fault, Kind, OnsetTest, Terminals
from bench.faults.shapes import InjectShape, Numbers, Watts
from bench.rig.capabilities import CellModel


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalHeating(Fault):
    """Cells count from 1."""

    cells: tuple[int, ...]
    power_w: float

    async def apply(self, cells: CellModel) -> Actuation:
        return await cells.heat(self.cells, self.power_w)

    async def clear(self, cells: CellModel) -> None:
        await cells.heat(self.cells, 0.0)

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        return at.shown("temperature", ">=", at.threshold("ot_trip"), range(1, at.sensors + 1))

    @property
    def passes(self) -> bool:
        return False


class ExternalHeatingShape(InjectShape):
    cells: Numbers
    power: Watts = Field(gt=0)

    MEANS: ClassVar = {
        "cells": "the cells, from 1, that are heated",
        "power": "the heating power of each",
    }

    def resolve(self, at: Terminals) -> ExternalHeating:
        return ExternalHeating(cells=at.known_cells(self.cells), power_w=self.power)


KIND = Kind(
    name="external_heating",
    fault_class="thermal",
    variants={"external_heating": "heat into cells from outside (W each)"},
    shape=ExternalHeatingShape,
    onset="the first frame with a sensor above the overtemperature trip",
    shows=("temperature",),
)
