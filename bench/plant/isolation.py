"""Insulation of the high-voltage poles against the chassis."""

from dataclasses import dataclass

HEALTHY_OHM = 5e6


@dataclass(slots=True, kw_only=True)
class Isolation:
    """Resistance of each pole to chassis, in ohm. Set either to inject a fault."""

    plus_ohm: float = HEALTHY_OHM
    minus_ohm: float = HEALTHY_OHM

    @property
    def parallel_ohm(self) -> float:
        """Both poles together, as a monitor sees a symmetric fault; 0 when a pole touches the chassis."""
        total_ohm = self.plus_ohm + self.minus_ohm
        return self.plus_ohm * self.minus_ohm / total_ohm if total_ohm > 0 else 0.0

    def ohm_per_volt(self, pack_voltage_v: float) -> float:
        """The weaker pole by UN R100's measure. Infinite for a pack without voltage."""
        return min(self.plus_ohm, self.minus_ohm) / pack_voltage_v if pack_voltage_v > 0 else float("inf")

    def heal(self) -> None:
        self.plus_ohm = self.minus_ohm = HEALTHY_OHM
