"""The controller's tasks stand still for a while, as in an endless loop: its watchdog has to bite."""

from dataclasses import dataclass, replace
from typing import ClassVar

from pydantic import Field

from bench.config.toml_file import DurationNs
from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.faults.shapes import InjectShape
from bench.rig.capabilities import DutProgram

INSIDE_TASKS = 3  # a task that overruns so often is late, but not gone: no watchdog is as short as that


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerHang(Fault):
    """Outputs stay as they are, nothing is heard or said, for `stall_ns`; then the tasks run on."""

    stall_ns: int

    unshown: ClassVar[str] = "the DUT's own program stands still"

    async def apply(self, program: DutProgram) -> Actuation:
        return await program.stall(self.stall_ns)

    async def clear(self, program: DutProgram) -> None:
        await program.go_on()

    def inside(self, at: Terminals) -> "ControllerHang":
        """A base task that comes late."""
        return replace(self, stall_ns=INSIDE_TASKS * at.profile.base_period_ns)

    @property
    def restarts(self) -> bool:
        return True

    @property
    def passes(self) -> bool:
        return False

    def silences(self, channel: str) -> bool:  # noqa: ARG002
        """A dead task sends nowhere."""
        return True


class ControllerHangShape(InjectShape):
    stall: DurationNs = Field(gt=0)

    MEANS: ClassVar = {
        "stall": "how long the DUT's tasks stand still",
    }

    def resolve(self, at: Terminals) -> ControllerHang:  # noqa: ARG002
        return ControllerHang(stall_ns=self.stall)


KIND = Kind(
    name="controller_hang",
    fault_class="supply",
    variants={
        "controller_hang": "the controller's tasks stand still (ms), SIGSTOP to a process; its watchdog must bite"
    },
    shape=ControllerHangShape,
    onset="its actuation: nothing shows it at once",
)
