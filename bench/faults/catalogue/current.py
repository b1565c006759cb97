"""The vehicle or the charger drives a current through the pack, whatever limit it is told."""

from dataclasses import dataclass, replace
from typing import Literal

from bench.errors import InstrumentError
from bench.faults.port import Actuation, Fault, Kind, OnsetTest, Terminals, current_levels
from bench.faults.shapes import AmperesOf, InjectShape
from bench.rig.rig import PLANT_PERIOD_NS, Rig


@dataclass(frozen=True, slots=True, kw_only=True)
class Current(Fault):
    """`current_a` > 0 discharges. `limit_a` is the threshold the scenario names: what "inside" is measured from."""

    current_a: float
    limit_a: float | None

    async def apply(self, rig: Rig) -> Actuation:
        now_ns, vehicle = rig.clock.now_ns(), rig.vehicle
        vehicle.charger_ignores_limit = True
        self._set(rig, self.current_a)
        await rig.clock.sleep_until(now_ns + 2 * PLANT_PERIOD_NS)
        seen_a = rig.pack.pack_current_a
        if abs(seen_a - self.current_a) > 0.02 * abs(self.current_a):
            raise InstrumentError(f"current: asked for {self.current_a:g} A, the pack carries {seen_a:.1f} A")
        return Actuation(low_ns=now_ns, high_ns=rig.clock.now_ns(), readback=f"{seen_a:.2f} A")

    async def clear(self, rig: Rig) -> None:
        self._set(rig, 0.0)
        rig.vehicle.charger_ignores_limit = False

    def _set(self, rig: Rig, current_a: float) -> None:
        rig.vehicle.load_a, rig.vehicle.charge_a = max(0.0, current_a), max(0.0, -current_a)

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
