"""The DC link behind the contactors: capacitor, discharge resistor, precharge resistor, short circuits."""

import math
from dataclasses import dataclass

LINK_CAPACITANCE_F = 1e-3
PRECHARGE_OHM = 30.0
# Across the link while no path to the pack is closed: tau 2 s brings 420 V below 60 V in 3.9 s (within 5 s).
DISCHARGE_OHM = 2000.0


@dataclass(slots=True, kw_only=True)
class PrechargePath:
    """`resistor_open`: the resistor is burnt out, and the closed precharge contactor carries nothing."""

    resistor_ohm: float = PRECHARGE_OHM
    resistor_open: bool = False


@dataclass(slots=True, kw_only=True)
class DcLink:
    """`short_ohm` lies across the capacitor (infinity: none). `voltage_v` is the state."""

    voltage_v: float = 0.0
    short_ohm: float = math.inf
    capacitance_f: float = LINK_CAPACITANCE_F
    discharge_ohm: float = DISCHARGE_OHM

    def discharge(self, dt_s: float) -> None:
        """Nothing feeds it: it empties through the discharge resistor and any short."""
        conductance = 1.0 / self.discharge_ohm + (1.0 / self.short_ohm if self.short_ohm > 0 else math.inf)
        self.voltage_v *= math.exp(-dt_s * conductance / self.capacitance_f)

    def precharge(self, dt_s: float, pack_voltage_v: float, path: PrechargePath) -> float:
        """Charge through the resistor; returns the pack's mean current in A, so that no charge is lost."""
        if path.resistor_open:
            self.discharge(dt_s)
            return 0.0
        resistor_ohm = path.resistor_ohm
        share = 1.0 if math.isinf(self.short_ohm) else self.short_ohm / (self.short_ohm + resistor_ohm)
        target_v = pack_voltage_v * share
        if share <= 0.0:
            self.voltage_v = 0.0
            return pack_voltage_v / resistor_ohm
        risen_v = -(target_v - self.voltage_v) * math.expm1(
            -dt_s / (resistor_ohm * share * self.capacitance_f)
        )
        self.voltage_v += risen_v
        into_short_a = self.voltage_v / self.short_ohm
        return self.capacitance_f * risen_v / dt_s + into_short_a
