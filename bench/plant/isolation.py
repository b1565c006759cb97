"""Insulation of the high-voltage poles against the chassis: a resistance and a Y-capacitor per pole."""

import math
from dataclasses import dataclass

HEALTHY_OHM = 5e6
Y_CAPACITANCE_F = 200e-9  # per pole; typical for a vehicle, an engineering estimate


@dataclass(slots=True, kw_only=True)
class Isolation:
    """Resistance (ohm) and Y-capacitance (F) of each pole to chassis. Set any of them to inject a fault.

    `plus_to_chassis_v` settles after a change with the time constant of both resistances and both capacitors: an
    insulation monitor cannot know sooner.
    """

    plus_ohm: float = HEALTHY_OHM
    minus_ohm: float = HEALTHY_OHM
    y_capacitance_f: float = Y_CAPACITANCE_F
    plus_to_chassis_v: float | None = None  # None until the first step
    pack_voltage_v: float = 0.0
    ac_circuit: bool = False  # one hangs on the bus, as an inverter's does

    @property
    def parallel_ohm(self) -> float:
        """Both poles together, as a monitor sees a symmetric fault; 0 when a pole touches the chassis."""
        total_ohm = self.plus_ohm + self.minus_ohm
        return self.plus_ohm * self.minus_ohm / total_ohm if total_ohm > 0 else 0.0

    @property
    def settling_tau_s(self) -> float:
        return self.parallel_ohm * 2.0 * self.y_capacitance_f

    @property
    def stored_j(self) -> float:
        """Energy in both Y-capacitors; ISO 6469-3 counts 0.2 J as the limit for touch."""
        plus_v = self.plus_to_chassis_v or 0.0
        return 0.5 * self.y_capacitance_f * (plus_v**2 + (self.pack_voltage_v - plus_v) ** 2)

    def ohm_per_volt(self, pack_voltage_v: float) -> float:
        """The weaker pole by UN R100's measure. Infinite for a pack without voltage."""
        return min(self.plus_ohm, self.minus_ohm) / pack_voltage_v if pack_voltage_v > 0 else float("inf")

    def advance(self, dt_s: float, pack_voltage_v: float) -> None:
        """Let the poles' voltages against the chassis settle for `dt_s`."""
        self.pack_voltage_v = pack_voltage_v
        total_ohm = self.plus_ohm + self.minus_ohm
        target_v = pack_voltage_v * (self.plus_ohm / total_ohm if total_ohm > 0 else 0.5)
        tau_s = self.settling_tau_s
        if self.plus_to_chassis_v is None or tau_s <= 0.0:
            self.plus_to_chassis_v = target_v
        else:
            self.plus_to_chassis_v = target_v + (self.plus_to_chassis_v - target_v) * math.exp(-dt_s / tau_s)

    def heal(self) -> None:
        self.plus_ohm = self.minus_ohm = HEALTHY_OHM
