"""Overcharge with the charge control disabled: the charger disregards the limit it is told."""

from dataclasses import dataclass

from pydantic import Field

from bench.config.profile import RoleTest
from bench.config.toml_file import Amperes
from bench.errors import InstrumentError
from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.faults.shapes import InjectShape
from bench.rig.rig import Rig
from bench.units import NS_PER_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargerIgnoresLimit(Fault):
    """The charger drives `current_a` into the pack whatever limit it is told."""

    current_a: float

    async def apply(self, rig: Rig) -> Actuation:
        now_ns = rig.clock.now_ns()
        rig.vehicle.charger_ignores_limit = True
        rig.vehicle.charge_a = self.current_a
        while rig.pack.pack_current_a > -0.9 * self.current_a:
            if rig.clock.now_ns() - now_ns > 500 * NS_PER_MS:
                raise InstrumentError(
                    f"charger: asked for {self.current_a:g} A, the pack takes {-rig.pack.pack_current_a:.1f} A"
                )
            await rig.clock.sleep_until(rig.clock.now_ns() + 10 * NS_PER_MS)
        return Actuation(
            low_ns=now_ns,
            high_ns=rig.clock.now_ns(),
            readback=f"{-rig.pack.pack_current_a:.1f} A into the pack",
        )

    async def clear(self, rig: Rig) -> None:
        rig.vehicle.charge_a = 0.0
        rig.vehicle.charger_ignores_limit = False

    def onset(self, at: Terminals) -> tuple[RoleTest, ...]:
        """Whichever cell climbs across the trip first."""
        return at.shown("cell_voltage", ">=", at.threshold("ov_trip"), range(1, at.cells + 1))

    @property
    def passes(self) -> bool:
        return False


class ChargerShape(InjectShape):
    current: Amperes = Field(gt=0)

    def resolve(self, at: Terminals) -> ChargerIgnoresLimit:  # noqa: ARG002
        return ChargerIgnoresLimit(current_a=self.current)


KIND = Kind(
    name="charger_ignores_limit",
    fault_class="cells",
    variants={"charger_override": "the charger drives its own current (A), charge control disabled"},
    shape=ChargerShape,
    shows=("cell_voltage",),
    onset="the first frame with a cell above the trip",
)
