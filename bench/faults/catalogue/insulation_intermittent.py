"""A pole that leaks to chassis off and on: a chafed cable, water that sloshes."""

from dataclasses import dataclass, replace

from pydantic import Field

from bench.config.toml_file import DurationNs
from bench.faults.catalogue.insulation import Insulation, Pole, leak
from bench.faults.port import Actuation, Fault, Kind, OnsetTest, Terminals
from bench.faults.shapes import InjectShape, OhmPerVoltOf
from bench.plant.isolation import HEALTHY_OHM
from bench.rig.rig import Rig
from bench.timing.clock import Phase


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


class InsulationIntermittentShape(InjectShape):
    pole: Pole
    resistance: OhmPerVoltOf
    on: DurationNs = Field(gt=0)
    off: DurationNs = Field(gt=0)

    def resolve(self, at: Terminals) -> InsulationIntermittent:
        found = leak(self.pole, self.resistance, at)
        return InsulationIntermittent(leak=found, on_ns=self.on, off_ns=self.off)


KIND = Kind(
    name="insulation_intermittent",
    fault_class="isolation",
    variants={"insulation": "a pole that leaks to chassis off and on (ohm/V, ms)"},
    shape=InsulationIntermittentShape,
    shows=("insulation_plus", "insulation_minus", "insulation"),
)
