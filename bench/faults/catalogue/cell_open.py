"""A cell that is joined to its group no more: the others carry its share, and the group has less capacity."""

from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.faults.shapes import InjectShape, Numbers
from bench.rig.capabilities import CellJoints


@dataclass(frozen=True, slots=True, kw_only=True)
class CellOpen(Fault):
    """Groups count from 1, as a front end counts its cells; so does the cell within each, `branch`."""

    cells: tuple[int, ...]
    branch: int

    unshown: ClassVar[str] = "a parted weld: at rest its group shows what it did before"

    async def apply(self, joints: CellJoints) -> Actuation:
        return await joints.part(self.cells, self.branch)

    async def clear(self, joints: CellJoints) -> None:
        await joints.join(self.cells, self.branch)

    @property
    def passes(self) -> bool:
        return False


class CellOpenShape(InjectShape):
    cells: Numbers
    branch: int = Field(default=1, ge=1)

    MEANS: ClassVar = {
        "cells": "the cells, from 1, each a group in parallel",
        "branch": "which cell of the group has parted, from 1",
    }

    def resolve(self, at: Terminals) -> CellOpen:
        if self.branch > at.parallel:
            at.tell("branch", f"found {self.branch}; expected 1 to {at.parallel}, by [pack] parallel")
        return CellOpen(cells=at.known_cells(self.cells), branch=self.branch)


KIND = Kind(
    name="cell_open",
    fault_class="cells",
    variants={"cell_open": "a cell of a parallel group parted from it"},
    shape=CellOpenShape,
    shows=("cell_voltage",),
    onset="its actuation: it shows only under load",
)
