"""What a chemistry's file says arrives under its own name, and something stands for what it leaves out."""

import math
from pathlib import Path

import numpy as np
import pytest
from thin_chemistry import THIN, got, put, written

from bench.plant.abuse_facts import Order
from bench.plant.chemistry import Chemistry
from bench.plant.validity import Validity
from bench.trace.events import Fitted

FIELDS = {
    "capacity_ah": "cell.capacity_Ah",
    "coulombic_efficiency": "cell.coulombic_efficiency",
    "self_discharge_ea_j_mol": "cell.self_discharge_Ea_J_mol",
    "mass_kg": "thermal.mass_kg",
    "heat_capacity_j_kg_k": "thermal.cp_J_kgK",
    "r_thermal_ambient_k_w": "thermal.R_th_ambient_K_W",
    "r_thermal_neighbour_k_w": "thermal.R_th_neighbour_K_W",
    **{
        f"v_{one}": f"limits.v_{one}"
        for one in (
            *("op_min", "op_max", "warn_low", "warn_high", "alarm_low", "alarm_high"),
            *("damage_low", "damage_high"),
        )
    },
    **{
        f"t_{one}_c": f"limits.T_{one}_C"
        for one in ("charge_min", "op_min", "op_max", "warn", "alarm", "damage")
    },
    "soc_damage_high": "limits.soc_plating_damage",
    "soc_damage_low": "limits.soc_short_overdischarge",
    "i_max_charge_a": "limits.I_max_charge_A",
    "i_max_discharge_a": "limits.I_max_discharge_A",
    "id": "meta.id",
    "name": "meta.name",
}
SHEET = {
    "energy_wh": "cell.energy_Wh",
    "specific_energy_wh_kg": "cell.specific_energy_Wh_kg",
    "nominal_v": "cell.v_nominal",
    "cycle_life": "cell.cycle_life",
    "peak_charge_c_rate": "cell.peak_charge_C_rate",
    "usable_share_at_m40_c": "cell.usable_capacity_at_m40C",
    "active_capacity_mah_g": "cell.active_capacity_mAh_g",
    "active_energy_wh_kg": "cell.active_energy_Wh_kg_PANI",
    "anode_cycle_life": "cell.cycle_life_zn_anode_50mA_cm2",
    "anode_coulombic_efficiency": "cell.coulombic_efficiency_zn_anode_50mA_cm2",
    "areal_capacity_mah_cm2": "cell.areal_capacity_mAh_cm2",
    "ionic_conductivity_s_m": "cell.ionic_conductivity_S_m",
    "r_thermal_barrier_k_w": "thermal.R_th_neighbour_barrier_K_W",
}
VALID = {
    "coldest_c": "T_min_C",
    "hottest_c": "T_max_C",
    "discharge_c_rate": "discharge_C_rate",
    "charge_c_rate": "charge_C_rate",
    "emptiest": "soc_min",
    "fullest": "soc_max",
}
ABUSE = {
    "t1_c": "T1_C",
    "t2_c": "T2_C",
    "t3_c": "T3_C",
    "isc_trigger_c": "isc.T_trigger_C",
    "isc_fraction": "isc.fraction_of_electric_energy",
    "isc_tau_s": "isc.tau_s",
    "v_side_start": "overcharge.V_side_start",
    "v_side_full": "overcharge.V_side_full",
    "r_growth_per_10pct": "overcharge.R_growth_per_10pct",
    "plating_soc": "overcharge.plating_soc",
    "plated_a_1_s": "overcharge.plated_A_1_s",
    "plated_ea_j_mol": "overcharge.plated_Ea_J_mol",
    "plated_h_j_mol": "overcharge.plated_H_J_mol",
    "overdischarge_isc_soc": "overdischarge.isc_soc",
    "flammable": "electrolyte_flammable",
}
LIMIT = {"c_rate": "C_rate", "tau_s": "tau_s", "shutdown_c": "shutdown_C"}
WATER = {
    "boiling_c": "abuse.boiling.T_C",
    "latent_j_kg": "abuse.boiling.latent_J_kg",
    "water_kg": "thermal.water_mass_kg",
    "dryout_fraction": "abuse.boiling.dryout_fraction_lost",
    "gel_degrades_c": "abuse.boiling.polymer_degradation_C",
    "headspace_m3": "abuse.gas.headspace_m3",
    "vent_gauge_pa": "abuse.gas.vent_gauge_Pa",
    "recombination": "abuse.gas.recombination",
    "thermoneutral_v": "abuse.gas.thermoneutral_V",
    "dendrite_soc": "abuse.dendrite.overplate_soc",
    "dendrite_ohm": "abuse.dendrite.R_short_ohm",
}


@pytest.mark.parametrize("name", Chemistry.shipped())
def test_each_figure_of_a_file_arrives_under_its_own_name(tmp_path: Path, name: str) -> None:
    file = THIN[name]
    read = Chemistry.load(written(tmp_path, file))
    for whole, fields, section in (
        (read, FIELDS, ""),
        (read.data_sheet, SHEET, ""),
        (read.validity, VALID, "validity."),
        (read.abuse, ABUSE, "abuse."),
        (read.abuse.limit, LIMIT, "abuse.limit."),
        (read.abuse.water, WATER, ""),
    ):
        if whole is not None:
            due = {field: got(file, section + place) for field, place in fields.items()}
            assert {field: getattr(whole, field) for field in fields} == due
    assert (read.abuse.water is None) == ("boiling" not in file["abuse"])
    assert read.self_discharge_1_s * 30 * 86400 == pytest.approx(
        got(file, "cell.self_discharge_pct_month_25C") / 100
    )
    for key in ("T1", "T2", "T3"):
        one = got(file, f"abuse.{key}_C")
        due = tuple(got(file, f"abuse.{key}_range_C") or (one, one))
        assert getattr(read.abuse, f"{key.lower()}_range_c") == due
    assert read.abuse.t_vent_c == (got(file, "abuse.T_vent_C") or math.inf)


@pytest.mark.parametrize("name", Chemistry.shipped())
def test_each_reaction_of_a_file_arrives_with_what_stands_for_what_it_leaves_out(
    tmp_path: Path, name: str
) -> None:
    file = THIN[name]
    told_of = file["abuse"].get("reaction", [])
    read = Chemistry.load(written(tmp_path, file)).abuse.reactions
    assert len(read) == len(told_of)
    for one, due in zip(read, told_of, strict=True):
        assert (one.name, one.order) == (due["name"], Order(due["order"]))
        assert (one.a_1_s, one.ea_j_mol, one.c0) == (due["A_1_s"], due["Ea_J_mol"], due["c0"])
        assert one.heat_j == pytest.approx(due["H_J_kg"] * due["mass_kg"])
        assert one.t_on_c == due.get("T_on_C", -273.15), "at any temperature"
        assert (one.z0, one.regen) == (due.get("z0", 1.0), due.get("regen", 0.0))
        assert one.a2_1_s == due.get("A2_1_s", due["A_1_s"])
        assert one.t_switch_c == due.get("T_switch_C", math.inf)


@pytest.mark.parametrize("name", Chemistry.shipped())
def test_each_curve_of_a_file_arrives_under_its_own_name(tmp_path: Path, name: str) -> None:
    file = THIN[name]
    read = Chemistry.load(written(tmp_path, file))
    for section, circuit in (("ecm", read.plain_circuit), ("ecm_bv", read.circuit)):
        if section not in file:
            assert read.circuit.i0_a is None and read.circuit.r0_ohm.value.tolist() == file["ecm"]["R0_ohm"]
            continue
        for key, field in (
            *(("R0_ohm", "r0_ohm"), ("R1_ohm", "r1_ohm"), ("R2_ohm", "r2_ohm")),
            *(("tau1_s", "tau1_s"), ("tau2_s", "tau2_s"), ("I0_A", "i0_a")),
        ):
            curve = getattr(circuit, field)
            assert (None if curve is None else curve.value.tolist()) == file[section].get(key)
        energies = [getattr(circuit, f"ea_{one}_j_mol") for one in ("r0", "r1", "r2", "i0")]
        assert energies == [got(file, f"{section}.Ea_{one}_J_mol") or 0.0 for one in ("R0", "R1", "R2", "I0")]
    low, inside, high = file["abuse"]["overdischarge"], file["ocv"], file["abuse"]["overcharge"]
    assert read.ocv.soc.tolist() == [*low["soc"][:0:-1], *inside["soc"], *high["soc"][1:]]
    assert read.ocv.value.tolist() == [*low["V_oc"][:0:-1], *inside["V"], *high["V_oc"][1:]]
    assert read.entropic_v_k.value.tolist() == file["entropic"]["dUdT_V_per_K"]
    if read.diffusion is not None:
        diffusion = read.diffusion
        figures = (diffusion.lag_s, diffusion.tau_s, diffusion.ea_j_mol)
        assert figures == tuple(got(file, f"diffusion.{one}") for one in ("lag_s", "tau_s", "Ea_J_mol"))
        assert diffusion.share.value.tolist() == file["diffusion"].get("share", [1.0, 1.0])
    assert (read.diffusion is None) == ("diffusion" not in file)
    if read.hysteresis is not None:
        hysteresis = file["hysteresis"]
        assert read.hysteresis.enabled is hysteresis["enabled"]
        assert read.hysteresis.half_width_v == hysteresis["half_width_V"]["v"]
        assert read.hysteresis.decay_soc == hysteresis["decay_soc"]["v"]
    assert (read.hysteresis is None) == ("hysteresis" not in file)


def test_a_gel_may_have_no_limit_of_its_own_and_a_sheet_a_sloping_curve(tmp_path: Path) -> None:
    content = put(THIN["zn_chitosan"], "abuse.boiling.polymer_degradation_C", None)
    content["ocv_layered_oxide_estimate"] = {
        "soc": [0.0, 0.5, 1.0],
        "V": [2.0, 3.0, 4.0],
        "conf": "E",
        "src": "est",
    }
    read = Chemistry.load(written(tmp_path, content))
    assert read.abuse.water is not None and read.abuse.water.gel_degrades_c is None
    sloping = read.data_sheet.sloping_ocv
    assert sloping is not None and sloping.value.tolist() == [2.0, 3.0, 4.0]
    assert Chemistry.load(written(tmp_path, THIN["zn_chitosan"])).data_sheet.sloping_ocv is None


def test_diffusion_that_names_no_shares_is_even(tmp_path: Path) -> None:
    content = put(THIN["lfp"], "diffusion.share", None)
    content["diffusion"].pop("soc")
    read = Chemistry.load(written(tmp_path, content)).diffusion
    assert read is not None
    assert read.share.at(np.linspace(0.0, 1.0, 5)).tolist() == [1.0] * 5


def test_the_thresholds_are_those_limits_and_shares_of_them(tmp_path: Path) -> None:
    for file in THIN.values():
        at = file["limits"]
        limit = {key: one["v"] for key, one in at.items() if isinstance(one, dict)}
        discharge_a = limit["I_max_discharge_A"]
        assert Chemistry.load(written(tmp_path, file)).thresholds() == {
            "ov_warn": limit["v_warn_high"],
            "ov_trip": limit["v_alarm_high"],
            "uv_warn": limit["v_warn_low"],
            "uv_trip": limit["v_alarm_low"],
            "ot_warn": limit["T_warn_C"],
            "ot_trip": limit["T_alarm_C"],
            "ot_charge": limit["T_op_max_C"],
            "ut_charge": limit["T_charge_min_C"],
            "ut_discharge": limit["T_op_min_C"],
            "dd_trip": pytest.approx(0.5 * (limit["v_alarm_low"] + limit["v_damage_low"])),
            "oc_charge": limit["I_max_charge_A"],
            "oc_discharge": discharge_a,
            "oc_continuous": pytest.approx(0.8 * discharge_a),
            "oc_short": pytest.approx(4.0 * discharge_a),
            "iso_warn": 500.0,
            "iso_fault": 100.0,
        }


def test_a_fit_holds_up_to_its_ends_and_names_side_value_and_end_of_what_lies_beyond() -> None:
    fit = Validity(
        coldest_c=-10.0, hottest_c=45.0, discharge_c_rate=3.0, charge_c_rate=1.5, emptiest=0.1, fullest=0.9
    )
    assert [*fit.temperatures(-10.0, 45.0), *fit.charges(0.1, 0.9), *fit.rates(-1.5, 3.0)] == []
    assert [*fit.temperatures(-10.5, 46.0)] == [(Fitted.COLD, -10.5, -10.0), (Fitted.HOT, 46.0, 45.0)]
    assert [*fit.charges(0.05, 0.95)] == [(Fitted.EMPTY, 0.05, 0.1), (Fitted.FULL, 0.95, 0.9)]
    assert [*fit.rates(-1.6, 3.1)] == [(Fitted.DISCHARGE, 3.1, 3.0), (Fitted.CHARGE, 1.6, 1.5)]
