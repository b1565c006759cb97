"""Overcharge with the charge control disabled: the charger disregards the limit it is told."""

from dataclasses import dataclass
from typing import ClassVar

from bench.config.profile import RoleTest
from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.faults.shapes import AmperesOf, InjectShape
from bench.rig.capabilities import PackCurrent


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargerIgnoresLimit(Fault):
    """The charger drives `current_a` into the pack whatever limit it is told."""

    current_a: float

    async def apply(self, current: PackCurrent) -> Actuation:
        return await current.charge(self.current_a)

    async def clear(self, current: PackCurrent) -> None:
        await current.stop_charge()

    def onset(self, at: Terminals) -> tuple[RoleTest, ...]:
        """Whichever cell climbs across the trip first."""
        return at.shown("cell_voltage", ">=", at.threshold("ov_trip"), range(1, at.cells + 1))

    @property
    def passes(self) -> bool:
        return False


class ChargerShape(InjectShape):
    current: AmperesOf

    MEANS: ClassVar = {
        "current": "the current that the charger drives, whatever the DUT allows",
    }

    def resolve(self, at: Terminals) -> ChargerIgnoresLimit:
        value = at.value(self.current, "current")
        if value <= 0:
            at.tell("current", f"found {value:g} A; expected more than 0")
        return ChargerIgnoresLimit(current_a=value)


KIND = Kind(
    name="charger_ignores_limit",
    fault_class="cells",
    variants={"charger_override": "the charger drives its own current (A), charge control disabled"},
    shape=ChargerShape,
    shows=("cell_voltage",),
    onset="the first frame with a cell above the trip",
)
