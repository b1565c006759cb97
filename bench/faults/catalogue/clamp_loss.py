"""Clamp 15 is lost while driving: a connector, a relay."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.faults.port import Kind, OnsetTest, Terminals
from bench.faults.readings import Distort, Reading, forced
from bench.rig.rig import Rig

if TYPE_CHECKING:
    from bench.faults.shapes import InjectShape


@dataclass(frozen=True, slots=True, kw_only=True)
class ClampLoss(Reading):
    def distortion(self, rig: Rig, number: int) -> Distort:  # noqa: ARG002
        return forced(0.0)

    @property
    def restarts(self) -> bool:
        return True

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        return at.shown("ignition", "==", 0.0)


def _shape() -> "type[InjectShape]":
    from bench.faults.shapes import InjectShape

    return InjectShape


def _resolve(shape: Any, at: Terminals) -> ClampLoss:  # noqa: ARG001
    return ClampLoss(quantity="ignition", numbers=(0,))


KIND = Kind(
    name="clamp_loss",
    fault_class="supply",
    variants={"clamp_loss": "clamp 15 off"},
    shape=_shape,
    resolve=_resolve,
    shows=("ignition",),
)
