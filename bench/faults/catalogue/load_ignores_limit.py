"""Over-discharge: the load takes its current from the pack, however empty that is."""

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
class LoadIgnoresLimit(Fault):
    """The load draws `current_a` whatever limit it is told."""

    current_a: float

    async def apply(self, rig: Rig) -> Actuation:
        now_ns = rig.clock.now_ns()
        rig.vehicle.load_a = self.current_a
        while rig.pack.pack_current_a < 0.9 * self.current_a:
            if rig.clock.now_ns() - now_ns > 500 * NS_PER_MS:
                raise InstrumentError(
                    f"load: asked for {self.current_a:g} A, the pack gives {rig.pack.pack_current_a:.1f} A"
                )
            await rig.clock.sleep_until(rig.clock.now_ns() + 10 * NS_PER_MS)
        return Actuation(
            low_ns=now_ns,
            high_ns=rig.clock.now_ns(),
            readback=f"{rig.pack.pack_current_a:.1f} A out of the pack",
        )

    async def clear(self, rig: Rig) -> None:
        rig.vehicle.load_a = 0.0

    def onset(self, at: Terminals) -> tuple[RoleTest, ...]:
        """Whichever cell falls across the trip first."""
        return at.shown("cell_voltage", "<=", at.threshold("uv_trip"), range(1, at.cells + 1))

    @property
    def passes(self) -> bool:
        return False


class LoadShape(InjectShape):
    current: Amperes = Field(gt=0)

    def resolve(self, at: Terminals) -> LoadIgnoresLimit:  # noqa: ARG002
        return LoadIgnoresLimit(current_a=self.current)


KIND = Kind(
    name="load_ignores_limit",
    fault_class="cells",
    variants={"load_override": "the load draws its own current (A), whatever is left"},
    shape=LoadShape,
    shows=("cell_voltage",),
    onset="the first frame with a cell below the trip",
)
