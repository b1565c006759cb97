"""Sensors show a temperature, as an NTC emulator makes them: over, under, or a gradient between neighbours."""

from dataclasses import dataclass, replace
from typing import ClassVar

from bench.faults.port import Carried, Kind, OnsetTest, Terminals
from bench.faults.readings import Reading, forced
from bench.faults.shapes import DegreesOf, InjectShape, Numbers
from bench.rig.capabilities import Distort, ReadingStage, Timers

INSIDE_C = 2.0
ROOM_C = 20.0
ABSOLUTE_ZERO_C = -273.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Temperature(Reading):
    """`limit_c` is the threshold the scenario names, where it names one: what "inside" is measured from."""

    temperature_c: float
    limit_c: float | None
    hot: bool

    @property
    def stage(self) -> ReadingStage:
        return ReadingStage.THERE

    def distortion(self, timers: Timers, number: int) -> Distort:  # noqa: ARG002
        return forced(self.temperature_c)

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        # A quarter of a degree is the resolution of a usual sensor message.
        shown_c = self.temperature_c - 0.25 if self.hot else self.temperature_c + 0.25
        return at.shown("temperature", ">=" if self.hot else "<=", shown_c, self.numbers)

    def carried(self) -> tuple[Carried, ...]:
        return tuple(
            Carried(quantity=self.quantity, number=sensor, value=self.temperature_c)
            for sensor in self.numbers
        )

    def inside(self, at: Terminals) -> "Temperature | None":  # noqa: ARG002
        if self.limit_c is None:
            return None
        return replace(self, temperature_c=self.limit_c - INSIDE_C if self.hot else self.limit_c + INSIDE_C)


class TemperatureShape(InjectShape):
    sensors: Numbers
    temperature: DegreesOf

    MEANS: ClassVar = {
        "sensors": "the sensors, from 1",
        "temperature": "what they show: plain, or relative to a threshold of the pack",
    }

    def resolve(self, at: Terminals) -> Temperature:
        name = self.temperature.name
        temperature_c = at.value(self.temperature, "temperature")
        if temperature_c < ABSOLUTE_ZERO_C:
            at.tell(
                "temperature", f"found {temperature_c:g} degC; expected at least {ABSOLUTE_ZERO_C:g} degC"
            )
        return Temperature(
            quantity="temperature",
            numbers=at.known_sensors(self.sensors),
            temperature_c=temperature_c,
            hot=name.startswith("ot_") if name is not None else temperature_c > ROOM_C,
            limit_c=at.threshold(name) if name is not None and name in at.thresholds else None,
        )


KIND = Kind(
    name="temperature",
    fault_class="thermal",
    variants={"temperature": "sensors show a temperature (degC): over, under, a gradient to the neighbours"},
    shape=TemperatureShape,
    shows=("temperature",),
)
