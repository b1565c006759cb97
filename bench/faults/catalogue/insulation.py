"""A resistance from the poles to chassis, in ohm per volt of pack voltage."""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from bench.config.profile import RoleTest
from bench.faults.expression import Expression
from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.faults.shapes import InjectShape, OhmPerVoltOf
from bench.rig import capabilities
from bench.rig.capabilities.insulation import VEHICLE_SIDE, Side

INSIDE_OHM_PER_VOLT = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class InsulationFault(Fault):
    """`ohm_per_volt` times the pack voltage of the moment between each of `poles` and chassis.

    On the vehicle's side it lies behind the contactors, and shows while they are closed.
    """

    poles: tuple[str, ...]
    ohm_per_volt: float
    side: Side = "pack"

    async def apply(self, insulation: capabilities.Insulation) -> Actuation:
        return await insulation.leak(self.poles, self.ohm_per_volt, self.side)

    async def clear(self, insulation: capabilities.Insulation) -> None:
        await insulation.heal(self.poles, self.side)

    def onset(self, at: Terminals) -> tuple[RoleTest, ...]:
        """Pole resistance below the larger of fault threshold and stimulus.

        Taken at the highest pack voltage (all cells at their trip): the stimulus scales with the voltage of
        the moment, and a healthy pole is orders of magnitude above either.
        """
        value = max(at.threshold("iso_fault"), self.ohm_per_volt)
        ohm = value * at.series * at.threshold("ov_trip")
        return tuple(test for pole in self.poles for test in at.shown(f"insulation_{pole}", "<=", ohm))

    @property
    def at_once(self) -> bool:
        return self.side == "pack"

    @property
    def passes(self) -> bool:
        """Behind open contactors a glitch of it would be none."""
        return self.side == "pack"

    def levels(self) -> tuple[tuple[str, float], ...]:
        return (("insulation", self.ohm_per_volt / len(self.poles)),)

    def inside(self, at: Terminals) -> "InsulationFault":
        """The poles in parallel stay above the threshold."""
        return replace(self, ohm_per_volt=len(self.poles) * (at.threshold("iso_fault") + INSIDE_OHM_PER_VOLT))


Pole = Literal["plus", "minus", "both"]


def leak(pole: Pole, resistance: Expression, at: Terminals, side: Side = "pack") -> InsulationFault:
    """The fault for a leak at a pole or both. resistance: ohm per volt of the pack, above 0; else the mistake is
    told at `at`.
    """
    value = at.value(resistance, "resistance")
    if value < 0:
        at.tell("resistance", f"found {value:g} ohm/V; expected a resistance above 0")
    poles = at.of_string(("plus", "minus") if pole == "both" else (pole,))
    return InsulationFault(poles=poles, ohm_per_volt=value, side=side)


class InsulationShape(InjectShape):
    pole: Pole
    resistance: OhmPerVoltOf
    side: Side = "pack"

    MEANS: ClassVar = {
        "pole": "the pole with the leak to chassis, or both",
        "resistance": "resistance to chassis per volt of pack voltage",
        "side": "where the leak is: on the pack's side, or behind the contactors on the vehicle's",
    }

    def resolve(self, at: Terminals) -> InsulationFault:
        return leak(self.pole, self.resistance, at, self.side)

    def needs(self) -> str:
        return "insulation" if self.side == "pack" else VEHICLE_SIDE


KIND = Kind(
    name="insulation",
    fault_class="isolation",
    variants={
        "insulation": "a resistance from one or both poles to chassis (ohm/V)",
        VEHICLE_SIDE: "the same behind the contactors (ohm/V)",
    },
    shape=InsulationShape,
    shows=("insulation_plus", "insulation_minus", "insulation"),
)
