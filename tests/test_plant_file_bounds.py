"""Each figure of a chemistry's file: where it arrives, in which range its unit may be right, what stands for it."""

import math
from pathlib import Path
from typing import Any

import pytest
from thin_chemistry import THIN, Content, got, put, told

# Wide enough for any cell, narrow enough that another unit falls out: degC for K, mV for V, kJ for J.
VOLT, CELSIUS, AMPERE = (-10.0, 10.0), (-100.0, 400.0), (0.01, 1e5)
RANGES: dict[str, tuple[float, float]] = {
    "cell.coulombic_efficiency": (0.5, 1.0),
    "cell.self_discharge_pct_month_25C": (0.0, 100.0),
    "cell.self_discharge_Ea_J_mol": (0.0, 2e5),
    "thermal.cp_J_kgK": (100.0, 5000.0),
    **{
        f"limits.v_{one}": VOLT
        for one in (
            *("op_min", "op_max", "warn_low", "warn_high", "alarm_low", "alarm_high"),
            *("damage_low", "damage_high"),
        )
    },
    **{f"limits.T_{one}_C": CELSIUS for one in ("charge_min", "op_min", "op_max", "warn", "alarm", "damage")},
    "limits.I_max_charge_A": AMPERE,
    "limits.I_max_discharge_A": AMPERE,
    "limits.soc_plating_damage": (-5.0, 10.0),
    "limits.soc_short_overdischarge": (-5.0, 10.0),
    **{f"{ecm}.Ea_{one}_J_mol": (0.0, 2e5) for ecm in ("ecm", "ecm_bv") for one in ("R0", "R1", "R2")},
    "ecm_bv.Ea_I0_J_mol": (0.0, 2e5),
    "diffusion.lag_s": (0.0, 1e4),
    "diffusion.tau_s": (0.0, 1e5),
    "diffusion.Ea_J_mol": (0.0, 2e5),
    "hysteresis.half_width_V": (0.0, 0.5),
    "hysteresis.decay_soc": (0.0, 1.0),
    "abuse.limit.C_rate": (1.0, 1000.0),
    "abuse.limit.tau_s": (0.1, 1000.0),
    "abuse.limit.shutdown_C": (80.0, 400.0),
    "abuse.isc.fraction_of_electric_energy": (0.0, 1.0),
    "abuse.overcharge.R_growth_per_10pct": (0.0, math.inf),
    "abuse.overcharge.plated_A_1_s": (0.0, math.inf),
    "abuse.overcharge.plated_Ea_J_mol": (0.0, math.inf),
    "abuse.overcharge.plated_H_J_mol": (0.0, math.inf),
    "abuse.reaction.0.Ea_J_mol": (1e3, 1e6),
    "abuse.reaction.0.c0": (0.0, 1.0),
    "abuse.gas.recombination": (0.0, 1.0),
    "validity.T_min_C": (-100.0, 200.0),
    "validity.T_max_C": (-100.0, 200.0),
    "validity.soc_min": (0.0, 1.0),
    "validity.soc_max": (0.0, 1.0),
}
# Of these, nothing and less than nothing is refused, too.
POSITIVE = (
    *("cell.capacity_Ah", "thermal.mass_kg", "thermal.cp_J_kgK"),
    *("thermal.R_th_ambient_K_W", "thermal.R_th_neighbour_K_W"),
    *("diffusion.lag_s", "diffusion.tau_s", "hysteresis.decay_soc", "abuse.isc.tau_s"),
    *("abuse.reaction.0.A_1_s", "abuse.reaction.0.mass_kg"),
    *("validity.discharge_C_rate", "validity.charge_C_rate"),
    *("abuse.boiling.T_C", "abuse.boiling.latent_J_kg", "abuse.boiling.dryout_fraction_lost"),
    *("abuse.boiling.polymer_degradation_C", "thermal.water_mass_kg"),
    *("abuse.gas.headspace_m3", "abuse.gas.vent_gauge_Pa", "abuse.gas.thermoneutral_V"),
    *("abuse.dendrite.overplate_soc", "abuse.dendrite.R_short_ohm"),
    *("cell.energy_Wh", "cell.specific_energy_Wh_kg", "cell.v_nominal", "cell.cycle_life"),
    "thermal.R_th_neighbour_barrier_K_W",
)


def of(place: str) -> Content:
    """A chemistry that has this figure."""
    return next(one for name in ("lfp", "zn_chitosan") if got(one := THIN[name], place) is not None)


@pytest.mark.parametrize(("place", "within"), RANGES.items(), ids=list(RANGES))
def test_a_figure_is_read_up_to_its_ends_and_refused_beyond_by_place_and_range(
    tmp_path: Path, place: str, within: tuple[float, float]
) -> None:
    content = of(place)
    for end, outward in zip(within, (-1.0, 1.0), strict=True):
        if math.isinf(end):
            continue
        beyond = end + outward * max(1e-6, 1e-7 * abs(end))
        said = told(tmp_path, put(content, place, beyond))
        if place not in POSITIVE or beyond > 0.0:
            due = f"expected {within[0]:g} to {within[1]:g} (is the unit right?)"
            assert f"[{place}]: found {beyond:g}; {due}" in said
        assert "is the unit right" not in told(tmp_path, put(content, place, end))


@pytest.mark.parametrize("place", POSITIVE)
def test_what_must_be_positive_is_refused_at_nothing(tmp_path: Path, place: str) -> None:
    content = of(place)
    for value in (0.0, -0.5):
        said = told(tmp_path, put(content, place, value))
        assert f"[{place}]: found {value}; expected a positive number as {{ v = ... }}" in said
    assert "expected a positive" not in told(tmp_path, put(content, place, 0.5))


@pytest.mark.parametrize("place", ["cell.capacity_Ah", "abuse.T_vent_C"])
@pytest.mark.parametrize("value", ["'ten'", True, math.inf, math.nan])
def test_what_is_no_finite_number_is_refused(tmp_path: Path, place: str, value: Any) -> None:
    said = told(tmp_path, put(of(place), place, value))
    assert f"[{place}" in said and "found" in said and "expected" in said


@pytest.mark.parametrize(
    "section", ["ecm.R0_ohm", "ecm.R1_ohm", "ecm.R2_ohm", "ecm_bv.I0_A", "ecm_bv.tau1_s", "diffusion.share"]
)
def test_a_curve_has_no_value_of_nothing_or_less(tmp_path: Path, section: str) -> None:
    content = of(section)
    for value in (0.0, -1e-3):
        values = [*got(content, section)[:-1], value]
        said = told(tmp_path, put(content, section, values))
        assert f"[{section}]: found {value:g}; expected positive values only" in said
