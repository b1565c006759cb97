"""The pack current sensor: offset, stuck, wrong sign, error bits, or current shown where none can flow."""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from bench.config.toml_file import Amperes
from bench.faults.port import Actuation, Carried, Kind, OnsetTest, Terminals
from bench.faults.readings import Reading, forced, offset, scaled, stuck
from bench.faults.shapes import InjectShape
from bench.rig.capabilities import Distort, ReadingStage, Sensors, Timers

_BITS = {"error_bit": "current_error", "overrange": "current_overrange", "mismatch": "current_mismatch"}
_STAGES = {"offset": ReadingStage.SENSOR, "wrong_sign": ReadingStage.SENSOR, "stuck": ReadingStage.HELD}


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentReadingFault(Reading):
    """`by`: A for an offset and a forced value. `both`: the redundant channel goes wrong alike."""

    error: str
    by: float
    both: bool

    @property
    def stage(self) -> ReadingStage:
        return _STAGES.get(self.error, ReadingStage.SHOWN)

    def distortion(self, timers: Timers, number: int) -> Distort:  # noqa: ARG002
        match self.error:
            case "offset":
                return offset(self.by)
            case "value":
                return forced(self.by)
            case "wrong_sign":
                return scaled(-1.0)
            case "stuck":
                return stuck()
            case _:
                return forced(1.0)

    async def apply(self, sensors: Sensors, timers: Timers) -> Actuation:
        if self.both:
            change = self.distortion(timers, 0)
            sensors.distort.put("pack_current_redundant", 0, change, by=self, stage=self.stage)
        return self.put_on(sensors, timers)

    async def clear(self, sensors: Sensors) -> None:
        sensors.distort.take("pack_current_redundant", 0, by=self)
        self.take_off(sensors)

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        if self.error in _BITS:
            return at.shown(self.quantity, "==", 1.0)
        if self.error == "value":
            return at.shown(self.quantity, ">=" if self.by > 0 else "<=", self.by * 0.99)
        return self.next_frame(at)

    def carried(self) -> tuple[Carried, ...]:
        return (Carried(quantity=self.quantity, value=self.by),) if self.error == "value" else ()

    def inside(self, at: Terminals) -> "CurrentReadingFault | None":  # noqa: ARG002
        return replace(self, by=self.by / 10) if self.error in ("offset", "value") else None


class CurrentReadingShape(InjectShape):
    error: Literal["offset", "value", "stuck", "wrong_sign", "error_bit", "overrange", "mismatch"]
    by: Amperes | None = None
    both_channels: bool = False

    MEANS: ClassVar = {
        "error": "how the current sensor is wrong",
        "by": "the offset or the forced value, for offset and value",
        "both_channels": "true: the redundant channel is wrong in the same way",
    }

    def resolve(self, at: Terminals) -> CurrentReadingFault:
        if (self.by is not None) != (self.error in ("offset", "value")):
            at.tell("error", f"found '{self.error}'; expected 'by' with an offset or a value, and only there")
        if self.error == "offset" and self.by == 0:
            at.tell("by", "found 0 A, which changes nothing; expected another value")
        return CurrentReadingFault(
            quantity=_BITS.get(self.error, "pack_current"),
            numbers=(0,),
            error=self.error,
            by=self.by or 0.0,
            both=self.both_channels,
        )


KIND = Kind(
    name="current_reading",
    fault_class="measurement",
    variants={"current_reading": "current sensor: offset or forced value (A), stuck, wrong sign, error bits"},
    shape=CurrentReadingShape,
    shows=("pack_current",),
    onset="the first frame that shows it; for a stuck value the next one",
)
