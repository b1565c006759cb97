"""The vehicle or the charger drives a current through the pack, whatever limit it is told."""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from bench.faults.port import Actuation, Fault, Kind, OnsetTest, Terminals, current_levels
from bench.faults.shapes import AmperesOf, InjectShape
from bench.rig.capabilities import PackCurrent


@dataclass(frozen=True, slots=True, kw_only=True)
class Current(Fault):
    """`current_a` > 0 discharges. `limit_a` is the threshold the scenario names: what "inside" is measured from."""

    current_a: float
    limit_a: float | None

    async def apply(self, current: PackCurrent) -> Actuation:
        return await current.carry(self.current_a)

    async def clear(self, current: PackCurrent) -> None:
        await current.stop_load()
        await current.stop_charge()

    @property
    def whole(self) -> bool:
        return True

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        return at.shown("pack_current", ">=" if self.current_a > 0 else "<=", 0.99 * self.current_a)

    def levels(self) -> tuple[tuple[str, float], ...]:
        return current_levels(self.current_a)

    def inside(self, at: Terminals) -> "Current | None":  # noqa: ARG002
        if self.limit_a is None:
            return None
        inside_a = 0.98 * self.limit_a
        return replace(self, current_a=inside_a if self.current_a > 0 else -inside_a)


class CurrentShape(InjectShape):
    direction: Literal["charge", "discharge"]
    current: AmperesOf

    MEANS: ClassVar = {
        "direction": "whether the pack is charged or discharged",
        "current": "the size of the current, above 0: plain, or relative to a threshold",
    }

    def resolve(self, at: Terminals) -> Current:
        value = at.value(self.current, "current")
        if value <= 0:
            at.tell("current", f"found {value:g} A; expected more than 0, with a direction")
        name = self.current.name
        return Current(
            current_a=value if self.direction == "discharge" else -value,
            limit_a=at.threshold(name) if name is not None and name in at.thresholds else None,
        )


KIND = Kind(
    name="current",
    fault_class="current",
    variants={"pack_current": "a current in charge or discharge (A), whatever the limit"},
    shape=CurrentShape,
    shows=("pack_current",),
)
