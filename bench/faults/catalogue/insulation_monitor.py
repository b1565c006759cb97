"""The insulation monitor is silent, outdated, reports a failure, or has lost the chassis."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from bench.faults.port import Kind, OnsetTest, Terminals
from bench.faults.readings import Distort, Reading, forced
from bench.rig.rig import Rig

if TYPE_CHECKING:
    from bench.faults.shapes import InjectShape


_SHOWS = {
    "outdated": ("insulation_status", 1.0),
    "failure": ("insulation_status", 2.0),
    "device_error": ("insulation_error", 1.0),
    "chassis_lost": ("chassis_lost", 1.0),
    "old": ("insulation_age", 20.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class InsulationMonitor(Reading):
    says: str

    def distortion(self, rig: Rig, number: int) -> Distort:  # noqa: ARG002
        return forced(_SHOWS[self.says][1])

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        return at.shown(self.quantity, "==", _SHOWS[self.says][1])


def _shape() -> "type[InjectShape]":
    from bench.faults.shapes import InjectShape

    class InsulationMonitorShape(InjectShape):
        says: Literal["outdated", "failure", "device_error", "chassis_lost", "old"]

    return InsulationMonitorShape


def _resolve(shape: Any, at: Terminals) -> InsulationMonitor:  # noqa: ARG001
    return InsulationMonitor(quantity=_SHOWS[shape.says][0], numbers=(0,), says=shape.says)


KIND = Kind(
    name="insulation_monitor",
    fault_class="isolation",
    variants={
        "insulation_monitor": "the monitor says outdated, failure, device error, chassis lost, or an old value"
    },
    shape=_shape,
    resolve=_resolve,
    shows=("insulation_status",),
)
