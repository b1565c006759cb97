"""An NTC that is open, shorted, stuck, drifting or off."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from bench.faults.port import Carried, Kind, OnsetTest, Terminals
from bench.faults.readings import Reading, drifting, forced, offset, stuck
from bench.faults.shapes import Change, Degrees, DegreesPerSecond, InjectShape, Numbers
from bench.rig.capabilities import Distort, ReadingStage, Timers

# What a divider shows at its ends: an open NTC as the coldest, a shorted one as the hottest value there is.
OPEN_C = -60.0
SHORT_C = 195.5

_STAGES = {"offset": ReadingStage.SENSOR, "drift": ReadingStage.SENSOR, "stuck": ReadingStage.HELD}


@dataclass(frozen=True, slots=True, kw_only=True)
class TemperatureReading(Reading):
    """`by`: degC for an offset, degC/s for a drift."""

    error: str
    by: float

    @property
    def stage(self) -> ReadingStage:
        return _STAGES.get(self.error, ReadingStage.SHOWN)

    def distortion(self, timers: Timers, number: int) -> Distort:  # noqa: ARG002
        match self.error:
            case "open":
                return forced(OPEN_C)
            case "short":
                return forced(SHORT_C)
            case "lost":
                return forced(None)
            case "offset":
                return offset(self.by)
            case "drift":
                return drifting(timers, self.by)
            case _:
                return stuck()

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        if self.error == "open":
            return at.shown("temperature", "<=", OPEN_C + 0.25, self.numbers)
        if self.error == "short":
            return at.shown("temperature", ">=", SHORT_C - 0.25, self.numbers)
        return self.next_frame(at)

    def carried(self) -> tuple[Carried, ...]:
        shown_c = {"open": OPEN_C, "short": SHORT_C}.get(self.error)
        if shown_c is None:
            return ()
        return tuple(Carried(quantity=self.quantity, number=one, value=shown_c) for one in self.numbers)

    def inside(self, at: Terminals) -> "TemperatureReading | None":  # noqa: ARG002
        """A bridge that is a little off: a tenth of the offset, which a gradient in the pack reaches too."""
        if self.error != "offset":
            return None
        return TemperatureReading(
            quantity=self.quantity, numbers=self.numbers, error=self.error, by=self.by / 10
        )


class TemperatureReadingShape(InjectShape):
    error: Literal["open", "short", "lost", "stuck", "offset", "drift"]
    sensors: Numbers
    by: Annotated[Degrees, Change] | None = None
    rate: Annotated[DegreesPerSecond, Change] | None = None

    MEANS: ClassVar = {
        "error": "how the sensors are wrong",
        "sensors": "the sensors, from 1",
        "by": "how far off the reading is, for offset",
        "rate": "how fast the reading drifts, for drift",
    }

    def resolve(self, at: Terminals) -> TemperatureReading:
        wanted = {"offset": "by", "drift": "rate"}.get(self.error)
        for key in ("by", "rate"):
            if (getattr(self, key) is not None) != (key == wanted):
                at.tell(
                    "error",
                    f"found '{self.error}'; expected 'by' with an offset, 'rate' with a drift, else neither",
                )
        by = getattr(self, wanted) if wanted is not None else None
        return TemperatureReading(
            quantity="temperature", numbers=at.known_sensors(self.sensors), error=self.error, by=by or 0.0
        )


KIND = Kind(
    name="temperature_reading",
    fault_class="measurement",
    variants={"temperature_reading": "NTC open, short, lost, stuck, offset (degC), drift (degC/s)"},
    shape=TemperatureReadingShape,
    shows=("temperature",),
    onset="the first frame that shows it; for a drift or a stuck value the next one",
)
