"""A cell that has less capacity or more resistance than its neighbours."""

from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.faults.shapes import InjectShape, Numbers
from bench.rig.capabilities import CellModel


@dataclass(frozen=True, slots=True, kw_only=True)
class CellOutlier(Fault):
    """Shares of what the cell had: 0.8 of its capacity, 3 times its resistance."""

    cells: tuple[int, ...]
    capacity: float
    resistance: float

    unshown: ClassVar[str] = "the plant's own parameter: it shows only in what the DUT estimates"

    async def apply(self, cells: CellModel) -> Actuation:
        return await cells.scale(self.cells, capacity=self.capacity, resistance=self.resistance)

    async def clear(self, cells: CellModel) -> None:
        await cells.scale(self.cells, capacity=1 / self.capacity, resistance=1 / self.resistance)

    @property
    def passes(self) -> bool:
        return False


class CellOutlierShape(InjectShape):
    cells: Numbers
    capacity: float = Field(default=1.0, gt=0, le=1)
    resistance: float = Field(default=1.0, ge=1)

    MEANS: ClassVar = {
        "cells": "the cells, from 1",
        "capacity": "share of the usual capacity that is left, 1 for all of it",
        "resistance": "how many times the usual resistance they have",
    }

    def resolve(self, at: Terminals) -> CellOutlier:
        if self.capacity == self.resistance == 1:
            at.tell(
                "",
                "found capacity and resistance as of any other cell; expected one of them to differ from 1",
            )
        return CellOutlier(
            cells=at.known_cells(self.cells), capacity=self.capacity, resistance=self.resistance
        )


KIND = Kind(
    name="cell_outlier",
    fault_class="cells",
    variants={"cell_outlier": "cells with less capacity or more resistance than the rest (share)"},
    shape=CellOutlierShape,
    onset="its actuation: nothing shows it at once",
)
