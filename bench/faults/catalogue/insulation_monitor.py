"""The insulation monitor is silent, outdated, reports a failure, or has lost the chassis."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from bench.faults.port import Kind, OnsetTest, Terminals
from bench.faults.readings import Reading, forced
from bench.faults.shapes import InjectShape
from bench.rig.capabilities import Distort, Timers

_SHOWS = {
    "outdated": ("insulation_status", 1.0),
    "failure": ("insulation_status", 2.0),
    "device_error": ("insulation_error", 1.0),
    "chassis_lost": ("chassis_lost", 1.0),
    "old": ("insulation_age", 20.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class InsulationMonitorFault(Reading):
    """An insulation monitor that reports `says` instead of its reading."""

    says: str

    def distortion(self, timers: Timers, number: int) -> Distort:  # noqa: ARG002
        return forced(_SHOWS[self.says][1])

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        return at.shown(self.quantity, "==", _SHOWS[self.says][1])


class InsulationMonitorShape(InjectShape):
    says: Literal["outdated", "failure", "device_error", "chassis_lost", "old"]

    MEANS: ClassVar = {
        "says": "what the insulation monitor reports in place of its reading",
    }

    def resolve(self, at: Terminals) -> InsulationMonitorFault:  # noqa: ARG002
        return InsulationMonitorFault(quantity=_SHOWS[self.says][0], numbers=(0,), says=self.says)


KIND = Kind(
    name="insulation_monitor",
    fault_class="isolation",
    variants={
        "insulation_monitor": "the monitor says outdated, failure, device error, chassis lost, or an old value"
    },
    shape=InsulationMonitorShape,
    shows=("insulation_status",),
)
