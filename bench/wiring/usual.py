"""What a healthy pack shows of each quantity at least: a signal that cannot carry this was described wrongly."""

from collections.abc import Mapping

from bench.config.play import AGGREGATES
from bench.config.profile import DutProfile
from bench.plant.chemistry import Chemistry
from bench.plant.isolation import HEALTHY_OHM
from bench.wiring.virtual_signals import AMBIENT_C, SUPPLY_V

# A thermal runaway is known by its rise too: 20 K/s for the 3 s that GB 38031-2025 C.5.3.7 wants of it.
RISES_BEYOND_K = 60.0

_YES_NO = (
    "plus_feedback", "minus_feedback", "precharge_feedback", "hvil_closed", "crash_line", "fault_reset", "awake",
    "driving", "charging", "current_error", "current_overrange", "current_mismatch", "insulation_error",
    "chassis_lost", "pyro_open", "ignition", "crash_flag", "charger_fault", "afe_adc_fault",
)  # fmt: skip


def usual_ranges(
    profile: DutProfile, chemistry: Chemistry, cells: int, thresholds: Mapping[str, float]
) -> dict[str, tuple[float, float]]:
    """(lowest, highest) in SI by quantity; none for what no healthy pack bounds."""
    empty_v, full_v = chemistry.ocv_v(0.0), chemistry.ocv_v(1.0)
    charge_a, discharge_a = thresholds["oc_charge"], thresholds["oc_continuous"]
    current = (-charge_a, discharge_a)
    healthy = HEALTHY_OHM / 2.0  # of both poles together
    return {
        **dict.fromkeys(_YES_NO, (0.0, 1.0)),
        **{name: (empty_v, full_v) for name, of in AGGREGATES.items() if of == "cell_voltage"},
        **{name: (AMBIENT_C, AMBIENT_C) for name, of in AGGREGATES.items() if of == "temperature"},
        "state_of_charge": (0.0, 100.0),
        "state_of_health": (100.0, 100.0),
        "cell_voltage": (empty_v, full_v),
        "pack_voltage": (cells * empty_v, cells * full_v),
        "stack_voltage": (cells * empty_v, cells * full_v),
        "link_voltage": (0.0, cells * full_v),
        "pack_current": current,
        "pack_current_redundant": current,
        "charger_current": (0.0, charge_a),
        "temperature": (AMBIENT_C, AMBIENT_C),
        "ambient_temperature": (AMBIENT_C, AMBIENT_C),
        "supply_voltage": (SUPPLY_V, SUPPLY_V),
        "insulation_plus": (HEALTHY_OHM, HEALTHY_OHM),
        "insulation_minus": (HEALTHY_OHM, HEALTHY_OHM),
        "insulation": (healthy, healthy),
        "mode_request": (float(min(profile.modes.values())), float(max(profile.modes.values()))),
    }


def decisive_ranges(
    chemistry: Chemistry, cells: int, thresholds: Mapping[str, float]
) -> dict[str, tuple[float, float]]:
    """(lowest, highest) in SI of what the DUT's promises depend on: a sensor that ends beyond may end there."""

    def ends(low: tuple[str, ...], high: str) -> tuple[float, float]:
        return (
            min(value for name, value in thresholds.items() if name.startswith(low)),
            max(value for name, value in thresholds.items() if name.startswith(high)),
        )

    coldest_c, hottest_c = ends(("ut_",), "ot_")
    current = (-thresholds["oc_charge"], thresholds["oc_discharge"])
    hot = (coldest_c, hottest_c + RISES_BEYOND_K)
    full_v, empty_v = cells * chemistry.ocv_v(1.0), cells * chemistry.ocv_v(0.0)
    insulation = (thresholds["iso_fault"] * empty_v, thresholds["iso_warn"] * full_v)
    return {
        "cell_voltage": ends(("uv_", "dd_"), "ov_"),
        "temperature": hot,
        "cell_voltage_min": ends(("uv_", "dd_"), "uv_"),
        "cell_voltage_max": ends(("ov_",), "ov_"),
        "temperature_min": (coldest_c, AMBIENT_C),
        "temperature_max": (AMBIENT_C, hot[1]),
        "pack_current": current,
        "pack_current_redundant": current,
        **dict.fromkeys(("insulation_plus", "insulation_minus", "insulation"), insulation),
    }
