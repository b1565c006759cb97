"""A pole that leaks to chassis off and on: a chafed cable, water that sloshes."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from bench.faults.catalogue.insulation import Insulation, resolve_leak
from bench.faults.port import Actuation, Fault, Kind, OnsetTest, Terminals
from bench.plant.isolation import HEALTHY_OHM
from bench.rig.rig import Rig
from bench.timing.clock import Phase

if TYPE_CHECKING:
    from bench.faults.shapes import InjectShape


@dataclass(frozen=True, slots=True, kw_only=True)
class InsulationIntermittent(Fault):
    """`leak` is there for `on_ns`, gone for `off_ns`, and so on until it is cleared."""

    leak: Insulation
    on_ns: int
    off_ns: int

    async def apply(self, rig: Rig) -> Actuation:
        actuation = await self.leak.apply(rig)
        r_iso_ohm = self.leak.ohm_per_volt * rig.pack.pack_voltage_v
        start_ns = rig.clock.now_ns()
        isolation = rig.pack.isolation

        def put(ohm: float) -> None:
            for pole in self.leak.poles:
                setattr(isolation, f"{pole}_ohm", ohm)

        cycle_ns = self.on_ns + self.off_ns
        every, phase = rig.clock.every, Phase.PLANT
        timers = rig.fault_timers.setdefault(self.name, [])
        timers.append(every(cycle_ns, phase, lambda: put(HEALTHY_OHM), first_ns=start_ns + self.on_ns))
        timers.append(every(cycle_ns, phase, lambda: put(r_iso_ohm), first_ns=start_ns + cycle_ns))
        return actuation

    @property
    def name(self) -> str:
        return f"insulation_intermittent {self.leak.poles}"

    async def clear(self, rig: Rig) -> None:
        for timer in rig.fault_timers.pop(self.name, []):
            timer.cancel()
        await self.leak.clear(rig)

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        return self.leak.onset(at)

    def inside(self, at: Terminals) -> "InsulationIntermittent":
        return replace(self, leak=self.leak.inside(at))

    @property
    def whole(self) -> bool:
        return True

    @property
    def passes(self) -> bool:
        return False


def _shape() -> "type[InjectShape]":
    from pydantic import Field

    from bench.config.toml_file import DurationNs
    from bench.faults.shapes import InjectShape, OhmPerVoltOf

    class InsulationIntermittentShape(InjectShape):
        pole: Literal["plus", "minus", "both"]
        resistance: OhmPerVoltOf
        on: DurationNs = Field(gt=0)
        off: DurationNs = Field(gt=0)

    return InsulationIntermittentShape


def _resolve(shape: Any, at: Terminals) -> InsulationIntermittent:
    return InsulationIntermittent(leak=resolve_leak(shape, at), on_ns=shape.on, off_ns=shape.off)


KIND = Kind(
    name="insulation_intermittent",
    fault_class="isolation",
    variants={"insulation": "a pole that leaks to chassis off and on (ohm/V, ms)"},
    shape=_shape,
    resolve=_resolve,
    shows=("insulation_plus", "insulation_minus", "insulation"),
)
