"""A balancing switch that stays on: it bleeds its cell, and the front end reads the switch back."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.faults.port import Actuation, Fault, Kind, OnsetTest, Terminals
from bench.rig.rig import Rig

if TYPE_CHECKING:
    from bench.faults.shapes import InjectShape


@dataclass(frozen=True, slots=True, kw_only=True)
class BalancingStuck(Fault):
    """Cells count from 1."""

    cells: tuple[int, ...]
    resistance_ohm: float

    async def apply(self, rig: Rig) -> Actuation:
        now_ns = rig.clock.now_ns()
        for cell in self.cells:
            rig.pack.cells.balance_ohm[cell - 1] = self.resistance_ohm
        read = [float(rig.pack.cells.balance_ohm[cell - 1]) for cell in self.cells]
        return Actuation(low_ns=now_ns, high_ns=rig.clock.now_ns(), readback=f"{min(read):g} ohm")

    async def clear(self, rig: Rig) -> None:
        for cell in self.cells:
            rig.pack.cells.balance_ohm[cell - 1] = float("inf")

    @property
    def whole(self) -> bool:
        return True

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        return at.shown("balancing_channels", ">=", 1.0)


def _shape() -> "type[InjectShape]":
    from pydantic import Field

    from bench.faults.shapes import InjectShape, Numbers, Ohms

    class BalancingStuckShape(InjectShape):
        cells: Numbers
        resistance: Ohms = Field(gt=0)

    return BalancingStuckShape


def _resolve(shape: Any, at: Terminals) -> BalancingStuck:
    return BalancingStuck(cells=at.known_cells(shape.cells), resistance_ohm=shape.resistance)


KIND = Kind(
    name="balancing_stuck",
    fault_class="cells",
    variants={"balancing_stuck": "balancing of cells stuck on (ohm of the bleed resistor)"},
    shape=_shape,
    resolve=_resolve,
    onset="the first frame that reads a switch back as on",
    shows=("balancing_channels",),
)
