"""Between a cell and the front end's input: open, high-ohmic, shorted, reversed, or two taps swapped."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from bench.faults.port import Actuation, Fault, Kind, OnsetTest, Terminals
from bench.faults.shapes import InjectShape, Numbers
from bench.rig.capabilities import WIRE_VARIANTS, ReadingStage, SenseWires
from bench.rig.providers.sense_wires import SHORT_V

MOVES_V = 0.5  # at least, in one frame: a reading that is lost, turned round, or added to its neighbour


@dataclass(frozen=True, slots=True, kw_only=True)
class SenseWire(Fault):
    """A fault in the sense wires of `cells` (from 1). Relays make it where the rig has a fault unit; else the played
    front end shows it.
    """

    cells: tuple[int, ...]
    wire: str

    async def apply(self, wires: SenseWires) -> Actuation:
        return await wires.change(self.cells, self.wire)

    async def clear(self, wires: SenseWires) -> None:
        await wires.mend(self.cells, self.wire)

    @property
    def stage(self) -> ReadingStage:
        return ReadingStage.WIRE

    def changes(self) -> tuple[tuple[str, int], ...]:
        return tuple(("cell_voltage", cell) for cell in self.cells)

    @property
    def at_once(self) -> bool:
        return True

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        if self.wire == "short":
            return at.shown("cell_voltage", "<=", SHORT_V + 0.01, self.cells)
        jump = None if self.wire == "high_ohm" else 2 * MOVES_V
        return at.next_of("cell_voltage", self.cells, jump)


class SenseWireShape(InjectShape):
    cells: Numbers
    wire: Literal["open", "high_ohm", "short", "reversed", "swapped"]

    MEANS: ClassVar = {
        "cells": "the cells, from 1, whose sense wires are affected",
        "wire": "what is wrong with the wires",
    }

    def resolve(self, at: Terminals) -> SenseWire:
        cells = at.known_cells(self.cells)
        if self.wire == "swapped" and (len(cells) != 1 or cells[0] >= at.cells):
            at.tell("cells", f"found {list(cells)}; expected one cell with a neighbour above it")
        return SenseWire(cells=cells, wire=self.wire)

    def needs(self) -> str:
        return WIRE_VARIANTS[self.wire]


KIND = Kind(
    name="sense_wire",
    fault_class="measurement",
    variants={
        "open_wire": "sense wire of a cell open",
        "cell_short": "sense inputs of a cell shorted",
        "reversed_polarity": "cell put in the wrong way round, or its wires crossed",
        "high_ohm_wire": "sense wire high-ohmic: the reading sags",
        "swapped_wires": "two taps swapped: a cell read backwards, its neighbours double",
    },
    shape=SenseWireShape,
    shows=("cell_voltage",),
    onset="the first frame after the wire changed",
)
