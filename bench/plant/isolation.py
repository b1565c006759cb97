"""Insulation of the high-voltage poles against the chassis: both sides of the contactors, and Y-capacitors."""

import math
from dataclasses import dataclass

HEALTHY_OHM = 5e6
Y_CAPACITANCE_F = 200e-9  # per pole; typical for a vehicle, an engineering estimate


@dataclass(slots=True, kw_only=True)
class Isolation:
    """Resistance (ohm) and Y-capacitance (F) of each pole to chassis. Set any of them to inject a fault.

    `plus_ohm`, `minus_ohm` are the pack's own; `vehicle_plus_ohm`, `vehicle_minus_ohm` lie behind the contactors and
    count only while the pole's contactor is closed (`join`). `soil` adds what has left the cells. What a monitor at the
    pack sees are `seen_plus_ohm` and `seen_minus_ohm`.
    `plus_to_chassis_v` follows a step of the pack's voltage by half at once, through the two equal Y-capacitors, and
    settles with the time constant of both resistances and both capacitors: a monitor cannot know sooner.
    """

    plus_ohm: float = HEALTHY_OHM
    minus_ohm: float = HEALTHY_OHM
    vehicle_plus_ohm: float = math.inf
    vehicle_minus_ohm: float = math.inf
    y_capacitance_f: float = Y_CAPACITANCE_F
    plus_to_chassis_v: float | None = None  # None until the first step
    pack_voltage_v: float = 0.0
    ac_circuit: bool = False  # one hangs on the bus, as an inverter's does
    _plus_joined: bool = False
    _minus_joined: bool = False
    _soil_plus_siemens: float = 0.0
    _soil_minus_siemens: float = 0.0

    def join(self, plus: bool, minus: bool) -> None:
        """Which poles of the vehicle are connected to the pack."""
        self._plus_joined, self._minus_joined = plus, minus

    def soil(self, plus_siemens: float, minus_siemens: float) -> None:
        """What leaks from the cells to the chassis, as conductance at the poles."""
        self._soil_plus_siemens, self._soil_minus_siemens = plus_siemens, minus_siemens

    @property
    def seen_plus_ohm(self) -> float:
        vehicle_ohm = self.vehicle_plus_ohm if self._plus_joined else math.inf
        return _parallel_ohm(self.plus_ohm, vehicle_ohm, self._soil_plus_siemens)

    @property
    def seen_minus_ohm(self) -> float:
        vehicle_ohm = self.vehicle_minus_ohm if self._minus_joined else math.inf
        return _parallel_ohm(self.minus_ohm, vehicle_ohm, self._soil_minus_siemens)

    @property
    def parallel_ohm(self) -> float:
        """Both poles together, as a monitor sees a symmetric fault; 0 when a pole touches the chassis."""
        plus_ohm, minus_ohm = self.seen_plus_ohm, self.seen_minus_ohm
        total_ohm = plus_ohm + minus_ohm
        return plus_ohm * minus_ohm / total_ohm if total_ohm > 0 else 0.0

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
        weaker_ohm = min(self.seen_plus_ohm, self.seen_minus_ohm)
        return weaker_ohm / pack_voltage_v if pack_voltage_v > 0 else float("inf")

    def advance(self, dt_s: float, pack_voltage_v: float) -> None:
        """Let the poles' voltages against the chassis follow the pack and settle for `dt_s`."""
        stepped_v = pack_voltage_v - self.pack_voltage_v
        self.pack_voltage_v = pack_voltage_v
        plus_ohm, minus_ohm = self.seen_plus_ohm, self.seen_minus_ohm
        total_ohm = plus_ohm + minus_ohm
        target_v = pack_voltage_v * (plus_ohm / total_ohm if total_ohm > 0 else 0.5)
        tau_s = plus_ohm * minus_ohm / total_ohm * 2.0 * self.y_capacitance_f if total_ohm > 0 else 0.0
        if self.plus_to_chassis_v is None or tau_s <= 0.0:
            self.plus_to_chassis_v = target_v
        else:
            start_v = self.plus_to_chassis_v + 0.5 * stepped_v
            self.plus_to_chassis_v = target_v + (start_v - target_v) * math.exp(-dt_s / tau_s)

    def heal(self) -> None:
        self.plus_ohm = self.minus_ohm = HEALTHY_OHM
        self.vehicle_plus_ohm = self.vehicle_minus_ohm = math.inf


def _parallel_ohm(own_ohm: float, vehicle_ohm: float, soil_siemens: float) -> float:
    if soil_siemens == 0.0 and vehicle_ohm == math.inf:
        return own_ohm
    if own_ohm <= 0.0 or vehicle_ohm <= 0.0:
        return 0.0
    return 1.0 / (1.0 / own_ohm + 1.0 / vehicle_ohm + soil_siemens)
