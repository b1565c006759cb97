"""A cell by closed forms of its file: RC pairs, charge transfer, Arrhenius, diffusion, hysteresis, leak, heat."""

import math
import random
import tomllib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bench.plant.abuse_facts import Limit
from bench.plant.cells import Cells
from bench.plant.chemistry import SHIPPED, Chemistry
from bench.plant.limiting import LimitingCurrent
from bench.plant.self_discharge import SelfDischarge
from bench.plant.spread import Ageing, Spread
from bench.plant.temperature import TemperatureFactors

R_J_MOL_K, F_C_MOL, ROOM_K = 8.314462618, 96485.33212, 298.15
ALIKE = Spread(capacity=0.0, resistance=0.0)
FILES: dict[str, dict[str, Any]] = {
    name: tomllib.loads((SHIPPED / f"{name}.toml").read_text(encoding="utf-8"))
    for name in Chemistry.shipped()
}
READ = {name: Chemistry.load(name) for name in FILES}
HOT_COLD_C = (45.0, 25.0, -10.0)


def slower(ea_j_mol: float, temp_c: float) -> float:
    """Arrhenius: by how much larger than at 25 degC."""
    return math.exp(ea_j_mol / R_J_MOL_K * (1.0 / (temp_c + 273.15) - 1.0 / ROOM_K))


def cells_of(name: str, soc: float, temp_c: float = 25.0, count: int = 1, **options: Any) -> Cells:
    """In a bath that keeps its temperature."""
    cells = Cells(
        READ[name],
        count=count,
        soc=soc,
        temp_c=temp_c,
        rng=random.Random(1),
        spread=ALIKE,
        **options,
    )
    cells.thermal.capacity_j_k[:] = 1e12
    return cells


def looked_up(name: str, section: str, key: str, soc: float) -> float:
    table = FILES[name][section]
    return float(np.interp(soc, table["soc"], table[key]))


@pytest.mark.parametrize("temp_c", HOT_COLD_C)
@pytest.mark.parametrize("dt_s", [0.1, 1.0])
def test_two_rc_pairs_charge_and_relax_by_their_time_constants(temp_c: float, dt_s: float) -> None:
    """Zinc between 40 and 60 %: 0.128, 0.112 and 0.16 mohm, 1 s and 60 s, each slower in the cold by its own energy."""
    cells = cells_of("zn_chitosan", 0.55, temp_c)
    file, amps = FILES["zn_chitosan"], 50.0
    at = {one: slower(file["ecm"][f"Ea_{one}_J_mol"]["v"], temp_c) for one in ("R0", "R1", "R2")}
    fast_v = slow_v = t_s = 0.0
    soc = 0.55
    for current_a, seconds in ((amps, 20), (0.0, 30)):
        begun = fast_v, slow_v, t_s
        for _ in range(round(seconds / dt_s)):
            cells.step(dt_s, current_a)
            t_s += dt_s
            soc -= current_a * dt_s / 3600.0 / 50.0
            due = []
            for start_v, ohm, tau_s, one in (
                (begun[0], 0.112e-3, 1.0, "R1"),
                (begun[1], 0.16e-3, 60.0, "R2"),
            ):
                end_v = current_a * ohm * at[one]
                due.append(end_v + (start_v - end_v) * math.exp(-(t_s - begun[2]) / (tau_s * at[one])))
            fast_v, slow_v = due
            volt = (
                looked_up("zn_chitosan", "ocv", "V", soc) - current_a * 0.128e-3 * at["R0"] - fast_v - slow_v
            )
            assert float(cells.voltage_v[0]) == pytest.approx(volt, abs=2e-5)


@pytest.mark.parametrize("name", ["nmc", "lfp", "na_ion"])
@pytest.mark.parametrize("temp_c", HOT_COLD_C)
def test_at_once_a_cell_drops_by_its_resistance_and_charge_transfer(name: str, temp_c: float) -> None:
    """R0 I + 2RT/F asinh(I / 2 I0); aged, R0 and 1/I0 grow alike."""
    soc = 0.37
    for growth in (0.0, 0.5):
        cells = cells_of(name, soc, temp_c, ageing=Ageing(resistance_growth=growth))
        circuit = FILES[name]["ecm_bv"]
        ohm = looked_up(name, "ecm_bv", "R0_ohm", soc) * slower(circuit["Ea_R0_J_mol"]["v"], temp_c)
        i0_a = looked_up(name, "ecm_bv", "I0_A", soc) / slower(circuit["Ea_I0_J_mol"]["v"], temp_c)
        thermal_v = 2.0 * R_J_MOL_K * (temp_c + 273.15) / F_C_MOL
        rest_v = looked_up(name, "ocv", "V", soc)
        rest_v += looked_up(name, "entropic", "dUdT_V_per_K", soc) * (temp_c - 25.0)
        assert float(cells.voltage_v[0]) == pytest.approx(rest_v, abs=1e-9)
        for amps in (-70.0, 5.0, 140.0):
            bent = amps * (1.0 + growth) / (2.0 * i0_a)
            drop_v = ohm * (1.0 + growth) * amps + thermal_v * math.asinh(bent)
            assert float(cells.voltage_at(amps)[0]) == pytest.approx(rest_v - drop_v, rel=1e-9)
            slope_ohm = ohm * (1.0 + growth) + thermal_v * (1.0 + growth) / (2.0 * i0_a) / math.hypot(
                1.0, bent
            )
            assert float(cells.slope_ohm(amps)[0]) == pytest.approx(slope_ohm, rel=1e-9)
            apart_v = cells.voltage_at(amps + 0.1) - cells.voltage_at(amps - 0.1)
            assert float(apart_v[0]) == pytest.approx(-0.2 * slope_ohm, rel=1e-3)


@pytest.mark.parametrize("temp_c", HOT_COLD_C)
def test_the_surface_runs_ahead_of_the_mean_by_its_lag_and_with_its_time_constant(temp_c: float) -> None:
    """z -> share lag w I / (3600 Q), with tau w; w = Arrhenius. Its voltage is that of the surface's charge."""
    cells = cells_of("na_ion", 0.5, temp_c)
    facts = FILES["na_ion"]["diffusion"]
    w = slower(facts["Ea_J_mol"]["v"], temp_c)
    due = 0.0
    assert cells._surface is not None
    for current_a, seconds in ((60.0, 90), (-30.0, 60)):
        for _ in range(seconds):
            cells.step(1.0, current_a)
            aim = facts["lag_s"]["v"] * w * current_a / (3600.0 * 50.0)
            due = aim + (due - aim) * math.exp(-1.0 / (facts["tau_s"]["v"] * w))
        soc = float(cells.soc[0])
        below_v = looked_up("na_ion", "ocv", "V", soc) - looked_up("na_ion", "ocv", "V", soc - due)
        assert float(cells._surface.lag[0]) == pytest.approx(due, rel=1e-6)
        assert float(cells._surface.drop_v[0]) == pytest.approx(below_v, abs=2e-4)


def test_hysteresis_follows_the_charge_that_has_flowed_whichever_way() -> None:
    """h -> -sign(I), by e^(-dSoC / 0.05); 12 mV either way."""
    cells, bare = cells_of("lfp", 0.5, hysteresis=True), cells_of("lfp", 0.5, hysteresis=False)
    state = 0.0
    for current_a, seconds in ((50.0, 100), (-25.0, 300)):
        for _ in range(seconds):
            cells.step(1.0, current_a)
            bare.step(1.0, current_a)
        moved = abs(current_a) * seconds / 3600.0 / 50.0
        state = -math.copysign(1.0, current_a) + (state + math.copysign(1.0, current_a)) * math.exp(
            -moved / 0.05
        )
        assert float(cells.hysteresis_state[0]) == pytest.approx(state, abs=2e-3)
        apart_v = float(cells.voltage_v[0] - bare.voltage_v[0])
        assert apart_v == pytest.approx(0.012 * float(cells.hysteresis_state[0]), abs=1e-9)


@pytest.mark.parametrize("name", Chemistry.shipped())
def test_a_leak_is_that_of_the_file_and_quicker_when_warm_by_arrhenius(name: str) -> None:
    cell = FILES[name]["cell"]
    month = cell["self_discharge_pct_month_25C"]["v"] / 100.0
    for temp_c in (25.0, 45.0):
        cells = cells_of(name, 0.8, temp_c, count=2)
        cells.stand(3700.0)
        quicker = 1.0 / slower(cell["self_discharge_Ea_J_mol"]["v"], temp_c)
        due = month / (30 * 86400) * 3700.0 * quicker
        assert 0.8 - float(cells.soc[1]) == pytest.approx(due, rel=4e-3)


def test_a_leak_empties_a_cell_to_nothing_it_could_drive_and_no_further() -> None:
    leak = SelfDischarge(READ["nmc"])
    assert not leak.due
    leak.waiting_s = 10.0
    assert leak.due
    leak.waiting_s = 365 * 86400.0
    left = leak.left(np.array([0.9, 0.001, -0.045]), np.zeros(3))
    month = FILES["nmc"]["cell"]["self_discharge_pct_month_25C"]["v"] / 100.0
    at_0_v = -0.04  # where the file's voltage crosses nothing
    assert left == pytest.approx([0.9 - month * 365 / 30, at_0_v, -0.045], abs=1e-9)
    assert leak.waiting_s == 0.0


@pytest.mark.parametrize("name", Chemistry.shipped())
def test_charge_moves_by_the_current_and_on_the_way_in_by_the_efficiency(name: str) -> None:
    file = replace(READ[name], self_discharge_1_s=0.0)
    cells = Cells(file, count=2, soc=0.5, temp_c=25.0, rng=random.Random(1), spread=ALIKE)
    cells.capacity_ah[1] = 40.0
    efficiency = FILES[name]["cell"]["coulombic_efficiency"]["v"]
    for amps, counted in ((36.0, 36.0), (-36.0, -36.0 * efficiency)):
        before = cells.soc.copy()
        for _ in range(50):
            cells.step(0.2, amps)
        assert before - cells.soc == pytest.approx([counted / 360 / 50, counted / 360 / 40], rel=1e-9)
    before = cells.soc.copy()
    cells.step(1.0, np.array([18.0, -18.0]))
    assert before - cells.soc == pytest.approx([18 / 3600 / 50, -18 * efficiency / 3600 / 40], rel=1e-9)


def test_cells_in_a_row_warm_and_cool_as_the_equations_of_their_conductances_say() -> None:
    """C dT/dt = -G T + P, solved by the network's own modes; explicit steps of 1 s come within 1 %."""
    cells = cells_of("nmc", 0.5, 20.0, count=4, coolant_k_w=1.5)
    thermal = cells.thermal
    thermal.capacity_j_k[:] = [800.0, 900.0, 1000.0, 1100.0]
    thermal.ambient_k_w[:] = [2.0, 3.0, 4.0, 5.0]
    thermal.barrier_k_w[:] = [0.5, 2.0, math.inf]
    thermal.ambient_c, thermal.coolant_c, thermal.cooling = 30.0, 5.0, 0.5
    cells.heat_w[:] = [0.0, 10.0, 0.0, 3.0]
    outward = np.array([1 / 2, 1 / 3, 1 / 4, 1 / 5])
    to_coolant = 0.5 / 1.5
    g = np.diag(outward + to_coolant)
    for k, between in enumerate((2.0, 0.5, 0.0)):
        g[k, k] += between
        g[k + 1, k + 1] += between
        g[k, k + 1] -= between
        g[k + 1, k] -= between
    capacity = np.array([800.0, 900.0, 1000.0, 1100.0])
    end_c = np.linalg.solve(g, outward * 30.0 + to_coolant * 5.0 + cells.heat_w)
    rates, modes = np.linalg.eig(g / capacity[:, None])
    for seconds in (60, 600):
        for _ in range(seconds if seconds == 60 else 540):
            cells.step(1.0, 0.0)
        shares = np.linalg.solve(modes, 20.0 - end_c)
        due_c = end_c + modes @ (shares * np.exp(-rates * seconds))
        assert cells.temp_c == pytest.approx(due_c, abs=0.02)
    rest_c = (outward.mean() * 30.0 + to_coolant * 5.0) / (outward.mean() + to_coolant)
    assert thermal.rest_c() == pytest.approx(rest_c)
    thermal.cooling = -1.0
    assert thermal.rest_c() == pytest.approx(30.0), "a lost cooling heats nothing"


def test_cells_that_have_stood_are_where_their_surroundings_put_them() -> None:
    cells = cells_of("nmc", 0.5, 20.0, count=2, coolant_k_w=1.5)
    cells.thermal.capacity_j_k[:] = 900.0
    cells.ambient_c, cells.thermal.coolant_c = 30.0, 5.0
    cells.stand(3 * 86400.0)
    air, coolant = 1 / FILES["nmc"]["thermal"]["R_th_ambient_K_W"]["v"], 1 / 1.5
    assert cells.temp_c == pytest.approx([(air * 30.0 + coolant * 5.0) / (air + coolant)] * 2, abs=1e-6)
    assert (cells.ambient_c, cells.count) == (30.0, 2)


@pytest.mark.parametrize("name", ["nmc", "lfp", "zn_chitosan"])
def test_shorts_and_bleeds_draw_what_their_resistance_draws_of_the_cells_own_voltage(name: str) -> None:
    """Kirchhoff: I = I_pack + V / R_short + V / R_bleed, and the short's V^2 / R alone is heat of the cell."""
    cells = cells_of(name, 0.6, count=3)
    cells.thermal.capacity_j_k[:] = 1000.0
    cells.thermal.ambient_k_w[:] = cells.thermal.barrier_k_w[:] = math.inf
    cells.short_ohm[0], cells.balance_ohm[0], cells.balance_ohm[1] = 0.5, 2.0, 0.25
    for _ in range(20):
        before_c = cells.temp_c.copy()
        cells.step(0.5, 10)  # a whole number is taken as readily as a fraction
    volt = cells.voltage_v
    assert cells.cell_current_a == pytest.approx(
        [10.0 + volt[0] / 0.5 + volt[0] / 2.0, 10.0 + volt[1] / 0.25, 10.0], rel=2e-3
    )
    through_a = cells.cell_current_a
    entropic_v_k = np.interp(
        cells.soc, FILES[name]["entropic"]["soc"], FILES[name]["entropic"]["dUdT_V_per_K"]
    )
    heat_w = through_a * (cells.open_circuit_v - volt - (cells.temp_c + 273.15) * entropic_v_k)
    heat_w[0] += volt[0] ** 2 / 0.5
    assert (cells.temp_c - before_c) / 0.5 * 1000.0 == pytest.approx(heat_w, rel=0.02)


def test_a_limit_lets_through_what_its_lagged_current_leaves_of_it() -> None:
    """8C of 50 Ah: the current behind a lag of 10 s may not pass 400 A; what is beyond costs 2 ohm in all."""
    limit = LimitingCurrent(Limit(c_rate=8.0, tau_s=10.0, shutdown_c=130.0), np.array([50.0, 25.0]))
    assert not limit.noticed(50.0) and limit.noticed(50.1), "beyond a quarter of the least limit"
    assert limit.drop_v(1e6, np.array([4.0, 4.0])).tolist() == [0.0, 0.0]
    limit.hold(0.5)
    passed = math.exp(-0.05)
    assert limit.ohm == pytest.approx(2.0 * (1.0 - passed))
    for number in range(1, 21):
        limit.advance(np.array([300.0, 100.0]))
        lagged = np.array([300.0, 100.0]) * (1.0 - passed**number)
        due_a = (np.array([400.0, 200.0]) - passed * lagged) / (1.0 - passed)
        assert limit.free_a == pytest.approx(due_a, rel=1e-9)
    assert limit.awake and not limit.broken
    drop_v = limit.drop_v(limit.free_a + np.array([3.0, -3.0]), np.array([4.0, 4.0]))
    assert drop_v == pytest.approx([3.0 * limit.ohm, 0.0])
    assert limit.drop_v(limit.free_a + 1e5, np.array([4.0, -1.0])).tolist() == [4.0, 0.0]
    limit.vary(np.array([0.5, 2.0]))
    limit.hold(1.0)
    again = math.exp(-0.1)
    due_a = (np.array([200.0, 400.0]) - again * lagged) / (1.0 - again)
    assert limit.free_a == pytest.approx(due_a, rel=1e-9)
    limit.advance(np.zeros(2))
    assert limit.awake, "what has just flowed still counts"
    due_a = (np.array([200.0, 400.0]) - again * again * lagged) / (1.0 - again)
    assert limit.free_a == pytest.approx(due_a, rel=1e-9)
    for _ in range(100):
        limit.advance(np.zeros(2))
    assert not limit.awake and limit.free_a.min() >= 1e12, "what has flowed is forgotten"


def test_a_separator_shuts_over_five_kelvin_for_good_but_for_a_short_within_it() -> None:
    limit = LimitingCurrent(Limit(c_rate=8.0, tau_s=10.0, shutdown_c=130.0), np.array([50.0] * 4))
    limit.shut(np.array([130.0, 25.0, 130.0, 129.0]), np.zeros(4, dtype=np.bool_))
    assert limit.share.tolist() == [1.0] * 4 and not limit.awake
    limit.shut(np.array([25.0, 25.0, 140.0, 25.0]), np.array([False, False, True, False]))
    assert limit.share.tolist() == [1.0] * 4 and not limit.awake, "a short is fed from beside it"
    assert limit.drop_v(1e6, np.full(4, 4.0)).tolist() == [0.0] * 4 and not limit.noticed(99.0)
    limit.shut(np.array([131.0, 25.0, 140.0, 132.5]), np.array([False, False, True, False]))
    assert limit.share == pytest.approx([0.8, 1.0, 1.0, 0.5])
    assert limit.awake and not limit.broken
    limit.shut(np.array([25.0, 25.0, 25.0, 135.0]), np.zeros(4, dtype=np.bool_))
    assert limit.share == pytest.approx([0.8, 1.0, 1.0, 0.0]) and limit.broken
    limit.keep(np.array([0.9, 0.7, 2.0, 0.5]))
    assert limit.share == pytest.approx([0.8, 0.7, 1.0, 0.0])
    limit.hold(1.0)
    assert limit.free_a == pytest.approx(400.0 * limit.share / (1.0 - math.exp(-0.1)))
    none = LimitingCurrent(Limit(c_rate=8.0, tau_s=10.0, shutdown_c=None), np.array([50.0]))
    none.shut(np.array([500.0]), np.zeros(1, dtype=np.bool_))
    assert none.share.tolist() == [1.0]


def test_what_no_cell_can_be_asked_is_refused() -> None:
    cells = cells_of("nmc", 0.5, count=2)
    for dt_s in (0.0, -0.1, 1.001, math.nan):
        with pytest.raises(ValueError, match=r"step of .* s; expected more than 0 and at most 1\.0 s"):
            cells.step(dt_s, 0.0)
    for amps in (math.inf, math.nan, np.array([1.0, math.nan])):
        with pytest.raises(ValueError, match=r"current of .* A; expected a finite number"):
            cells.step(0.1, amps)
    for cell in (-1, 2):
        with pytest.raises(ValueError, match=rf"cell index {cell}; expected 0\.\.1"):
            cells.set_soc(cell, 0.5)
        with pytest.raises(ValueError, match=rf"cell index {cell}; expected 0\.\.1"):
            cells.set_temp(cell, 0.5)
    with pytest.raises(ValueError, match="0 cells; expected at least 1"):
        cells_of("nmc", 0.5, count=0)
    cells.step(1.0, 10)
    cells.set_soc(1, 0.9)
    cells.set_temp(0, 40.0)
    assert (round(float(cells.soc[1]), 9), float(cells.temp_c[0])) == (0.9, 40.0)
    assert cells.soh.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("name", ["nmc", "lfp"])
def test_polarised_is_as_five_minutes_of_the_current_leave_it_at_the_charge_of_now(name: str) -> None:
    polarised, driven = cells_of(name, 0.5), cells_of(name, 0.5 + 40.0 * 300 / 3600 / 50)
    polarised.polarise(40.0)
    for _ in range(300):
        driven.step(1.0, 40.0)
    driven.soc[:] = 0.5
    assert float(polarised.soc[0]) == pytest.approx(0.5, abs=1e-6)
    held_v = float(driven._pairs.fast_v[0] + driven._pairs.slow_v[0])
    assert float(polarised._pairs.fast_v[0] + polarised._pairs.slow_v[0]) == pytest.approx(held_v)
    assert float(polarised.voltage_at(0.0)[0]) < looked_up(name, "ocv", "V", 0.5)
    assert float(polarised.voltage_v[0]) == pytest.approx(float(polarised.voltage_at(0.0)[0]), abs=1e-9)
    polarised.settle()
    assert float(polarised.voltage_v[0]) == pytest.approx(looked_up(name, "ocv", "V", 0.5), abs=1e-3)


def test_a_dying_cell_loses_slope_with_its_voltage_and_stands_for_as_long_as_it_is_told() -> None:
    cells = cells_of("nmc", 0.5, 60.0)
    cells.stand(3.0)
    assert cells.runaway is not None
    whole_ohm, whole_v = float(cells.slope_ohm(20.0)[0]), float(cells.voltage_at(20.0)[0])
    cells.runaway.survival[:] = 0.25
    assert float(cells.slope_ohm(20.0)[0]) == pytest.approx(0.25 * whole_ohm)
    assert float(cells.voltage_at(20.0)[0]) == pytest.approx(0.25 * whole_v)


@pytest.mark.parametrize("name", ["nmc", "zn_chitosan"])
def test_what_is_written_of_a_cells_resistance_counts_from_the_next_step(name: str) -> None:
    cells = cells_of(name, 0.5)
    cells.step(0.01, 50.0)
    before_v = float(cells.voltage_at(0.0)[0] - cells.voltage_at(1e-3)[0])
    cells.resistance_scale[:] = 2.0
    cells.step(0.01, 0.0)
    assert float(cells.voltage_at(0.0)[0] - cells.voltage_at(1e-3)[0]) == pytest.approx(
        2.0 * before_v, rel=1e-2
    )


def test_beyond_full_every_resistance_grows_by_the_files_share_for_each_tenth() -> None:
    cells = cells_of("nmc", 1.0)
    growth = FILES["nmc"]["abuse"]["overcharge"]["R_growth_per_10pct"]["v"]
    slope_ohm = float(cells.slope_ohm(0.0)[0])
    cells.set_soc(0, 1.2)
    assert float(cells.slope_ohm(0.0)[0]) == pytest.approx(slope_ohm * (1.0 + 2.0 * growth), rel=1e-9)


def test_factors_follow_a_hundredth_of_a_kelvin_and_nothing_less() -> None:
    """By Arrhenius at the temperature that was last taken over."""
    circuit = READ["nmc"].circuit
    factors = TemperatureFactors(circuit, 2)
    assert factors.follow(np.zeros(2)), "the first temperature is news"
    assert not factors.follow(np.array([0.0099, -0.0099]))
    assert factors.kelvin.tolist() == [273.15, 273.15]
    assert factors.follow(np.array([0.0, -0.01]))
    assert factors.kelvin == pytest.approx([273.15, 273.14], abs=1e-12)
    assert factors.follow(np.array([0.01, -0.01])), "from where each cell was"


def test_a_cell_that_is_charged_beyond_full_bit_by_bit_is_seen_there_at_once() -> None:
    """R0 and charge transfer grow by the file's share for each tenth that it has gone beyond."""
    cells = cells_of("nmc", 0.997)
    growth = FILES["nmc"]["abuse"]["overcharge"]["R_growth_per_10pct"]["v"]
    r0_ohm, i0_a = (looked_up("nmc", "ecm_bv", key, 1.0) for key in ("R0_ohm", "I0_A"))
    whole_ohm = r0_ohm + R_J_MOL_K * ROOM_K / F_C_MOL / i0_a
    for _ in range(40):
        cells.step(0.5, -50.0)
        beyond = float(cells.soc[0]) - 1.0
        if beyond > 1e-3:
            due_ohm = whole_ohm * (1.0 + growth * beyond / 0.1)
            assert float(cells.slope_ohm(0.0)[0]) == pytest.approx(due_ohm, rel=1e-3)
    assert beyond > 2e-3 and growth > 0.1
    for _ in range(5):
        cells.step(1.0, 300.0)
    soc = float(cells.soc[0])
    assert soc < 1.0
    r0_ohm, i0_a = (looked_up("nmc", "ecm_bv", key, soc) for key in ("R0_ohm", "I0_A"))
    due_ohm = r0_ohm + R_J_MOL_K * ROOM_K / F_C_MOL / i0_a
    assert float(cells.slope_ohm(0.0)[0]) == pytest.approx(due_ohm, rel=1e-4), (
        "and back inside it is as it was"
    )
