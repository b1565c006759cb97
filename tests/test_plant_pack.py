"""The pack's physics: charge, voltages, the DC link, contactors that fail, insulation."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.plant.cells import Cells
from bench.plant.chemistry import Chemistry
from bench.plant.contactors import BREAK_LIMIT_A, MAKE_LIMIT_A, Contactor
from bench.plant.isolation import Isolation
from bench.plant.pack import Load, Pack
from bench.plant.spread import Spread
from bench.units import NS_PER_MS

NMC = Chemistry.load("nmc")
IDLE = Load()


def closed_pack(soc: float = 0.5, seed: int = 1, chemistry: Chemistry = NMC, temp_c: float = 25.0) -> Pack:
    """Closed as it should be: the link is charged before the plus contactor meets it."""
    pack = Pack(chemistry, rng=random.Random(seed), soc=soc, temp_c=temp_c)
    pack.set_command(plus=False, minus=True, precharge=True)
    run(pack, 0.2, IDLE, dt_s=2e-3)
    pack.set_command(plus=True, minus=True, precharge=True)
    run(pack, 0.03, IDLE)
    pack.set_command(plus=True, minus=True, precharge=False)
    run(pack, 0.03, IDLE)
    return pack


def run(pack: Pack, duration_s: float, load: Load, dt_s: float = 1e-3) -> None:
    for _ in range(round(duration_s / dt_s)):
        pack.step(dt_s, load)


def test_charge_is_conserved_over_a_cycle() -> None:
    pack = closed_pack()
    before = pack.soc.copy()
    drawn_as = 0.0
    for load in (Load(current_a=100.0), IDLE, Load(charge_current_a=50.0)):
        for _ in range(2000):
            pack.step(0.1, load)
            drawn_as += pack.pack_current_a * 0.1
    lost_as = (before - pack.soc) * pack.cells.capacity_ah * 3600
    assert drawn_as == pytest.approx(200 * 100.0 - 200 * 50.0)
    assert lost_as == pytest.approx(np.full(96, drawn_as), rel=1e-3)


def test_an_equal_charge_brings_soc_back() -> None:
    pack = closed_pack()
    before = pack.soc.copy()
    run(pack, 60.0, Load(current_a=50.0), dt_s=0.1)
    assert (pack.soc < before - 0.01).all()
    run(pack, 60.0, Load(charge_current_a=50.0), dt_s=0.1)
    assert pack.soc == pytest.approx(before, rel=1e-3)


@settings(deadline=None, max_examples=40)
@given(
    current_a=st.floats(-75.0, 150.0),
    soc=st.floats(0.05, 0.95),
    temp_c=st.floats(-10.0, 45.0),
    dt_s=st.sampled_from([1e-3, 1e-2, 0.1]),
)
def test_halving_the_step_hardly_moves_the_voltage(
    current_a: float, soc: float, temp_c: float, dt_s: float
) -> None:
    def after(step_s: float, count: int) -> Cells:
        rng = random.Random(3)
        cells = Cells(NMC, count=8, soc=soc, temp_c=temp_c, rng=rng, spread=Spread())
        for _ in range(count):
            cells.step(step_s, current_a)
        return cells

    coarse, fine = after(dt_s, 200), after(dt_s / 2, 400)
    assert np.abs(coarse.voltage_v - fine.voltage_v).max() < 1e-3


def test_discharge_sags_then_relaxes_and_warms_the_cells() -> None:
    pack = closed_pack(soc=0.6)
    at_rest_v = pack.pack_voltage_v
    run(pack, 0.001, Load(current_a=100.0))
    first_v = pack.pack_voltage_v
    run(pack, 30.0, Load(current_a=100.0), dt_s=0.01)
    loaded_v = pack.pack_voltage_v
    run(pack, 0.01, IDLE, dt_s=0.01)
    released_v = pack.pack_voltage_v
    run(pack, 300.0, IDLE, dt_s=0.1)
    assert at_rest_v > first_v > loaded_v
    assert loaded_v < released_v < pack.pack_voltage_v < at_rest_v
    # R0 at SoC 0.6 and charge transfer, 2RT/F asinh(I / 2 I0)
    expected_v = 100.0 * 0.00088 + 0.0513852 * float(np.arcsinh(100.0 / (2 * 12.3687)))
    assert at_rest_v - first_v == pytest.approx(96 * expected_v, rel=0.1)
    assert pack.sensor_temp_c.shape == (24,)
    assert (pack.sensor_temp_c > 25.1).all()


def test_cold_cells_sag_more() -> None:
    sag_v = []
    for temp_c in (-10.0, 25.0):
        cells = Cells(NMC, count=1, soc=0.5, temp_c=temp_c, rng=random.Random(1), spread=Spread())
        rest_v = float(cells.voltage_v[0])
        cells.step(0.01, 50.0)
        sag_v.append(rest_v - float(cells.voltage_v[0]))
    assert sag_v[0] > 1.5 * sag_v[1]


def test_whole_numbers_are_taken_as_readily_as_fractions() -> None:
    whole = Pack(NMC, rng=random.Random(1), soc=1, temp_c=25)
    fraction = Pack(NMC, rng=random.Random(1), soc=1.0, temp_c=25.0)
    for pack in (whole, fraction):
        pack.set_command(plus=True, minus=True, precharge=False)
        run(pack, 0.1, Load(current_a=100))
    assert whole.cell_voltage_v.tobytes() == fraction.cell_voltage_v.tobytes()
    assert whole.sensor_temp_c.tobytes() == fraction.sensor_temp_c.tobytes()


def test_heat_settles_at_the_thermal_resistance() -> None:
    cells = Cells(NMC, count=2, soc=0.5, temp_c=25.0, rng=random.Random(1), spread=Spread())
    cells.heat_w[1] = 5.0
    cells.thermal.barrier_k_w[0] = np.inf
    cells.thermal.capacity_j_k *= 0.1
    for _ in range(2_000):
        cells.step(1.0, 0.0)
    assert cells.temp_c[0] == pytest.approx(25.0)
    assert cells.temp_c[1] == pytest.approx(25.0 + 5.0 * NMC.r_thermal_ambient_k_w, abs=0.01)


def test_the_same_seed_gives_the_same_bits() -> None:
    runs = []
    for seed in (5, 5, 6):
        pack = closed_pack(seed=seed)
        run(pack, 0.5, Load(current_a=80.0))
        runs.append(pack.cell_voltage_v.tobytes())
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_overcharge_raises_every_cell_above_the_trip_voltage() -> None:
    pack = closed_pack(soc=0.99)
    run(pack, 240.0, Load(charge_current_a=50.0), dt_s=0.1)
    run(pack, 120.0, IDLE, dt_s=0.1)
    assert (pack.soc > 1.0).all()
    assert (pack.cell_voltage_v > 4.25).all()


def test_one_cell_beyond_the_rest_is_seen_alone() -> None:
    pack = closed_pack()
    pack.set_cell_soc(41, 1.1)
    pack.set_cell_soc(7, -0.02)
    run(pack, 0.1, IDLE)
    assert list(np.flatnonzero(pack.cell_voltage_v > 4.25)) == [41]
    assert list(np.flatnonzero(pack.cell_voltage_v < 2.5)) == [7]
    assert pack.pack_voltage_v == pytest.approx(pack.cell_voltage_v.sum())
    pack.set_cell_temp(8, 65.0)
    assert list(np.flatnonzero(pack.sensor_temp_c > 60.0)) == [2]


@given(st.floats(-5.0, 5.0))
def test_any_soc_gives_the_tables_voltage(soc: float) -> None:
    cells = Cells(NMC, count=3, soc=0.5, temp_c=25.0, rng=random.Random(1), spread=Spread())
    cells.set_soc(1, soc)
    assert float(cells.voltage_v[1]) == pytest.approx(NMC.ocv_v(soc), abs=1e-6)


def test_precharge_reaches_95_percent_in_three_to_four_tau() -> None:
    pack = Pack(NMC, rng=random.Random(1))
    pack.set_command(plus=False, minus=True, precharge=True)
    while not pack.contactors.precharge_path:
        pack.step(1e-4, IDLE)
    steps = 0
    while pack.link_voltage_v < 0.95 * pack.pack_voltage_v:
        pack.step(1e-4, IDLE)
        steps += 1
    tau_s = 30.0 * 1e-3
    assert 2.9 * tau_s < steps * 1e-4 < 4.0 * tau_s
    assert 0.0 < pack.pack_current_a < 1.0


def test_link_follows_the_mains_and_discharges_within_five_seconds() -> None:
    pack = closed_pack(soc=1.0)
    assert pack.link_voltage_v == pack.pack_voltage_v
    pack.set_command(plus=False, minus=False, precharge=False)
    run(pack, 1.0, IDLE, dt_s=0.01)
    assert pack.link_voltage_v > 60.0
    run(pack, 4.0, IDLE, dt_s=0.01)
    assert pack.link_voltage_v < 60.0


def test_no_current_flows_through_open_contactors() -> None:
    pack = Pack(NMC, rng=random.Random(1))
    before = pack.soc.copy()
    run(pack, 0.1, Load(current_a=100.0, charge_current_a=20.0))
    assert pack.pack_current_a == 0.0
    assert (pack.soc == before).all()


def test_one_weld_still_opens_the_path_two_do_not() -> None:
    one, both = closed_pack(), closed_pack()
    one.contactors.plus.weld()
    both.contactors.plus.weld()
    both.contactors.minus.weld()
    for pack in (one, both):
        pack.set_command(plus=False, minus=False, precharge=False)
        run(pack, 6.0, Load(charge_current_a=20.0), dt_s=0.01)
    assert (one.contactors.plus.feedback, one.contactors.minus.feedback) == (1, 0)
    assert one.pack_current_a == 0.0
    assert one.link_voltage_v < 60.0
    assert both.pack_current_a == -20.0
    assert both.link_voltage_v == both.pack_voltage_v


def welded(pack: Pack) -> list[str]:
    contactors = pack.contactors
    every = (contactors.plus, contactors.minus, contactors.precharge)
    return [one.name for one in every if one.welded]


@pytest.mark.parametrize("chemistry", Chemistry.shipped())
@pytest.mark.parametrize("soc", [0.5, 1.0])
def test_closing_without_precharge_welds_the_contact_that_closes_last_and_precharge_none(
    chemistry: str, soc: float
) -> None:
    """By the cells' own curve at that current: by its slope at none the 5,300 A of NMC were 1,100 A."""
    makers = set()
    for seed in range(6):
        pack = Pack(Chemistry.load(chemistry), rng=random.Random(seed), soc=soc)
        pack.set_command(plus=True, minus=True, precharge=False)
        last = ""
        while not pack.contactors.main_path:
            before = pack.contactors.plus.closed, pack.contactors.minus.closed
            pack.step(1e-4, IDLE)
            now = pack.contactors.plus.closed, pack.contactors.minus.closed
            last = next(
                (name for name, *at in zip(("plus", "minus"), before, now) if at == [False, True]), last
            )
        assert pack.inrush_a > 1250.0
        assert welded(pack) == [last]
        makers.add(last)
    assert makers == {"plus", "minus"}, "either may be the later one"
    proper = closed_pack(soc, chemistry=Chemistry.load(chemistry))
    assert 0.0 <= proper.inrush_a < 300.0
    assert welded(proper) == []


@pytest.mark.parametrize("chemistry", Chemistry.shipped())
def test_the_inrush_is_the_current_at_which_cells_and_busbars_drop_to_the_link(chemistry: str) -> None:
    pack = Pack(Chemistry.load(chemistry), rng=random.Random(1), soc=0.6)
    pack.link.voltage_v = 100.0
    pack.contactors.plus.closed = pack.contactors.minus.closed = True
    pack.contactors.plus.command = pack.contactors.minus.command = True
    pack.step(1e-4, IDLE)
    volt = float(pack.cells.voltage_at(pack.inrush_a).sum())
    assert volt - pack.inrush_a * 0.05e-3 * 96 == pytest.approx(100.0, abs=0.5)
    assert welded(pack) == [], "no contact closed: a fuse was replaced, say"


def test_of_two_contacts_that_part_in_one_step_the_first_draws_the_arc_and_only_it_welds() -> None:
    for seed in range(8):
        contactors = Pack(NMC, rng=random.Random(seed)).contactors
        mains = (contactors.plus, contactors.minus)
        for main in mains:
            main.closed = True
        first = min(mains, key=lambda main: main.opening_time_ns)
        for _ in range(200):
            contactors.advance(NS_PER_MS, 2500.0 if contactors.main_path else 0.0)
        assert [main.name for main in mains if main.welded] == [first.name]
        assert [main.name for main in mains if main.closed] == [first.name]
        assert not contactors.main_path, "the other one opens"


def test_an_arc_ends_with_its_current_and_leaves_both_contacts_open() -> None:
    contactors = Pack(NMC, rng=random.Random(1)).contactors
    contactors.plus.closed = contactors.minus.closed = True
    for step in range(60):
        contactors.advance(NS_PER_MS, 2500.0 if step < 40 else 100.0)
        assert contactors.main_path == (step < 40)
    assert not (contactors.plus.welded or contactors.minus.welded)


def test_the_last_to_close_in_one_coarse_step_makes_the_current() -> None:
    for seed in range(8):
        pack = Pack(NMC, rng=random.Random(seed))
        pack.set_command(plus=True, minus=True, precharge=False)
        pack.step(0.1, IDLE)
        mains = (pack.contactors.plus, pack.contactors.minus)
        assert welded(pack) == [max(mains, key=lambda main: main.closing_time_ns).name]


def test_the_limits_of_a_contactor_say_where_they_come_from() -> None:
    assert (MAKE_LIMIT_A.value, MAKE_LIMIT_A.estimated) == (1250.0, True)
    assert (BREAK_LIMIT_A.value, BREAK_LIMIT_A.estimated) == (2000.0, False)
    assert "capacitive" in MAKE_LIMIT_A.source and "EVC135" in BREAK_LIMIT_A.source


def test_contactors_move_ten_to_fifteen_ms_after_the_command() -> None:
    for seed in range(20):
        contactor = Pack(NMC, rng=random.Random(seed)).contactors.plus
        for command in (True, False):
            contactor.command = command
            contactor.advance(10 * NS_PER_MS - 1)
            assert contactor.closed is not command
            contactor.advance(5 * NS_PER_MS + 1)
            assert contactor.closed is command


def test_a_worn_contact_welds_at_half_of_what_a_new_one_makes_and_wears_by_making() -> None:
    """Fifty makings at the limit are a life; a precharged closing costs nothing that counts."""
    new, worn = Contactor(name="plus"), Contactor(name="plus", wear=1.0)
    for contactor in (new, worn):
        contactor.make(700.0)
    assert (new.welded, worn.welded) == (False, True)
    assert worn.welds_above_a == 625.0
    used = Contactor(name="plus")
    makings = 0
    while not used.welded:
        used.make(1000.0)
        makings += 1
    assert makings == 33  # 1,000 A is 80 % of the limit, reached at a wear of 0.4; each making adds 0.64 / 50
    gentle = Contactor(name="plus")
    for _ in range(100_000):
        gentle.make(-5.0)
    assert gentle.wear == pytest.approx(100_000 * (5.0 / 1250.0) ** 2 / 50.0)
    assert gentle.welds_above_a > 1200.0


def test_a_pyro_fires_once_where_it_works_and_a_cell_set_weaker_is_in_the_packs_voltage_at_once() -> None:
    pack = Pack(NMC, rng=random.Random(1))
    before_v = pack.pack_voltage_v
    pack.set_cell_soc(3, 0.1)
    assert pack.pack_voltage_v == pytest.approx(float(pack.cell_voltage_v.sum()))
    assert pack.pack_voltage_v < before_v
    pack.pyro_works = False
    pack.fire_pyro()
    assert pack.path_whole
    pack.pyro_works = True
    pack.fire_pyro()
    assert pack.pyro_fired and not pack.path_whole


def test_a_weld_takes_hold_at_the_next_closing_until_healed() -> None:
    contactor = Contactor(name="plus")
    contactor.weld()
    contactor.advance(20 * NS_PER_MS)
    assert not contactor.closed
    contactor.command = True
    contactor.advance(20 * NS_PER_MS)
    contactor.command = False
    contactor.advance(1000 * NS_PER_MS)
    assert contactor.feedback == 1
    contactor.heal()
    contactor.advance(20 * NS_PER_MS)
    assert contactor.feedback == 0


def test_a_stuck_contactor_drops_and_stays_open() -> None:
    contactor = Contactor(name="minus", command=True, closed=True)
    contactor.stick_open()
    contactor.advance(20 * NS_PER_MS)
    contactor.advance(1000 * NS_PER_MS)
    assert contactor.feedback == 0
    contactor.heal()
    contactor.advance(20 * NS_PER_MS)
    assert contactor.feedback == 1


def test_a_slow_contactor_opens_late_and_a_short_command_does_not_move_it() -> None:
    contactor = Contactor(name="plus", closed=True, opening_time_ns=80 * NS_PER_MS)
    contactor.advance(79 * NS_PER_MS)
    assert contactor.closed
    contactor.command = True
    contactor.advance(NS_PER_MS)
    contactor.command = False
    contactor.advance(79 * NS_PER_MS)
    assert contactor.closed
    contactor.advance(NS_PER_MS)
    assert not contactor.closed


def test_insulation_is_judged_by_its_weaker_pole() -> None:
    isolation = Isolation()
    assert isolation.ohm_per_volt(400.0) == 12_500.0
    isolation.minus_ohm = 30e3
    assert isolation.ohm_per_volt(400.0) == 75.0
    assert isolation.parallel_ohm == pytest.approx(29_821.07, abs=0.01)
    isolation.plus_ohm = isolation.minus_ohm = 0.0
    assert isolation.parallel_ohm == 0.0
    isolation.heal()
    assert isolation.parallel_ohm == 2.5e6


@pytest.mark.parametrize("dt_s", [0.0, -1e-3, 1.5, float("nan")])
def test_a_step_beyond_the_stable_range_is_refused_and_changes_nothing(dt_s: float) -> None:
    pack = closed_pack()
    before = pack.cell_voltage_v.copy()
    with pytest.raises(ValueError, match="expected more than 0 and at most 1"):
        pack.step(dt_s, Load(current_a=10.0))
    assert (pack.cell_voltage_v == before).all()


def test_wrong_arguments_are_refused() -> None:
    pack = closed_pack()
    with pytest.raises(ValueError, match=r"cell index 96; expected 0\.\.95"):
        pack.set_cell_soc(96, 0.5)
    with pytest.raises(ValueError, match="finite"):
        pack.step(1e-3, Load(current_a=float("nan")))
    with pytest.raises(ValueError, match="temperature sensors"):
        Pack(NMC, rng=random.Random(1), sensors=97)
    with pytest.raises(ValueError, match="spread"):
        Pack(NMC, rng=random.Random(1), spread=Spread(capacity=2.0))


@pytest.mark.parametrize(
    ("array", "value"),
    [
        ("capacity_ah", 25.0),
        ("resistance_scale", 2.0),
        ("short_ohm", 1.0),
        ("balance_ohm", 1.0),
        ("heat_w", 50.0),
    ],
)
def test_what_is_written_into_one_cell_takes_hold_at_the_very_next_step(array: str, value: float) -> None:
    touched, same = closed_pack(), closed_pack()
    getattr(touched.cells, array)[16] = value
    for pack in (touched, same):
        pack.step(0.01, Load(current_a=50.0))
    seen = [(p.cell_voltage_v, p.soc, p.temp_c) for p in (touched, same)]
    apart = sum(np.abs(a - b) for a, b in zip(*seen, strict=True))
    assert apart[16] > 1e-6
    assert np.delete(apart, 16).max() == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("array", ["ambient_k_w", "capacity_j_k", "barrier_k_w"])
def test_what_is_written_into_the_thermal_network_takes_hold_at_the_very_next_step(array: str) -> None:
    touched, same = closed_pack(), closed_pack()
    for pack in (touched, same):
        pack.set_cell_temp(16, 40.0)
        pack.step(0.01, IDLE)
    getattr(touched.cells.thermal, array)[16] *= 0.1
    for pack in (touched, same):
        pack.step(0.01, IDLE)
    assert abs(touched.temp_c[16] - same.temp_c[16]) > 1e-6


def test_a_cell_that_has_lost_its_charge_gives_as_much_current_as_the_others() -> None:
    """The limit is that of ions and electrodes, not of what is left in them."""
    chemistry = Chemistry.load("nmc")
    pack = Pack(chemistry, rng=random.Random(1), cells=8, sensors=2, soc=0.25)
    pack.cells.capacity_ah[4] *= 0.01
    for _ in range(15):
        pack.cells.step(0.1, 100.0)
    volts = pack.cells.voltage_v
    assert volts[3] > 3.3 and volts[3] - volts[4] < 0.2  # it was 3.3 V before
