"""The parts around the cells, each against its own equation: link, insulation, fuse, contacts, films, taps, sensors."""

import math
import random
from itertools import pairwise

import numpy as np
import pytest

from bench.plant.cells import Cells
from bench.plant.chemistry import Chemistry
from bench.plant.contactors import Contactors
from bench.plant.fuse import CURVE, Fuse, melts_in_s
from bench.plant.isolation import Isolation
from bench.plant.link import DcLink, PrechargePath, siemens_of
from bench.plant.pack_string import PackString, split
from bench.plant.sensing import Thermistors, VoltageTaps
from bench.plant.soiling import Soiling
from bench.plant.spread import Ageing, Spread, scattered
from bench.plant.thermal import ThermalNetwork
from bench.units import NS_PER_MS

NMC, ZINC = Chemistry.load("nmc"), Chemistry.load("zn_chitosan")
MS = NS_PER_MS


# -- link: C dV/dt = I - V/R, of 1 mF, 50 kohm across it and 2 kohm that the inverter switches on ---------------------


def decayed(start_v: float, given_a: float, ohm: float, dt_s: float) -> float:
    rest_v = given_a * ohm
    return rest_v + (start_v - rest_v) * math.exp(-dt_s / (ohm * 1e-3))


PASSIVE_OHM, BOTH_OHM = 50e3, 1 / (1 / 50e3 + 1 / 2e3)


@pytest.mark.parametrize("load_a", [0.0, 3.0, -3.0])
@pytest.mark.parametrize("dt_s", [1e-4, 5e-3])
def test_a_drive_that_was_fed_works_on_and_one_that_was_not_does_nothing(load_a: float, dt_s: float) -> None:
    for fed, works in ((True, True), (True, False), (False, True)):
        link = DcLink(discharge_works=works)
        if fed:
            link.follow(300.0)
        else:
            link.voltage_v = 300.0
        link.leave(dt_s, load_a, 0.0)
        ohm = BOTH_OHM if works else PASSIVE_OHM
        due_v = decayed(300.0, -load_a if fed else 0.0, ohm, dt_s)
        assert link.voltage_v == pytest.approx(due_v, rel=1e-12)
        assert link.drive_on is fed


def test_a_link_that_is_empty_has_no_drive_and_never_goes_below_nothing() -> None:
    link = DcLink()
    link.follow(20.0)
    link.leave(0.1, 50.0, 0.0)
    assert (link.voltage_v, link.drive_on) == (0.0, False)
    link.leave(0.1, -50.0, 0.0)
    assert link.voltage_v == 0.0
    for start_v, on in ((1.002, True), (1.0, False)):
        link.follow(start_v)
        link.leave(1e-6, 0.0, 0.0)
        assert link.drive_on is on
    assert link.voltage_v == pytest.approx(decayed(1.0, 0.0, BOTH_OHM, 1e-6))
    link.follow(1.0)
    link.leave(0.0, 0.0, 0.0)
    assert link.drive_on, "a volt is not below a volt"


def test_a_link_lifted_beyond_its_trip_is_lifted_to_it_and_then_falls() -> None:
    """The time up to the trip is taken from the step: 400 to 480 V by 100 A less what the resistors draw."""
    link = DcLink(trips_at_v=480.0)
    link.follow(400.0)
    link.leave(2e-3, -100.0, 0.0)
    up_s = -BOTH_OHM * 1e-3 * math.log((100 * BOTH_OHM - 480.0) / (100 * BOTH_OHM - 400.0))
    assert link.voltage_v == pytest.approx(decayed(480.0, 0.0, BOTH_OHM, 2e-3 - up_s), rel=1e-12)
    assert not link.drive_on
    over = DcLink(trips_at_v=480.0)
    over.follow(490.0)
    over.leave(1e-3, -100.0, 0.0)
    assert over.voltage_v == pytest.approx(decayed(490.0, 0.0, BOTH_OHM, 1e-3), rel=1e-12)
    for load_a in (0.0, 0.5, 5.0):
        high = DcLink(trips_at_v=480.0)
        high.follow(490.0)
        high.leave(1e-4, load_a, 0.0)
        assert high.voltage_v > 480.0 and high.drive_on, "a load that takes does not trip"
    free, just = DcLink(), DcLink()
    for one in (free, just):
        one.follow(400.0)
    free.leave(1e-4, -100.0, 0.0)
    just.trips_at_v = free.voltage_v
    just.leave(1e-4, -100.0, 0.0)
    assert just.drive_on and just.voltage_v == free.voltage_v, "up to there it may go"


def test_shorts_across_the_link_are_conductances_beside_each_other() -> None:
    assert siemens_of(math.inf, math.inf) == 0.0
    assert siemens_of(4.0, math.inf) == siemens_of(math.inf, 4.0) == 0.25
    assert siemens_of(4.0, 2.0) == 0.75
    assert siemens_of(0.0, 2.0) == pytest.approx(1e6 + 0.5)
    link = DcLink(voltage_v=100.0)
    link.leave(1e-3, 0.0, 0.25)
    assert link.voltage_v == pytest.approx(decayed(100.0, 0.0, 1 / (0.25 + 1 / BOTH_OHM), 1e-3), rel=1e-12)


@pytest.mark.parametrize("shorts_s", [0.0, 0.01])
@pytest.mark.parametrize("dt_s", [1e-4, 0.03, 1.0])
def test_precharge_charges_through_its_resistor_and_takes_what_flowed_in_the_mean(
    shorts_s: float, dt_s: float
) -> None:
    link, path = DcLink(), PrechargePath()
    link.follow(50.0)
    ohm = 1 / (1 / 30 + 1 / PASSIVE_OHM + shorts_s)
    found_a = link.precharge(dt_s, 350.0, path, shorts_s)
    assert link.voltage_v == pytest.approx(decayed(50.0, 350 / 30, ohm, dt_s), rel=1e-12)
    rest_v = 350 / 30 * ohm
    mean_v = rest_v + (50.0 - rest_v) * ohm * 1e-3 / dt_s * -math.expm1(-dt_s / (ohm * 1e-3))
    assert found_a == pytest.approx((350.0 - mean_v) / 30, rel=1e-9)
    assert link.drive_on is False


def test_a_burnt_precharge_resistor_feeds_nothing() -> None:
    link = DcLink()
    link.follow(50.0)
    assert link.precharge(0.1, 350.0, PrechargePath(resistor_open=True), 0.01) == 0.0
    assert link.voltage_v == pytest.approx(decayed(50.0, 0.0, 1 / (0.01 + 1 / BOTH_OHM), 0.1), rel=1e-12)


# -- insulation -------------------------------------------------------------------------------------------------------


def test_what_is_seen_of_a_pole_is_all_of_its_paths_side_by_side() -> None:
    isolation = Isolation(plus_ohm=1e6, minus_ohm=2e6, vehicle_plus_ohm=3e6, vehicle_minus_ohm=5e6)
    for plus, minus in ((False, False), (True, False), (False, True), (True, True)):
        isolation.join(plus, minus)
        for soil in ((0.0, 0.0), (1e-6, 2e-6)):
            isolation.soil(*soil)
            plus_s = 1e-6 + (1 / 3e6 if plus else 0.0) + soil[0]
            minus_s = 1 / 2e6 + (1 / 5e6 if minus else 0.0) + soil[1]
            assert isolation.seen_plus_ohm == pytest.approx(1 / plus_s, rel=1e-12)
            assert isolation.seen_minus_ohm == pytest.approx(1 / minus_s, rel=1e-12)
            assert isolation.parallel_ohm == pytest.approx(1 / (plus_s + minus_s), rel=1e-12)
            assert isolation.settling_tau_s == pytest.approx(400e-9 / (plus_s + minus_s), rel=1e-12)
            assert isolation.ohm_per_volt(400.0) == pytest.approx(min(1 / plus_s, 1 / minus_s) / 400.0)
    assert isolation.ohm_per_volt(0.0) == math.inf
    isolation.heal()
    isolation.soil(0.0, 0.0)
    assert (isolation.seen_plus_ohm, isolation.seen_minus_ohm) == (5e6, 5e6)


@pytest.mark.parametrize("dead", ["plus_ohm", "vehicle_plus_ohm"])
def test_a_pole_that_touches_the_chassis_is_at_its_voltage_at_once(dead: str) -> None:
    isolation = Isolation(vehicle_minus_ohm=1e6)
    isolation.join(True, False)
    isolation.advance(0.1, 400.0)
    setattr(isolation, dead, 0.0)
    isolation.soil(1e-6, 0.0)
    assert (isolation.seen_plus_ohm, isolation.parallel_ohm) == (0.0, 0.0)
    isolation.advance(1e-6, 400.0)
    assert isolation.plus_to_chassis_v == 0.0
    isolation.minus_ohm = 0.0
    isolation.advance(1e-6, 400.0)
    assert isolation.plus_to_chassis_v == 200.0 and isolation.parallel_ohm == 0.0


def test_less_than_an_ohm_and_less_than_a_volt_count_as_what_they_are() -> None:
    isolation = Isolation(plus_ohm=0.3, minus_ohm=0.1, y_capacitance_f=2.0)
    for dt_s in (0.0, 0.1):
        isolation.advance(dt_s, 0.4)
        assert isolation.plus_to_chassis_v == pytest.approx(0.3)
    assert isolation.settling_tau_s == pytest.approx(0.075 * 4.0)
    isolation.advance(0.3, 0.8)
    assert isolation.plus_to_chassis_v == pytest.approx(0.6 + (0.5 - 0.6) * math.exp(-1.0))
    assert isolation.ohm_per_volt(0.5) == pytest.approx(0.2)
    isolation.vehicle_plus_ohm = 0.6
    isolation.join(True, True)
    assert isolation.seen_plus_ohm == pytest.approx(0.2)
    isolation.vehicle_plus_ohm = math.inf
    isolation.soil(1.0, 0.0)
    assert isolation.seen_plus_ohm == pytest.approx(1 / (1 / 0.3 + 1.0))


def test_the_poles_follow_steps_by_half_and_settle_to_their_divider() -> None:
    """By hand, step by step: halves of the step at once, then e^(-t/tau) of what is left to the divider."""
    isolation = Isolation(plus_ohm=3e6, minus_ohm=1e6, y_capacitance_f=100e-9)
    assert isolation.stored_j == 0.0
    isolation.advance(0.01, 200.0)
    assert isolation.plus_to_chassis_v == pytest.approx(150.0), "the first look finds it settled"
    tau_s, plus_v, pack_v = 0.75e6 * 200e-9, 150.0, 200.0
    for dt_s, now_v in ((0.05, 260.0), (0.2, 260.0), (0.01, 90.0)):
        plus_v += 0.5 * (now_v - pack_v)
        plus_v = 0.75 * now_v + (plus_v - 0.75 * now_v) * math.exp(-dt_s / tau_s)
        isolation.advance(dt_s, now_v)
        pack_v = now_v
        assert isolation.plus_to_chassis_v == pytest.approx(plus_v, rel=1e-12)
        assert isolation.stored_j == pytest.approx(0.5 * 100e-9 * (plus_v**2 + (now_v - plus_v) ** 2))


# -- fuse -------------------------------------------------------------------------------------------------------------


def test_between_its_points_the_fuse_is_straight_on_double_log_paper() -> None:
    points = [(share, time.value) for share, time in CURVE]
    assert points[0] == (1.6, 3600.0) and points[-1] == (20.0, pytest.approx(0.9 * 280 / 50**2 / 400))
    for (low, low_s), (high, high_s) in pairwise(points):
        assert melts_in_s(low) == pytest.approx(low_s)
        assert melts_in_s(math.sqrt(low * high)) == pytest.approx(math.sqrt(low_s * high_s))
    assert melts_in_s(40.0) == pytest.approx(0.9 * 280 / 50**2 / 1600)


def test_a_fuse_uses_up_its_life_and_cools_with_a_minute() -> None:
    fuse = Fuse(rated_a=100.0)
    fuse.advance(2.5, -210.0)  # a quarter of the 10 s that twice its rating takes
    assert fuse.used == pytest.approx(0.25) and not fuse.blown
    fuse.advance(60.0, 159.9)
    assert fuse.used == pytest.approx(0.25 * math.exp(-1.0))
    fuse.advance(36.0, 160.0)
    assert fuse.used == pytest.approx(0.25 * math.exp(-1.0) + 0.01)
    fuse.advance(10.0 * (1.0 - fuse.used) - 1e-6, 210.0)
    assert not fuse.blown
    fuse.advance(2e-6, 210.0)
    assert fuse.blown
    fuse.advance(1e6, 0.0)
    assert fuse.blown, "molten is molten"
    fuse.replace()
    assert (fuse.blown, fuse.used) == (False, 0.0)


# -- films, taps, sensors ---------------------------------------------------------------------------------------------


def cells_of(count: int, chemistry: Chemistry = NMC) -> Cells:
    return Cells(
        chemistry,
        count=count,
        soc=0.5,
        temp_c=25.0,
        rng=random.Random(1),
        spread=Spread(capacity=0.0, resistance=0.0),
    )


def test_films_of_leaks_vents_and_runaways_add_up_by_the_place_of_their_cells_in_their_string() -> None:
    """At the share x of its string's voltage a film of G draws x G from plus and (1 - x) G from minus."""
    cells = cells_of(12)  # two strings of three groups of two: cell k of group g is at 6 k + g
    soiling = Soiling(cells, strings=2, series=3)
    assert soiling.siemens == [(0.0, 0.0)] * 2
    runaway = cells.runaway
    assert runaway is not None
    soiling.leaking[1] = True  # string 1, group 2
    runaway.vented[[1, 10]] = True  # 10: string 2, group 2
    runaway.runaway[11] = True  # string 2, group 3
    for _ in range(1200):
        soiling.advance(0.1)
    first, second = soiling.siemens
    film_s = 1 / 100e3 + 1 / 100e3
    assert first == pytest.approx((0.5 * film_s, 0.5 * film_s), rel=1e-6)
    plus_s = 0.5 / 100e3 + (2.5 / 3) / 10e3
    assert second == pytest.approx((plus_s, 1 / 100e3 + 1 / 10e3 - plus_s), rel=1e-6)


def test_a_film_grows_by_its_time_constant_looks_ten_times_a_second_and_never_dries() -> None:
    soiling = Soiling(cells_of(1))
    soiling.advance(5.0)
    assert soiling.siemens == [(0.0, 0.0)]
    soiling.leaking[0] = True
    soiling.advance(0.05)
    assert soiling.siemens == [(0.0, 0.0)]
    soiling.advance(0.05)
    half_s = 0.5e-5 * -math.expm1(-0.1 / 5.0)
    assert soiling.siemens == [(pytest.approx(half_s), pytest.approx(half_s))]
    soiling.advance(5.0)
    grown_s = 1e-5 - (1e-5 - 2 * half_s) * math.exp(-1.0)
    assert soiling.siemens[0][0] == pytest.approx(grown_s / 2)
    soiling.leaking[0] = False
    soiling.advance(50.0)
    assert soiling.siemens[0][0] == pytest.approx(grown_s / 2)


def test_a_valve_that_lets_gas_out_leaves_no_film_and_water_that_boils_does() -> None:
    cells = cells_of(2, ZINC)
    soiling = Soiling(cells)
    assert cells.aqueous is not None
    cells.aqueous.vented[:] = True
    soiling.advance(100.0)
    assert soiling.siemens == [(0.0, 0.0)]
    cells.aqueous.boiled[1] = True
    soiling.advance(100.0)
    assert soiling.siemens[0] == pytest.approx((0.75e-5, 0.25e-5), rel=1e-6)


def test_a_tap_reads_its_cell_less_its_busbars_drop_and_the_sum_is_the_packs() -> None:
    cell_v = np.array([3.6, 3.7, 3.8])
    taps = VoltageTaps(cell_v)
    cell_v[0] = 0.0
    assert taps.volt_v.tolist() == [3.6, 3.7, 3.8], "its own values"
    cell_v[0] = 3.6
    taps.busbar_ohm[1] = 2e-3
    assert taps.read(cell_v, -100.0) == pytest.approx(11.1 + 100 * 2.1e-3)
    assert taps.volt_v == pytest.approx([3.6 + 5e-3, 3.7 + 0.2, 3.8 + 5e-3])
    assert taps.read(cell_v, 0.0) == pytest.approx(11.1)
    assert taps.volt_v.tolist() == cell_v.tolist()


@pytest.mark.parametrize("tau_s", [10.0, 0.5, 0.0])
def test_a_thermistor_follows_nine_tenths_of_its_own_cells_excess_with_its_time_constant(
    tau_s: float,
) -> None:
    cell_c = np.array([25.0, 35.0, 45.0])
    sensors = Thermistors(np.array([2, 0]), cell_c, 20.0, tau_s)
    assert sensors.temp_c == pytest.approx([20 + 0.9 * 25, 20 + 0.9 * 5])
    cell_c[2] = 65.0
    due_c = 42.5
    for dt_s in (0.5, 0.5, 2.0, 0.1):
        sensors.advance(dt_s, cell_c, 20.0)
        due_c += (60.5 - due_c) * (-math.expm1(-dt_s / tau_s) if tau_s else 1.0)
        assert sensors.temp_c == pytest.approx([due_c, 24.5])
    sensors.settle(cell_c, 30.0)
    assert sensors.temp_c == pytest.approx([30 + 0.9 * 35, 30 - 0.9 * 5])


def test_a_string_is_closed_by_its_mains_and_a_whole_fuse_and_is_named_from_one() -> None:
    one = PackString(
        contactors=Contactors(random.Random(1)),
        precharge=PrechargePath(),
        fuse=Fuse(rated_a=1.0),
        isolation=Isolation(),
    )
    assert not one.closed
    one.contactors.plus.closed = one.contactors.minus.closed = True
    assert one.closed
    one.fuse.blown = True
    assert not one.closed
    assert [split(name) for name in ("plus", "plus_2", "minus_12")] == [
        ("plus", 0),
        ("plus", 1),
        ("minus", 11),
    ]


def test_cells_differ_by_a_normal_spread_cut_at_three_sigma() -> None:
    drawn = scattered(4000, 0.02, random.Random(1))
    assert drawn.mean() == pytest.approx(1.0, abs=1e-3) and drawn.std() == pytest.approx(0.02, rel=0.05)
    assert drawn.min() == pytest.approx(0.94) and drawn.max() == pytest.approx(1.06)
    assert scattered(3, 0.0, random.Random(1)).tolist() == [1.0] * 3
    assert scattered(3, 0.2, random.Random(1)).std() > 0.0
    for sigma in (-0.001, 0.201):
        with pytest.raises(
            ValueError, match=r"spread .*; expected a relative standard deviation of 0\.\.0\.2"
        ):
            scattered(3, sigma, random.Random(1))
    assert (Spread().capacity, Spread().resistance) == (0.01, 0.03)
    assert (Ageing().capacity_fade, Ageing(capacity_fade=0.0, resistance_growth=0.0).resistance_growth) == (
        0.0,
        0.0,
    )
    for fade, growth in ((1.0, 0.0), (-0.01, 0.0), (0.0, -0.01)):
        with pytest.raises(ValueError, match=r"expected a fade of 0\.\.1 and a growth of 0 or more"):
            Ageing(capacity_fade=fade, resistance_growth=growth)


def test_a_fuse_that_is_used_up_has_blown_and_an_ampere_drops_at_a_busbar() -> None:
    fuse = Fuse(rated_a=100.0, used=1.0)
    fuse.advance(0.0, 210.0)
    assert fuse.blown
    taps = VoltageTaps(np.array([3.6]))
    assert taps.read(np.array([3.6]), 1.0) == pytest.approx(3.6 - 0.05e-3, abs=1e-12)


def test_a_clean_pack_without_fire_stays_clean_and_soot_needs_no_vent() -> None:
    clean = Soiling(cells_of(2, ZINC))
    clean.advance(10.0)
    assert clean.siemens == [(0.0, 0.0)]
    cells = cells_of(1)
    assert cells.runaway is not None
    cells.runaway.runaway[0] = True
    sooty = Soiling(cells)
    sooty.advance(1000.0)
    assert sooty.siemens[0] == pytest.approx((0.5e-4, 0.5e-4))


# -- what is written into the arrays of the thermal network -----------------------------------------------------------


@pytest.mark.parametrize("written", ["ambient_k_w", "barrier_k_w", "capacity_j_k", "ambient_c", "cooling"])
def test_what_is_written_of_heats_paths_counts_in_the_very_next_step(written: str) -> None:
    """C dT/dt = P + (T_around - T) G, by one explicit step of three cells amid 20 degC."""
    network = ThermalNetwork(NMC, 3, 20.0, 1.5)
    figures = {
        "ambient_k_w": 4.0,
        "barrier_k_w": 2.0,
        "capacity_j_k": 900.0,
        "ambient_c": 20.0,
        "cooling": 1.0,
    }
    for key in ("ambient_k_w", "barrier_k_w", "capacity_j_k"):
        getattr(network, key)[:] = figures[key]
    network.coolant_c = 10.0
    begun_c = np.array([40.0, 50.0, 30.0])
    network.warm(begun_c.copy(), np.zeros(3), 0.5)
    figures[written] *= 0.5
    if written in ("ambient_c", "cooling"):
        setattr(network, written, figures[written])
    else:
        getattr(network, written)[:] = figures[written]
    for dt_s in (0.5, 0.25):
        temp_c = begun_c.copy()
        network.warm(temp_c, np.array([6.0, 0.0, 2.0]), dt_s)
        gained_w = np.array([10.0, -30.0, 20.0]) / figures["barrier_k_w"] + [6.0, 0.0, 2.0]
        gained_w += (figures["ambient_c"] - begun_c) / figures["ambient_k_w"]
        gained_w += (10.0 - begun_c) * figures["cooling"] / 1.5
        assert temp_c == pytest.approx(begun_c + dt_s * gained_w / figures["capacity_j_k"], rel=1e-9)


def test_a_cell_that_nothing_touches_keeps_its_temperature_whatever_flows_in_the_plate() -> None:
    network = ThermalNetwork(NMC, 1, 20.0, 1.5)
    network.ambient_k_w[:], network.cooling, network.coolant_c = math.inf, 0.0, 5.0
    assert network.flow_w(np.array([60.0])).tolist() == [0.0]
