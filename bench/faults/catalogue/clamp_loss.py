"""Clamp 15 is lost while driving: a connector, a relay."""

from dataclasses import dataclass

from bench.faults.port import Kind, OnsetTest, Terminals
from bench.faults.readings import Reading, forced
from bench.faults.shapes import InjectShape
from bench.rig.capabilities import Distort, ReadingStage, Timers


@dataclass(frozen=True, slots=True, kw_only=True)
class ClampLoss(Reading):
    """The supply of the DUT's clamp is shown as 0 V."""

    @property
    def stage(self) -> ReadingStage:
        return ReadingStage.THERE

    def distortion(self, timers: Timers, number: int) -> Distort:  # noqa: ARG002
        return forced(0.0)

    @property
    def restarts(self) -> bool:
        return True

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        return at.shown("ignition", "==", 0.0)


class ClampLossShape(InjectShape):
    def resolve(self, at: Terminals) -> ClampLoss:  # noqa: ARG002
        return ClampLoss(quantity="ignition", numbers=(0,))


KIND = Kind(
    name="clamp_loss",
    fault_class="supply",
    variants={"clamp_loss": "clamp 15 off"},
    shape=ClampLossShape,
    shows=("ignition",),
)
