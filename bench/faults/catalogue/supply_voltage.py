"""The controller's supply sags: a brown-out, a cranking profile, a coil supply dip."""

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from pydantic import Field

from bench.config.toml_file import DurationNs, Shape
from bench.faults.port import Actuation, Carried, Fault, Kind, OnsetTest, Terminals
from bench.faults.shapes import InjectShape, Volts
from bench.rig.capabilities import DutSupply


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyVoltage(Fault):
    """Pairs of (ns since the start, V), held from there on. Where it is too low for the coils, contactors drop."""

    profile: tuple[tuple[int, float], ...]

    async def apply(self, supply: DutSupply) -> Actuation:
        return await supply.follow(self.profile)

    async def clear(self, supply: DutSupply) -> None:
        await supply.restore()

    def carried(self) -> tuple[Carried, ...]:
        lowest_v = min(volt for _, volt in self.profile)
        return (Carried(quantity="supply_voltage", value=lowest_v, stays=False),)

    @property
    def whole(self) -> bool:
        """Where it begins with its lowest voltage."""
        return self.profile[0] == (0, min(volt for _, volt in self.profile))

    @property
    def restarts(self) -> bool:
        return True

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        low_v = min(volt for _, volt in self.profile)
        return at.shown("supply_voltage", "<=", low_v + 0.05)


class SupplyPoint(Shape):
    at: DurationNs
    voltage: Volts = Field(ge=0)

    MEANS: ClassVar = {
        "at": "when, since the fault began",
        "voltage": "the voltage from then on",
    }


class SupplyVoltageShape(InjectShape):
    voltage: Volts | None = Field(default=None, ge=0)
    profile: list[SupplyPoint] | None = None

    MEANS: ClassVar = {
        "voltage": "the supply's voltage from now on; in place of profile",
        "profile": "voltages of the supply over time; in place of voltage",
    }

    def resolve(self, at: Terminals) -> SupplyVoltage:
        if (self.voltage is None) == (not self.profile):
            at.tell("", "found both or neither of 'voltage' and 'profile'; expected one of them")
            return SupplyVoltage(profile=((0, 12.0),))
        if self.voltage is not None:
            return SupplyVoltage(profile=((0, self.voltage),))
        points = tuple((point.at, point.voltage) for point in self.profile or ())
        if any(after <= before for (before, _), (after, _) in pairwise(points)):
            at.tell("profile", "found points that do not follow each other in time; expected ascending 'at'")
        return SupplyVoltage(profile=points)


KIND = Kind(
    name="supply_voltage",
    fault_class="supply",
    variants={"supply_voltage": "clamp 30 at a voltage, or along a profile (ms, V); coils drop below 6 V"},
    shape=SupplyVoltageShape,
    shows=("supply_voltage",),
    onset="the first frame at the lowest voltage",
)
