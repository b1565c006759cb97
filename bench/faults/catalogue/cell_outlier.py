"""A cell that has less capacity or more resistance than its neighbours."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.rig.rig import Rig

if TYPE_CHECKING:
    from bench.faults.shapes import InjectShape


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


def _shape() -> "type[InjectShape]":
    from pydantic import Field

    from bench.faults.shapes import InjectShape, Numbers

    class CellOutlierShape(InjectShape):
        cells: Numbers
        capacity: float = Field(default=1.0, gt=0, le=1)
        resistance: float = Field(default=1.0, ge=1)

    return CellOutlierShape


def _resolve(shape: Any, at: Terminals) -> CellOutlier:
    if shape.capacity == shape.resistance == 1:
        at.tell(
            "", "found capacity and resistance as of any other cell; expected one of them to differ from 1"
        )
    return CellOutlier(
        cells=at.known_cells(shape.cells), capacity=shape.capacity, resistance=shape.resistance
    )


KIND = Kind(
    name="cell_outlier",
    fault_class="cells",
    variants={"cell_outlier": "cells with less capacity or more resistance than the rest (share)"},
    shape=_shape,
    resolve=_resolve,
    onset="its actuation: nothing shows it at once",
)
