"""Over-discharge: the load takes its current from the pack, however empty that is."""

from dataclasses import dataclass
from typing import ClassVar

from bench.config.profile import RoleTest
from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.faults.shapes import AmperesOf, InjectShape
from bench.rig.capabilities import PackCurrent


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadIgnoresLimit(Fault):
    """The load draws `current_a` whatever limit it is told."""

    current_a: float

    async def apply(self, current: PackCurrent) -> Actuation:
        return await current.draw(self.current_a)

    async def clear(self, current: PackCurrent) -> None:
        await current.stop_load()

    def onset(self, at: Terminals) -> tuple[RoleTest, ...]:
        """Whichever cell falls across the trip first."""
        return at.shown("cell_voltage", "<=", at.threshold("uv_trip"), range(1, at.cells + 1))

    @property
    def passes(self) -> bool:
        return False


class LoadShape(InjectShape):
    current: AmperesOf

    MEANS: ClassVar = {
        "current": "the current that the load draws, whatever the DUT allows",
    }

    def resolve(self, at: Terminals) -> LoadIgnoresLimit:
        value = at.value(self.current, "current")
        if value <= 0:
            at.tell("current", f"found {value:g} A; expected more than 0")
        return LoadIgnoresLimit(current_a=value)


KIND = Kind(
    name="load_ignores_limit",
    fault_class="cells",
    variants={"load_override": "the load draws its own current (A), whatever is left"},
    shape=LoadShape,
    shows=("cell_voltage",),
    onset="the first frame with a cell below the trip",
)
