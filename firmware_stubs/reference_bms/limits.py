"""The firmware's calibration: thresholds of the chemistry and debounce of the monitors."""

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.errors import ConfigError, at_place

CELLS = 96
SENSORS = 24

# Open-circuit voltage of NMC at 25 degC over SoC 0, 10 .. 100 %: only the start value of coulomb counting.
NMC_OCV_V = (3.00, 3.44, 3.53, 3.58, 3.62, 3.67, 3.76, 3.86, 3.95, 4.06, 4.20)

CHEMISTRY_CODES = {"nmc": 1, "lfp": 2, "na_ion": 3, "zn_chitosan": 4, "na_nfm": 5}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Thresholds; defaults are those of NMC. Counts are samples in a row: cells and AFE 100 ms, lines 10 ms."""

    ov_warn_v: float = 4.22
    ov_trip_v: float = 4.25
    uv_warn_v: float = 2.8
    uv_trip_v: float = 2.5
    deep_v: float = 1.75
    full_v: float = 4.20
    ot_warn_c: float = 50.0
    ot_trip_c: float = 60.0
    ot_charge_c: float = 55.0  # also the highest working temperature of GB 38031-2025
    charge_min_c: float = 0.0
    discharge_min_c: float = -20.0
    oc_discharge_a: float = 150.0
    oc_charge_a: float = 75.0
    discharge_limit_a: float = 120.0
    charge_limit_a: float = 50.0
    capacity_ah: float = 50.0
    ocv_v: tuple[float, ...] = NMC_OCV_V
    chemistry_code: int = 1
    insulation_warn_ohm_per_v: float = 500.0
    insulation_fault_ohm_per_v: float = 100.0
    imbalance_v: float = 0.150
    implausible_share: float = 0.03
    gradient_k: float = 15.0
    runaway_k_per_s: float = 1.0
    runaway_drop: float = 0.25
    short_circuit_multiple: float = 4.0
    continuous_share: float = 0.8
    overload_s: float = 10.0  # at I_max, from cold
    channels_apart_a: float = 5.0
    channels_apart_share: float = 0.05
    open_string_a: float = 5.0
    at_rest_a: float = 1.0
    insulation_age_s: float = 10.0
    supply_low_v: float = 9.0
    brown_out_v: float = 6.0
    link_share: float = 0.9
    voltage_trip_sweeps: int = 25
    voltage_warn_sweeps: int = 5
    deep_sweeps: int = 5
    imbalance_sweeps: int = 10
    implausible_sweeps: int = 8
    frozen_sweeps: int = 10
    afe_frames: int = 3
    chain_frames: int = 4
    temperature_trip_sweeps: int = 3
    gradient_sweeps: int = 5
    sensor_fault_sweeps: int = 3
    runaway_sweeps: int = 4
    current_trip_frames: int = 15
    short_circuit_frames: int = 1
    current_error_frames: int = 5
    channels_apart_frames: int = 20
    open_string_frames: int = 10
    at_rest_frames: int = 100
    insulation_frames: int = 30
    insulation_monitor_frames: int = 10
    mismatch_frames: int = 10
    unintended_frames: int = 3
    feedback_frames: int = 20
    settle_ms: int = 100
    slow_opening_ms: int = 80
    hvil_frames: int = 10
    hvil_openings: int = 6
    crash_frames: int = 2
    pyro_frames: int = 5
    supply_frames: int = 50
    brown_out_frames: int = 5
    clamp_frames: int = 10
    balancing_frames: int = 3
    cells_timeout_ms: int = 400
    temperatures_timeout_ms: int = 3000
    current_timeout_ms: int = 100
    insulation_timeout_ms: int = 1000
    feedback_timeout_ms: int = 100
    command_timeout_ms: int = 200
    vehicle_timeout_ms: int = 200
    charger_timeout_ms: int = 500
    opening_delay_ms: int = 200
    opening_soon_ms: int = 100
    precharge_timeout_ms: int = 1000
    precharge_share: float = 0.95

    @classmethod
    def from_toml(cls, path: Path) -> "Limits":
        """The limits of a chemistry file. Raises ConfigError naming file and wrong entry."""
        try:
            content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ConfigError(at_place(path, "", str(error), "a readable chemistry TOML")) from error

        def value(section: str, key: str) -> float:
            try:
                return float(content[section][key]["v"])
            except (KeyError, TypeError, ValueError) as error:
                raise ConfigError(
                    at_place(path, f"{section}.{key}", "no number", "{ v = number }")
                ) from error

        try:
            chemistry = str(content["meta"]["id"])
            soc, volt = content["ocv"]["soc"], content["ocv"]["V"]
            ocv_v = tuple(_interpolate(soc, volt, step / 50) for step in range(51))
        except (KeyError, TypeError, ZeroDivisionError) as error:
            raise ConfigError(
                at_place(path, "meta, ocv", repr(error), "meta.id, ocv.soc and ocv.V")
            ) from error
        capacity_ah = value("cell", "capacity_Ah")
        charge_a, discharge_a = value("limits", "I_max_charge_A"), value("limits", "I_max_discharge_A")
        return cls(
            deep_v=(value("limits", "v_alarm_low") + value("limits", "v_damage_low")) / 2,
            ot_charge_c=value("limits", "T_op_max_C"),
            discharge_min_c=value("limits", "T_op_min_C"),
            ov_warn_v=value("limits", "v_warn_high"),
            ov_trip_v=value("limits", "v_alarm_high"),
            uv_warn_v=value("limits", "v_warn_low"),
            uv_trip_v=value("limits", "v_alarm_low"),
            full_v=value("limits", "v_op_max"),
            ot_warn_c=value("limits", "T_warn_C"),
            ot_trip_c=value("limits", "T_alarm_C"),
            charge_min_c=value("limits", "T_charge_min_C"),
            oc_discharge_a=discharge_a,
            oc_charge_a=charge_a,
            # What is allowed stays below what trips, in the proportion of the defaults.
            discharge_limit_a=discharge_a * 0.8,
            charge_limit_a=charge_a * 2 / 3,
            capacity_ah=capacity_ah,
            ocv_v=ocv_v,
            chemistry_code=CHEMISTRY_CODES.get(chemistry, 0),
        )

    def beside(self, parallel: int) -> "Limits":
        """For so many cells in parallel at each wire: currents and charge are theirs together."""
        if parallel == 1:
            return self
        return replace(
            self,
            oc_discharge_a=self.oc_discharge_a * parallel,
            oc_charge_a=self.oc_charge_a * parallel,
            discharge_limit_a=self.discharge_limit_a * parallel,
            charge_limit_a=self.charge_limit_a * parallel,
            capacity_ah=self.capacity_ah * parallel,
        )


def _interpolate(xs: list[float], ys: list[float], x: float) -> float:
    for (x0, y0), (x1, y1) in zip(zip(xs, ys), zip(xs[1:], ys[1:])):
        if x <= x1:
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return ys[-1]
