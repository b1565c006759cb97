"""The front end measures cells wrongly: offset, drift, noise, one value stuck, or the whole ADC frozen."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from bench.faults.port import Actuation, Fault, Kind, OnsetTest, Terminals
from bench.faults.readings import Distorted, drifting, noisy, offset, stuck
from bench.faults.shapes import Change, InjectShape, Numbers, Volts, VoltsPerSecond
from bench.rig.capabilities import Distort, FrontEnd, ReadingStage, Timers


@dataclass(frozen=True, slots=True, kw_only=True)
class CellReading(Distorted):
    """`by`: V for an offset or noise, V/s for a drift. Without cells, all of them."""

    error: str
    by: float

    async def apply(self, front_end: FrontEnd, timers: Timers) -> Actuation:
        return self.put_on(front_end, timers)

    async def clear(self, front_end: FrontEnd) -> None:
        self.take_off(front_end)

    @property
    def stage(self) -> ReadingStage:
        return ReadingStage.HELD if self.error in ("stuck", "frozen") else ReadingStage.SENSOR

    def distortion(self, timers: Timers, number: int) -> Distort:
        match self.error:
            case "offset":
                return offset(self.by)
            case "drift":
                return drifting(timers, self.by)
            case "noise":
                return noisy(self.by, number)
            case _:
                return stuck()

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        return self.next_frame(at, jump=self.by if self.error == "offset" else None)

    def inside(self, at: Terminals) -> Fault | None:  # noqa: ARG002
        """An error that a good DUT has to live with: a tenth of it."""
        if self.error not in ("offset", "noise"):
            return None
        return CellReading(quantity=self.quantity, numbers=self.numbers, error=self.error, by=self.by / 10)


class CellReadingShape(InjectShape):
    error: Literal["offset", "drift", "noise", "stuck", "frozen"]
    cells: Numbers | None = None
    by: Annotated[Volts, Change] | None = None
    rate: Annotated[VoltsPerSecond, Change] | None = None

    MEANS: ClassVar = {
        "error": "how the front end measures wrongly",
        "cells": "the cells, from 1; absent: all, for frozen",
        "by": "how far off the reading is, for offset and noise",
        "rate": "how fast the reading drifts, for drift",
    }

    def resolve(self, at: Terminals) -> CellReading:
        wanted = {"offset": "by", "noise": "by", "drift": "rate"}.get(self.error)
        for key in ("by", "rate"):
            if (getattr(self, key) is not None) != (key == wanted):
                at.tell(
                    "error",
                    f"found '{self.error}'; expected 'by' with offset and noise, 'rate' with drift, else neither",
                )
        if (self.cells is None) != (self.error == "frozen"):
            at.tell(
                "error",
                f"found '{self.error}'; expected cells for all errors but 'frozen', which is of all of them",
            )
        if self.error == "noise" and self.by is not None and self.by < 0:
            at.tell("by", f"found {self.by:g} V; expected more than 0 with noise")
        cells = at.known_cells(self.cells) if self.cells is not None else tuple(range(1, at.cells + 1))
        by = getattr(self, wanted) if wanted is not None else None
        return CellReading(quantity="cell_voltage", numbers=cells, error=self.error, by=by or 0.0)


KIND = Kind(
    name="cell_reading",
    fault_class="measurement",
    variants={
        "cell_reading": "cells read wrongly: offset, noise (V), drift (V/s), stuck; all of them frozen"
    },
    shape=CellReadingShape,
    shows=("cell_voltage",),
    onset="the next frame that carries the reading",
)
