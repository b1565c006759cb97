"""The controller is reset while it works: a glitch on its reset line, a supply that has blinked."""

from dataclasses import dataclass
from typing import ClassVar

from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.faults.shapes import InjectShape
from bench.rig.capabilities import DutReset


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerReset(Fault):
    """Over as soon as it is done: what the DUT makes of it is the answer."""

    unshown: ClassVar[str] = "it is over as soon as it is done: the DUT starts again"

    async def apply(self, dut: DutReset) -> Actuation:
        return await dut.reset()

    async def clear(self) -> None:
        """Nothing is left of it."""

    @property
    def restarts(self) -> bool:
        return True

    @property
    def passes(self) -> bool:
        return False

    def silences(self, channel: str) -> bool:  # noqa: ARG002
        """It says nothing anywhere while it starts again."""
        return True


class ControllerResetShape(InjectShape):
    def resolve(self, at: Terminals) -> ControllerReset:  # noqa: ARG002
        return ControllerReset()


KIND = Kind(
    name="controller_reset",
    fault_class="supply",
    variants={"controller_reset": "the controller is reset: reset line, [dut.reset], or UDS 0x11"},
    shape=ControllerResetShape,
    onset="its actuation: nothing shows it at once",
)
