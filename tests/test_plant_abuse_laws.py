"""Decomposition, collapse, plating and a water-based cell's gas, each by its own law from figures of its file."""

import math
from dataclasses import replace

import numpy as np
import pytest

from bench.plant.abuse_facts import AbuseFacts, Order, Reaction
from bench.plant.aqueous import Aqueous
from bench.plant.chemistry import Chemistry
from bench.plant.runaway import CellAtWork, Runaway, Variation

R_J_MOL_K, F_C_MOL = 8.314462618, 96485.33212
NMC, ZINC = Chemistry.load("nmc").abuse, Chemistry.load("zn_chitosan").abuse
NEVER_C = 1e4


def work(temp_c: float, count: int = 1, **told: float) -> CellAtWork:
    """Half full at rest, in a bath that takes up every heat, unless told otherwise."""
    values = {"dt_s": 1.0, "soc": 0.5, "voltage_v": 3.7, "open_circuit_v": 3.7, "current_a": 0.0, **told}
    arrays = {key: np.full(count, values[key]) for key in values if key != "dt_s"}
    arrays.setdefault("capacity_j_k", np.full(count, 1e9))
    return CellAtWork(
        dt_s=values["dt_s"], temp_c=np.full(count, temp_c), capacity_ah=np.full(count, 50.0), **arrays
    )


def reaction(order: Order, **told: float) -> Reaction:
    given = {
        "a_1_s": 1e10,
        "ea_j_mol": 1e5,
        "heat_j": 2e4,
        "c0": 0.8,
        "t_on_c": -273.15,
        "z0": 1.0,
        "regen": 0.0,
    }
    given |= told
    given.setdefault("a2_1_s", given["a_1_s"])
    given.setdefault("t_switch_c", math.inf)
    return Reaction(name=str(order), order=order, **given)


def of(*reactions: Reaction, count: int = 1, **changed: float) -> Runaway:
    facts: AbuseFacts = replace(NMC, reactions=reactions, **{"isc_trigger_c": NEVER_C, **changed})
    return Runaway(facts, count, energy_j=6e5)


def rate_1_s(a_1_s: float, ea_j_mol: float, temp_c: float) -> float:
    return a_1_s * math.exp(-ea_j_mol / (R_J_MOL_K * (temp_c + 273.15)))


def held(runaway: Runaway, cell: CellAtWork, steps: int) -> float:
    """The heat of so many steps, in J."""
    short_ohm = np.full(runaway.count, math.inf)
    return sum(float(runaway.step(cell, short_ohm)[0]) for _ in range(steps)) * cell.dt_s


@pytest.mark.parametrize("temp_c", [70.0, 95.0, 120.0])
def test_a_reaction_of_first_order_leaves_e_to_the_minus_k_t_and_gives_the_rest_as_heat(
    temp_c: float,
) -> None:
    runaway = of(reaction(Order.FIRST))
    heat_j = held(runaway, work(temp_c), 50)
    left = 0.8 * math.exp(-50.0 * rate_1_s(1e10, 1e5, temp_c))
    assert float(runaway.left[0, 0]) == pytest.approx(left, rel=1e-9)
    assert heat_j == pytest.approx(2e4 * (0.8 - left), rel=1e-9)


def test_below_its_onset_a_reaction_rests_and_above_its_switch_it_has_its_second_rate() -> None:
    for temp_c, a_1_s in ((99.0, 0.0), (100.0, 1e10), (109.9, 1e10), (110.0, 5e10)):
        runaway = of(reaction(Order.FIRST, t_on_c=100.0, a2_1_s=5e10, t_switch_c=110.0))
        held(runaway, work(temp_c), 10)
        assert float(runaway.left[0, 0]) == pytest.approx(0.8 * math.exp(-10 * rate_1_s(a_1_s, 1e5, temp_c)))
    quiet = of(reaction(Order.FIRST, a_1_s=1e14))
    assert (
        held(quiet, work(55.0), 10) == 0.0
        and quiet.cool(np.array([54.9]))
        and not quiet.cool(np.array([55.0]))
    )


def test_an_autocatalytic_reaction_follows_the_logistic_curve() -> None:
    runaway = of(reaction(Order.AUTOCATALYTIC, c0=0.01, a_1_s=8e11))
    heat_j = held(runaway, work(105.0), 300)
    grown = math.exp(300.0 * rate_1_s(8e11, 1e5, 105.0))
    reacted = 0.01 * grown / (0.99 + 0.01 * grown)
    assert 0.05 < reacted < 0.9
    assert float(runaway.left[0, 0]) == pytest.approx(reacted, rel=1e-9)
    assert heat_j == pytest.approx(2e4 * (reacted - 0.01), rel=1e-9)


def test_a_layer_that_the_reaction_itself_makes_slows_it() -> None:
    """dc/dt = -k c exp(-z/z0), dz/dt = -dc/dt, by small steps of its own."""
    runaway = of(reaction(Order.SEI_LIMITED_Z, z0=0.1, a_1_s=5e11))
    heat_j = held(runaway, work(110.0, dt_s=0.2), 500)
    k, c, z = rate_1_s(5e11, 1e5, 110.0), 0.8, 0.1
    for _ in range(100_000):
        gone = k * c * math.exp(-z / 0.1) * 1e-3
        c, z = c - gone, z + gone
    assert 0.05 < 0.8 - c < 0.7
    assert float(runaway.left[0, 0]) == pytest.approx(c, rel=2e-3)
    assert heat_j == pytest.approx(2e4 * (0.8 - c), rel=5e-3)


def test_the_layer_shields_the_anode_which_makes_it_anew() -> None:
    """dc/dt = -k c exp(-s), ds/dt = -k_s s - 5 dc/dt, by small steps of its own."""
    sei = reaction(Order.SEI_REGEN, c0=0.15, regen=5.0, a_1_s=2e12)
    runaway = of(sei, reaction(Order.SEI_LIMITED_C, heat_j=5e4, a_1_s=1e12))
    heat_j = held(runaway, work(105.0, dt_s=0.1), 1000)
    k_s, k, s, c, due_j = rate_1_s(2e12, 1e5, 105.0), rate_1_s(1e12, 1e5, 105.0), 0.15, 0.8, 0.0
    for _ in range(50_000):
        of_layer, of_anode = k_s * s * 2e-3, k * c * math.exp(-s) * 2e-3
        s, c = min(1.0, s - of_layer + 5.0 * of_anode), c - of_anode
        due_j += 2e4 * of_layer + 5e4 * of_anode
    assert runaway.left[:, 0] == pytest.approx([s, c], rel=5e-3)
    assert heat_j == pytest.approx(due_j, rel=5e-3)


def test_a_layer_grows_back_to_what_a_new_one_was_and_no_thicker() -> None:
    """Ten times what the anode loses would be more than three whole layers."""
    runaway = of(
        reaction(Order.SEI_REGEN, c0=1.0, regen=10.0, a_1_s=1e-9),
        reaction(Order.SEI_LIMITED_C, a_1_s=1e12),
    )
    held(runaway, work(110.0), 60)
    assert float(runaway.left[1, 0]) < 0.5, "the anode has given enough for it"
    assert float(runaway.left[0, 0]) == pytest.approx(1.0, abs=1e-9)


def test_a_cell_without_reactions_has_a_separator_that_collapses_and_no_other_heat() -> None:
    runaway = of(count=2, isc_trigger_c=150.0, isc_fraction=0.25, isc_tau_s=10.0)
    assert held(runaway, work(149.0, count=2), 5) == 0.0
    assert held(runaway, work(150.0, count=2), 300) == pytest.approx(0.25 * 6e5, rel=1e-4)


def test_a_layer_of_first_order_shields_the_anode_by_its_name() -> None:
    sei = replace(reaction(Order.FIRST, c0=0.5, a_1_s=1e-9), name="sei")
    runaway = of(sei, reaction(Order.SEI_LIMITED_C, a_1_s=1e12))
    held(runaway, work(100.0), 5)
    shielded = rate_1_s(1e12, 1e5, 100.0) * math.exp(-0.5)
    assert runaway.left[:, 0] == pytest.approx([0.5, 0.8 * math.exp(-5.0 * shielded)], rel=1e-6)


def test_cells_may_differ_from_the_file_in_rates_heats_and_temperatures() -> None:
    runaway = of(reaction(Order.FIRST), reaction(Order.FIRST, heat_j=1e4), count=2, t_vent_c=120.0)
    runaway.vary(
        Variation(
            reaction_rate=np.array([1.0, 2.0]),
            reaction_heat=np.array([1.0, 1.5]),
            each_rate=np.array([[1.0, 3.0], [1.0, 0.5]]),
            each_heat=np.array([[1.0, 0.5], [1.0, 2.0]]),
            vent_shift_k=np.array([0.0, -5.0]),
        )
    )
    heat_w = runaway.step(work(118.0, count=2), np.full(2, math.inf))
    k = rate_1_s(1e10, 1e5, 118.0)
    left = 0.8 * np.exp(-k * np.array([[1.0, 6.0], [1.0, 1.0]]))
    assert runaway.left == pytest.approx(left, rel=1e-9)
    gone = 0.8 - left
    due_w = [2e4 * gone[0, 0] + 1e4 * gone[1, 0], 1.5 * (0.5 * 2e4 * gone[0, 1] + 2.0 * 1e4 * gone[1, 1])]
    assert heat_w == pytest.approx(due_w, rel=1e-9)
    assert runaway.vented.tolist() == [False, True]


def test_a_collapsed_separator_gives_its_share_of_the_energy_with_its_time_constant_and_takes_the_voltage() -> (
    None
):
    runaway = of(reaction(Order.FIRST, a_1_s=1e-9), isc_trigger_c=150.0, isc_fraction=0.28, isc_tau_s=10.0)
    assert held(runaway, work(149.9), 3) == pytest.approx(0.0, abs=1e-6) and not runaway.collapsed[0]
    heat_j = held(runaway, work(150.0), 7)
    kept = math.exp(-0.7)
    assert heat_j == pytest.approx(0.28 * 6e5 * (1.0 - kept), rel=1e-6)
    assert float(runaway.survival[0]) == pytest.approx(kept, rel=1e-9)
    heat_j += held(runaway, work(60.0), 200)
    assert heat_j == pytest.approx(0.28 * 6e5, rel=1e-4), "it goes on when it has cooled"
    earlier = of(reaction(Order.FIRST, a_1_s=1e-9), isc_trigger_c=150.0, isc_fraction=0.28, isc_tau_s=10.0)
    earlier.vary(Variation(trigger_shift_k=-10.0, short_heat=0.5))
    assert held(earlier, work(140.0), 7) == pytest.approx(0.5 * 0.28 * 6e5 * (1.0 - kept), rel=1e-6)


def test_runaway_is_a_kelvin_a_second_of_its_own() -> None:
    for capacity_j_k, runs in ((500.0, True), (800.0, False)):
        runaway = of(reaction(Order.FIRST, a_1_s=1e13, heat_j=2e4))
        cell = work(90.0, capacity_j_k=capacity_j_k)
        heat_w = float(runaway.step(cell, np.full(1, math.inf))[0])
        assert bool(runaway.runaway[0]) is runs is (heat_w / capacity_j_k > 1.0)


@pytest.mark.parametrize("dt_s", [0.1, 1.0])
def test_a_cell_that_takes_off_within_a_step_gives_all_it_has_and_no_more(dt_s: float) -> None:
    """In sub-steps: 20 kJ of a tenth-order rise, whatever the step."""
    runaway = of(reaction(Order.FIRST, a_1_s=1e14, c0=1.0))
    cell, total_j = work(100.0, dt_s=dt_s, capacity_j_k=200.0), 0.0
    for _ in range(round(60 / dt_s)):
        heat_w = float(runaway.step(cell, np.full(1, math.inf))[0])
        total_j += heat_w * dt_s
        cell.temp_c[0] += heat_w * dt_s / 200.0
    assert total_j == pytest.approx(2e4, rel=1e-6)
    assert float(cell.temp_c[0]) == pytest.approx(200.0, abs=1e-3)
    assert float(runaway.left[0, 0]) == pytest.approx(0.0, abs=1e-6)


def test_overcharge_heats_by_the_share_that_no_longer_charges_and_plates_the_rest() -> None:
    """Half-way between the two voltages half of 50 A heats; 10 % beyond plating leave 0.05 x 50 Ah / F of lithium."""
    runaway = of(
        reaction(Order.FIRST, a_1_s=1e-9),
        v_side_start=4.6,
        v_side_full=5.0,
        plating_soc=1.1,
        plated_a_1_s=0.0,
    )
    cell = work(25.0, soc=1.2, voltage_v=4.8, open_circuit_v=4.7, current_a=-50.0)
    assert float(runaway.step(cell, np.full(1, math.inf))[0]) == pytest.approx(0.5 * 50.0 * 4.7)
    plated_mol = 0.1 * 0.5 * 50.0 * 3600.0 / F_C_MOL
    assert float(runaway._plated_mol[0]) == pytest.approx(plated_mol)
    runaway.step(cell, np.full(1, math.inf))
    assert float(runaway._plated_mol[0]) == pytest.approx(plated_mol), "no more charge, no more lithium"
    for voltage_v, current_a, share in ((4.5, -50.0, 0.0), (5.5, -50.0, 1.0), (4.8, 50.0, 0.0)):
        again = of(
            reaction(Order.FIRST, a_1_s=1e-9),
            v_side_start=4.6,
            v_side_full=5.0,
            plating_soc=1.1,
            plated_a_1_s=0.0,
        )
        one = work(25.0, voltage_v=voltage_v, open_circuit_v=4.7, current_a=current_a)
        assert float(again.step(one, np.full(1, math.inf))[0]) == pytest.approx(share * 50.0 * 4.7)
    shifted = of(
        reaction(Order.FIRST, a_1_s=1e-9),
        v_side_start=4.6,
        v_side_full=5.0,
        plating_soc=1.1,
        plated_a_1_s=0.0,
    )
    shifted.vary(Variation(side_shift_v=0.1, plating_shift=0.05))
    assert float(shifted.step(cell, np.full(1, math.inf))[0]) == pytest.approx(0.25 * 50.0 * 4.7)
    assert float(shifted._plated_mol[0]) == pytest.approx(0.05 * 0.75 * 50.0 * 3600.0 / F_C_MOL)


def test_plated_lithium_burns_by_its_own_rate_and_heat() -> None:
    runaway = of(
        *(reaction(Order.FIRST, a_1_s=1e-9),),
        v_side_start=9.0,
        v_side_full=9.5,
        plating_soc=1.1,
        plated_a_1_s=1e12,
        plated_ea_j_mol=1e5,
        plated_h_j_mol=1.7e5,
    )
    runaway.vary(Variation(plated_heat=0.5))
    held(runaway, work(25.0, soc=1.2), 1)
    plated_mol = 0.1 * 50.0 * 3600.0 / F_C_MOL
    heat_j = held(runaway, work(80.0, soc=1.2), 20)
    burnt_mol = plated_mol * (1.0 - math.exp(-20.0 * rate_1_s(1e12, 1e5, 80.0)))
    assert heat_j == pytest.approx(0.5 * 1.7e5 * burnt_mol, rel=1e-3)


def test_copper_dissolves_below_the_files_charge_and_leaves_half_an_ohm() -> None:
    runaway = of(reaction(Order.FIRST, a_1_s=1e-9), count=2, overdischarge_isc_soc=-0.12)
    cell, short_ohm = work(25.0, count=2), np.array([math.inf, 0.1])
    cell.soc[:] = -0.12
    runaway.step(cell, short_ohm)
    assert short_ohm.tolist() == [math.inf, 0.1]
    cell.soc[:] = -0.121
    runaway.step(cell, short_ohm)
    assert short_ohm.tolist() == [0.5, 0.1]


# -- a cell with water in it ------------------------------------------------------------------------------------------

AIR_PA, WATER_KG_MOL = 101325.0, 0.018015


def wet(count: int = 1) -> Aqueous:
    assert ZINC.water is not None
    return Aqueous(ZINC, ZINC.water, count)


def gauge_pa(temp_c: float, gas_mol: float, air: bool = True) -> float:
    """Ideal gas of 30 ml, air that was shut in at 25 degC, steam by Clausius and Clapeyron from 101 degC."""
    kelvin = temp_c + 273.15
    air_pa = AIR_PA * kelvin / 298.15 if air else 0.0
    above = 1.0 / (101.0 + 273.15) - 1.0 / kelvin
    steam_pa = AIR_PA * math.exp(2.26e6 * WATER_KG_MOL / R_J_MOL_K * above)
    return gas_mol * R_J_MOL_K * kelvin / 3e-5 + air_pa + steam_pa - AIR_PA


@pytest.mark.parametrize("temp_c", [25.0, 60.0, 110.0])
def test_the_can_holds_ideal_gas_and_steam_and_opens_at_its_valves_pressure(temp_c: float) -> None:
    can = wet(2)
    for gas_mol in (0.0, 1e-3, 3e-3):
        can.gas_mol[:] = [gas_mol, 0.0]
        due = [gauge_pa(temp_c, gas_mol), gauge_pa(temp_c, 0.0)]
        assert can.gauge_pa(np.full(2, temp_c)) == pytest.approx(due, rel=1e-9)
    at_valve = (5e5 - gauge_pa(temp_c, 0.0)) / (R_J_MOL_K * (temp_c + 273.15)) * 3e-5
    for share, opens in ((0.999, False), (1.001, True)):
        can = wet()
        can.gas_mol[0] = at_valve * share
        can.corrode(np.zeros(1), np.full(1, temp_c))
        assert bool(can.vented[0]) is opens
        assert float(can.gas_mol[0]) == (0.0 if opens else at_valve * share)
        if opens:
            assert can.gauge_pa(np.full(1, temp_c)) == pytest.approx([gauge_pa(temp_c, 0.0, air=False)])
    dry = wet()
    dry.lost_kg[:] = 0.2
    assert dry.gauge_pa(np.full(1, temp_c)) == pytest.approx([AIR_PA * (temp_c + 273.15) / 298.15 - AIR_PA])


def test_a_can_may_differ_in_headspace_and_in_what_does_not_recombine() -> None:
    can = wet()
    can.vary(Variation(headspace=2.0, gas=0.5, side_shift_v=0.1))
    can.gas_mol[:] = 1e-3
    halved_pa = 1e-3 * R_J_MOL_K * 298.15 / 6e-5
    assert float(can.gauge_pa(np.full(1, 25.0))[0]) == pytest.approx(
        halved_pa + gauge_pa(25.0, 0.0), rel=1e-9
    )
    can.step(work(25.0, soc=1.05, voltage_v=1.8, current_a=-50.0), np.full(1, math.inf))
    assert float(can.hydrogen_mol[0]) == pytest.approx(0.5 * 0.5 * 50.0 * 0.8 / (2 * F_C_MOL))


@pytest.mark.parametrize(("voltage_v", "share"), [(1.5, 0.0), (1.6, 0.25), (1.9, 1.0), (2.4, 1.0)])
def test_splitting_water_makes_hydrogen_by_faraday_half_as_much_oxygen_and_the_rest_heat(
    voltage_v: float, share: float
) -> None:
    can = wet()
    heat_w = can.step(
        work(25.0, soc=1.05, voltage_v=voltage_v, current_a=-50.0, dt_s=0.5), np.full(1, math.inf)
    )
    hydrogen_mol = share * 50.0 * 0.5 * 0.8 / (2 * F_C_MOL)
    assert float(can.hydrogen_mol[0]) == pytest.approx(hydrogen_mol)
    assert float(can.gas_mol[0]) == pytest.approx(1.5 * hydrogen_mol)
    assert float(can.hydrogen_l[0]) == pytest.approx(hydrogen_mol * R_J_MOL_K * 298.15 / 1e5 * 1e3, rel=0.02)
    assert float(heat_w[0]) == pytest.approx(share * 50.0 * max(0.0, voltage_v - 0.8 * 1.48))
    assert float(can.extra_w[0]) == float(heat_w[0])
    resting = wet()
    resting.step(work(25.0, voltage_v=voltage_v, current_a=50.0), np.full(1, math.inf))
    assert float(resting.gas_mol[0]) == 0.0


@pytest.mark.parametrize(
    ("soc", "share"), [(0.01, 0.0), (0.0, 0.0), (-0.015, 0.5), (-0.03, 1.0), (-0.2, 1.0)]
)
def test_a_cell_that_is_driven_below_empty_makes_hydrogen_alone(soc: float, share: float) -> None:
    can = wet()
    can.step(work(25.0, soc=soc, voltage_v=0.1, current_a=40.0), np.full(1, math.inf))
    assert float(can.hydrogen_mol[0]) == pytest.approx(share * 40.0 * 0.8 / (2 * F_C_MOL))
    assert float(can.gas_mol[0]) == float(can.hydrogen_mol[0])
    for amps in (0.0, -40.0):
        resting = wet()
        resting.step(work(25.0, soc=soc, voltage_v=0.1, current_a=amps), np.full(1, math.inf))
        assert float(resting.gas_mol[0]) == 0.0, "nothing drives it below empty"
    grown = 1.0 + 4.0 * min(1.0, max(0.0, -soc / 0.1))
    assert can.passivation(np.array([soc])) == pytest.approx([grown])


def test_zinc_that_is_plated_beyond_its_place_shorts_its_cell() -> None:
    can, short_ohm = wet(3), np.array([math.inf, math.inf, 0.01])
    cell = work(25.0, count=3, voltage_v=1.3)
    cell.soc[:] = [1.15, 1.151, 1.2]
    can.step(cell, short_ohm)
    assert short_ohm.tolist() == [math.inf, 0.05, 0.01]


def test_corrosion_makes_its_charges_hydrogen_as_far_as_the_cell_is_wet() -> None:
    can = wet(2)
    can.lost_kg[1] = 0.5 * 0.3 * 0.2
    assert can.moist == pytest.approx([1.0, 0.5])
    can.corrode(np.full(2, 100.0), np.full(2, 25.0))
    due_mol = 100.0 * 0.8 / (2 * F_C_MOL)
    assert can.hydrogen_mol == pytest.approx([due_mol, 0.5 * due_mol])
    assert can.gas_mol == pytest.approx([due_mol, 0.5 * due_mol])
    can.lost_kg[1] = 0.1
    assert can.moist.tolist() == [1.0, 0.0]


def test_water_boils_where_its_steam_alone_opens_the_valve_and_takes_its_latent_heat() -> None:
    """Clausius and Clapeyron from 101 degC at one bar to six: 159 degC by the file's latent heat."""
    can = wet(2)
    inverse_k = 1 / 374.15 - math.log((AIR_PA + 5e5) / AIR_PA) * R_J_MOL_K / (2.26e6 * WATER_KG_MOL)
    assert can.boils_at_c == pytest.approx(1 / inverse_k - 273.15, abs=1e-6)
    temp_c = np.array([can.boils_at_c, can.boils_at_c - 1.0])
    assert not can.boil(temp_c, np.full(2, 2000.0)) and not can.vented.any()
    temp_c[0] += 10.0
    can.gas_mol[:] = 1e-3
    assert can.boil(temp_c, np.full(2, 2000.0))
    assert temp_c == pytest.approx([can.boils_at_c, can.boils_at_c - 1.0])
    assert can.lost_kg == pytest.approx([10.0 * 2000.0 / 2.26e6, 0.0])
    assert (can.boiled.tolist(), can.vented.tolist()) == ([True, False], [True, False])
    assert can.gas_mol.tolist() == [0.0, 1e-3] and not can.dry.any()
    temp_c[0] += 100.0
    can.boil(temp_c, np.full(2, 2000.0))
    assert can.dry.tolist() == [True, False], "0.3 of 200 g"
    temp_c[0] += 1000.0
    can.boil(temp_c, np.full(2, 2000.0))
    assert float(can.lost_kg[0]) == pytest.approx(0.2), "no more than there was"
    left_k = 1000.0 - (0.2 * 2.26e6 - 110.0 * 2000.0) / 2000.0
    assert float(temp_c[0]) == pytest.approx(can.boils_at_c + left_k)
    assert not can.boil(temp_c, np.full(2, 2000.0))
    assert can.cool(np.full(2, 54.9)) and not can.cool(np.array([20.0, 55.0]))


def test_gas_of_each_step_adds_to_that_of_the_steps_before() -> None:
    can = wet()
    for number in (1, 2, 3):
        can.step(work(25.0, soc=1.05, voltage_v=1.6, current_a=-8.0), np.full(1, math.inf))
        assert float(can.gas_mol[0]) == pytest.approx(1.5 * number * 0.25 * 8.0 * 0.8 / (2 * F_C_MOL))
