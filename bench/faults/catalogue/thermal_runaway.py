"""The signature of a cell in thermal runaway as GB 38031-2025 C.5.3.7 has it, whole or in part."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from bench.config.toml_file import DurationNs
from bench.faults.port import Actuation, Carried, Fault, Kind, OnsetTest, Terminals
from bench.faults.shapes import AboveAbsoluteZero, Degrees, DegreesPerSecond, InjectShape, Percent
from bench.rig.capabilities import CellVoltages, ReadingStage, Sensors, Timers
from bench.units import NS_PER_S

HOTTEST_C = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ThermalRunaway(Fault):
    """(a) voltage drop of a cell by a share of its value, (b) temperature up to `peak_c`, (c) rising by `rise_c_s`.

    Each may be left out, which makes the incomplete twins. Without `rise_c_s` the temperature stands at `peak_c`.
    """

    cell: int
    sensor: int
    drop: float | None
    rise_c_s: float | None
    peak_c: float | None
    rises_for_ns: int | None

    async def apply(self, sensors: Sensors, cells: CellVoltages, timers: Timers) -> Actuation:
        start_ns = timers.now_ns()
        start_c = sensors.true("temperature", self.sensor - 1) or 0.0

        def shown(true: float | None) -> float | None:
            if self.rise_c_s is None:
                return true if self.peak_c is None else self.peak_c
            elapsed_ns = timers.now_ns() - start_ns
            if self.rises_for_ns is not None:
                elapsed_ns = min(elapsed_ns, self.rises_for_ns)
            return min(start_c + self.rise_c_s * elapsed_ns / NS_PER_S, self.peak_c or HOTTEST_C)

        sensors.distort.put("temperature", self.sensor - 1, shown, by=self, stage=ReadingStage.THERE)
        if self.drop is not None:
            return await cells.force((self.cell,), cells.plant_v(self.cell) * (1 - self.drop))
        return Actuation(low_ns=start_ns, high_ns=timers.now_ns(), readback=f"sensor {self.sensor}")

    async def clear(self, sensors: Sensors, cells: CellVoltages) -> None:
        sensors.distort.take("temperature", self.sensor - 1, by=self)
        if self.drop is not None:
            await cells.release((self.cell,))

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        """The signature begins with the first frame of the sensor that is on its way up."""
        return at.next_of("temperature", (self.sensor,))

    def carried(self) -> tuple[Carried, ...]:
        if self.rise_c_s is None and self.peak_c is None:
            return ()
        return (
            Carried(
                quantity="temperature",
                number=self.sensor,
                value=HOTTEST_C if self.peak_c is None else self.peak_c,
                on_the_way=self.rise_c_s is not None,
                stays=False,
            ),
        )

    @property
    def passes(self) -> bool:
        return False


class ThermalRunawayShape(InjectShape):
    cell: int = Field(ge=1)
    sensor: int = Field(ge=1)
    drop: Percent | None = Field(default=None, gt=0, le=100)
    rise: DegreesPerSecond | None = Field(default=None, gt=0)
    peak: Annotated[Degrees, AboveAbsoluteZero] | None = None
    rises_for: DurationNs | None = Field(default=None, gt=0)

    MEANS: ClassVar = {
        "cell": "the cell whose voltage drops, from 1",
        "sensor": "the sensor that rises, from 1",
        "drop": "share of its voltage by which the cell drops; absent: it does not",
        "rise": "how fast the sensor's temperature rises; absent: it stands at peak",
        "peak": "the temperature that the sensor does not pass; alone: where it stands",
        "rises_for": "how long the temperature rises",
    }

    def resolve(self, at: Terminals) -> ThermalRunaway:
        if self.drop is None and self.rise is None and self.peak is None:
            at.tell("", "found neither 'drop' nor 'rise' nor 'peak'; expected at least one of them")
        at.known_cells((self.cell,), "cell")
        at.known_sensors((self.sensor,), "sensor")
        return ThermalRunaway(
            cell=self.cell,
            sensor=self.sensor,
            drop=None if self.drop is None else self.drop / 100,
            rise_c_s=self.rise,
            peak_c=self.peak,
            rises_for_ns=self.rises_for,
        )


KIND = Kind(
    name="thermal_runaway",
    fault_class="thermal",
    variants={
        "thermal_runaway": "voltage drop (%), rise (degC/s) and peak (degC) of one cell, each may be left out"
    },
    shape=ThermalRunawayShape,
    shows=("temperature",),
    onset="the next frame of the sensor",
)
