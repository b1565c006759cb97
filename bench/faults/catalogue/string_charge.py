"""A string at a state of charge of its own: what stands side by side after a service, or after days apart."""

from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from bench.faults.port import Actuation, Fault, Kind, OnsetTest, Terminals
from bench.faults.shapes import InjectShape, Percent
from bench.rig.capabilities import CellModel


@dataclass(frozen=True, slots=True, kw_only=True)
class StringCharge(Fault):
    """`cells`: all of the string, from 1 over all strings."""

    cells: tuple[int, ...]
    soc: float

    async def apply(self, cells: CellModel) -> Actuation:
        return await cells.set_soc(self.cells, self.soc)

    async def clear(self, cells: CellModel) -> None:
        await cells.level_soc(self.cells)

    @property
    def passes(self) -> bool:
        return False

    def sets(self) -> tuple[tuple[str, float], ...]:
        return (("soc", self.soc),)

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        return at.next_of("cell_voltage", self.cells)


class StringChargeShape(InjectShape):
    soc: Percent = Field(ge=0, le=100)

    MEANS: ClassVar = {
        "soc": "state of charge of the whole string",
    }

    def resolve(self, at: Terminals) -> StringCharge:
        return StringCharge(cells=at.known_cells(range(1, at.series + 1)), soc=self.soc / 100)


KIND = Kind(
    name="string_charge",
    fault_class="cells",
    variants={"string_charge": "a whole string at a state of charge of its own (%)"},
    shape=StringChargeShape,
    shows=("cell_voltage",),
    onset="the next frame with a voltage of its cells",
)
