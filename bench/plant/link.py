"""The DC link behind the contactors: one capacitor, and all that charges and empties it.

C dV/dt = (V_pack - V) / R_precharge - I_load - G V, solved exactly for a step in which nothing but V changes.
"""

import math
from dataclasses import dataclass

LINK_CAPACITANCE_F = 1e-3
PRECHARGE_OHM = 30.0
# Across the link at any time: alone, it brings 420 V of 1 mF below 60 V in 97 s. Engineering estimate.
PASSIVE_OHM = 50_000.0
# Switched on by the inverter while no path to the pack is closed: below 60 V in 3.8 s with the passive one beside it.
# Crash and service rules want 60 V within 5 s of the opening.
DISCHARGE_OHM = 2000.0
# Drive and charger switch themselves off above this share of the pack's highest voltage: engineering estimate.
TRIPS_AT_SHARE = 1.2
EMPTY_LINK_V = 1.0  # what is left of its discharge below this is of no interest to anybody
_LEAST_OHM = 1e-6


@dataclass(slots=True, kw_only=True)
class PrechargePath:
    """`resistor_open`: the resistor is burnt out, and the closed precharge contactor carries nothing."""

    resistor_ohm: float = PRECHARGE_OHM
    resistor_open: bool = False


@dataclass(slots=True, kw_only=True)
class DcLink:
    """`voltage_v` is the state. `short_ohm` lies across the capacitor (infinity: none).

    A drive or charger that was fed works on when the contactors open: it empties the link, or lifts it until it trips
    at `trips_at_v`. `discharge_works`: the active discharge is there.
    """

    voltage_v: float = 0.0
    short_ohm: float = math.inf
    capacitance_f: float = LINK_CAPACITANCE_F
    passive_ohm: float = PASSIVE_OHM
    discharge_ohm: float = DISCHARGE_OHM
    discharge_works: bool = True
    trips_at_v: float = math.inf
    drive_on: bool = False

    def follow(self, voltage_v: float) -> None:
        """The closed mains hold it at the pack's voltage, and feed drive and charger."""
        self.voltage_v, self.drive_on = voltage_v, True

    def leave(self, dt_s: float, load_a: float, shorts_siemens: float) -> None:
        """Nothing feeds it for `dt_s`; `load_a` is what drive and charger want (negative: they give)."""
        siemens = shorts_siemens + 1.0 / self.passive_ohm
        if self.discharge_works:
            siemens += 1.0 / self.discharge_ohm
        wanted_a = load_a if self.drive_on else 0.0
        after_v = self._after(dt_s, -wanted_a, siemens)
        if wanted_a < 0.0 and after_v > self.trips_at_v:
            lifted_s = self._lifted_s(-wanted_a / siemens, siemens)
            self.voltage_v, self.drive_on = max(self.voltage_v, self.trips_at_v), False
            after_v = self._after(dt_s - lifted_s, 0.0, siemens)
        self.voltage_v = max(0.0, after_v)
        if self.voltage_v < EMPTY_LINK_V:
            self.drive_on = False  # until it is fed again

    def precharge(
        self, dt_s: float, pack_voltage_v: float, path: PrechargePath, shorts_siemens: float
    ) -> float:
        """Charge through the resistor; returns the pack's mean current in A, so that no charge is lost."""
        self.drive_on = False
        if path.resistor_open:
            self.leave(dt_s, 0.0, shorts_siemens)
            return 0.0
        feed_siemens = 1.0 / path.resistor_ohm
        siemens = feed_siemens + shorts_siemens + 1.0 / self.passive_ohm
        before_v = self.voltage_v
        self.voltage_v = self._after(dt_s, pack_voltage_v * feed_siemens, siemens)
        risen_v = self.voltage_v - before_v
        mean_v = (pack_voltage_v * feed_siemens - self.capacitance_f * risen_v / dt_s) / siemens
        return (pack_voltage_v - mean_v) * feed_siemens

    def _lifted_s(self, rest_v: float, siemens: float) -> float:
        """How long it takes up to where drive and charger trip, on the way to `rest_v`."""
        if self.voltage_v >= self.trips_at_v:
            return 0.0
        tau_s = self.capacitance_f / siemens
        return tau_s * math.log((rest_v - self.voltage_v) / (rest_v - self.trips_at_v))

    def _after(self, dt_s: float, fed_a: float, siemens: float) -> float:
        """C dV/dt = fed_a - siemens V, from the present voltage."""
        rest_v = fed_a / siemens
        return rest_v + (self.voltage_v - rest_v) * math.exp(-dt_s * siemens / self.capacitance_f)


def siemens_of(one_ohm: float, other_ohm: float) -> float:
    """Two resistances in parallel (infinity: none), as conductance; a dead short counts as a micro-ohm."""
    if one_ohm == math.inf and other_ohm == math.inf:
        return 0.0
    return 1.0 / max(one_ohm, _LEAST_OHM) + 1.0 / max(other_ohm, _LEAST_OHM)
