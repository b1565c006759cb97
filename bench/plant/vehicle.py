"""A small battery car as its pack feels it: a speed schedule becomes power at the terminals, by road load."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

GRAVITY_M_S2 = 9.81
AIR_KG_M3 = 1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """Road load F = m a (1 + rotating) + m g Crr + 0.5 rho CdA v^2, on the level.

    Defaults: parameters of the 2016 Chevrolet Spark EV (21 kWh) in NREL's FASTSim vehicle list: Cd 0.33, frontal area
    2.357 m^2, Crr 0.007, drivetrain 0.98 x motor 0.86, 0.25 kW of auxiliaries. Mass: its curb mass of about 1300 kg
    plus 136 kg cargo, rotating mass 4 % (engineering estimates). Recuperation: 60 % of the braking power reaches
    the motor, the rest goes to the friction brakes, and none below 10 km/h (engineering estimates).
    """

    mass_kg: float = 1436.0
    rotating_share: float = 0.04
    drag_area_m2: float = 0.33 * 2.357
    rolling: float = 0.007
    drive_efficiency: float = 0.98 * 0.86
    auxiliaries_w: float = 250.0
    recuperated_share: float = 0.6
    recuperates_above_m_s: float = 10.0 / 3.6
    # The pack it is compared with: 96 cells of 50 Ah at 3.72 V. A pack of other capacity sees the same C-rates.
    pack_voltage_v: float = 357.0
    pack_capacity_ah: float = 50.0

    def battery_power_w(self, speed_m_s: float, acceleration_m_s2: float) -> float:
        """At the pack's terminals; negative while braking."""
        force_n = self.mass_kg * (1.0 + self.rotating_share) * acceleration_m_s2
        force_n += 0.5 * AIR_KG_M3 * self.drag_area_m2 * speed_m_s * speed_m_s
        if speed_m_s > 0.0:
            force_n += self.mass_kg * GRAVITY_M_S2 * self.rolling
        wheel_w = force_n * speed_m_s
        if wheel_w >= 0.0:
            return wheel_w / self.drive_efficiency + self.auxiliaries_w
        share = self.recuperated_share if speed_m_s > self.recuperates_above_m_s else 0.0
        return wheel_w * share * self.drive_efficiency + self.auxiliaries_w

    def powers_w(self, times_s: Sequence[float], speeds_m_s: Sequence[float]) -> list[float]:
        """Mean power over each stretch between two samples, at the stretch's mean speed and constant acceleration."""
        return [
            self.battery_power_w((v0 + v1) / 2.0, (v1 - v0) / (t1 - t0))
            for (t0, t1), (v0, v1) in zip(pairwise(times_s), pairwise(speeds_m_s))
        ]

    def current_a(self, power_w: float, capacity_ah: float) -> float:
        """What a pack of `capacity_ah` carries: the C-rate is that of the car's own pack at its nominal voltage."""
        return power_w / self.pack_voltage_v * capacity_ah / self.pack_capacity_ah
