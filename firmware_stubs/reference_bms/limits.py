"""The firmware's calibration: thresholds of the chemistry and debounce of the monitors."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import ConfigError, at_place

CELLS = 96
SENSORS = 24

# Open-circuit voltage of NMC at 25 degC over SoC 0, 10 .. 100 %: only the start value of coulomb counting.
NMC_OCV_V = (3.00, 3.44, 3.53, 3.58, 3.62, 3.67, 3.76, 3.86, 3.95, 4.06, 4.20)

CHEMISTRY_CODES = {"nmc": 1, "lfp": 2, "na_ion": 3, "zn_chitosan": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Defaults are those of NMC. Counts are samples of the input (cell sweep 100 ms, current 10 ms ...)."""

    ov_warn_v: float = 4.22
    ov_trip_v: float = 4.25
    uv_warn_v: float = 2.8
    uv_trip_v: float = 2.5
    full_v: float = 4.20
    ot_warn_c: float = 50.0
    ot_trip_c: float = 60.0
    charge_min_c: float = 0.0
    oc_discharge_a: float = 150.0
    oc_charge_a: float = 75.0
    discharge_limit_a: float = 120.0
    charge_limit_a: float = 50.0
    capacity_ah: float = 50.0
    ocv_v: tuple[float, ...] = NMC_OCV_V
    chemistry_code: int = 1
    insulation_warn_ohm_per_v: float = 500.0
    insulation_fault_ohm_per_v: float = 100.0
    voltage_trip_sweeps: int = 25
    voltage_warn_sweeps: int = 5
    temperature_trip_sweeps: int = 3
    current_trip_frames: int = 50
    insulation_frames: int = 30

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
            ocv_v = tuple(_interpolate(soc, volt, tenth / 10) for tenth in range(11))
        except (KeyError, TypeError, ZeroDivisionError) as error:
            raise ConfigError(
                at_place(path, "meta, ocv", repr(error), "meta.id, ocv.soc and ocv.V")
            ) from error
        capacity_ah = value("cell", "capacity_Ah")
        charge_a, discharge_a = value("limits", "I_max_charge_A"), value("limits", "I_max_discharge_A")
        return cls(
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


def _interpolate(xs: list[float], ys: list[float], x: float) -> float:
    for (x0, y0), (x1, y1) in zip(zip(xs, ys), zip(xs[1:], ys[1:])):
        if x <= x1:
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return ys[-1]
