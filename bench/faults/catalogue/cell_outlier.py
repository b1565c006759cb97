"""A cell that has less capacity or more resistance than its neighbours."""

from dataclasses import dataclass

from pydantic import Field

from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.faults.shapes import InjectShape, Numbers
from bench.rig.rig import Rig


@dataclass(frozen=True, slots=True, kw_only=True)
class CellOutlier(Fault):
    """Shares of what the cell had: 0.8 of its capacity, 3 times its resistance."""

    cells: tuple[int, ...]
    capacity: float
    resistance: float

    async def apply(self, rig: Rig) -> Actuation:
        now_ns = rig.clock.now_ns()
        self._scale(rig, self.capacity, self.resistance)
        return Actuation(
            low_ns=now_ns,
            high_ns=rig.clock.now_ns(),
            readback=f"{rig.pack.cells.capacity_ah[self.cells[0] - 1]:.2f} Ah",
        )

    async def clear(self, rig: Rig) -> None:
        self._scale(rig, 1 / self.capacity, 1 / self.resistance)

    def _scale(self, rig: Rig, capacity: float, resistance: float) -> None:
        for cell in self.cells:
            rig.pack.cells.capacity_ah[cell - 1] *= capacity
            rig.pack.cells.resistance_scale[cell - 1] *= resistance

    @property
    def passes(self) -> bool:
        return False


class CellOutlierShape(InjectShape):
    cells: Numbers
    capacity: float = Field(default=1.0, gt=0, le=1)
    resistance: float = Field(default=1.0, ge=1)

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
