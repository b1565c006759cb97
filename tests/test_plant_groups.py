"""Packs of strings and groups against the plain pack that they are when there is one of each, and by Kirchhoff."""

import math
import random
from itertools import pairwise

import numpy as np
import pytest

from bench.plant.build import PackShape, made_of
from bench.plant.chemistry import Chemistry
from bench.plant.pack import Load, Pack
from bench.plant.sensing import SENSOR_TAU_S
from bench.plant.spread import Ageing, Spread
from bench.plant.string_pack import StringPack

NMC, LFP = Chemistry.load("nmc"), Chemistry.load("lfp")
CLOSED, OPEN, PRECHARGE = (True, True, False), (False, False, False), (False, True, True)
ALIKE = Spread(capacity=0.0, resistance=0.0)


def grouped(strings: int = 1, parallel: int = 3, cells: int = 4, **options: float) -> StringPack:
    return StringPack(
        NMC,
        rng=random.Random(7),
        strings=strings,
        parallel=parallel,
        cells=cells,
        sensors=2,
        soc=options.get("soc", 0.6),
        spread=ALIKE,
    )


def closed(pack: Pack, *commands: tuple[bool, bool, bool]) -> None:
    pack.link.voltage_v = pack.pack_voltage_v
    pack.set_command(*[one for command in commands for one in command])
    for _ in range(20):
        pack.step(1e-3, Load())


def test_a_short_that_is_taken_off_a_cell_of_a_group_leaves_no_trace_in_the_next_step() -> None:
    """It ended in an exception: a shunt that is gone was still solved for, with no cell that has one."""
    pack = grouped()
    closed(pack, CLOSED)
    pack.cells.short_ohm[2] = 0.1
    for _ in range(3):
        pack.step(0.01, Load(current_a=30.0))
    assert pack.mesh.cell_a[1, 2] > 15.0
    pack.cells.short_ohm[2] = math.inf
    for _ in range(3):
        pack.step(0.01, Load(current_a=30.0))
    assert pack.mesh.cell_a == pytest.approx(np.full((3, 4), 10.0), abs=0.5)
    pack.cells.balance_ohm[5] = 0.1
    pack.step(0.01, Load())
    pack.cells.balance_ohm[5] = math.inf
    pack.stand(5.0)
    assert np.isfinite(pack.cell_voltage_v).all()


def test_one_string_of_single_cells_does_what_the_plain_pack_does() -> None:
    """Two ways to compute one circuit: currents, charge, heat, link, contacts, wear, insulation, sensors."""
    made: list[Pack] = [
        kind(
            LFP,
            rng=random.Random(9),
            cells=8,
            sensors=4,
            soc=0.7,
            temp_c=18.0,
            spread=Spread(capacity=0.02, resistance=0.05),
            ageing=Ageing(capacity_fade=0.1, resistance_growth=0.3),
            hysteresis=True,
            sensor_tau_s=6.0,
        )
        for kind in (Pack, StringPack)
    ]
    plain, strung = made
    for pack in made:
        pack.isolation.vehicle_plus_ohm = 1e6
        pack.soiling.leaking[5] = True
        pack.cells.thermal.coolant_c = 10.0
    for command, load, dt_s, count in (
        (PRECHARGE, Load(), 5e-3, 40),
        ((True, True, True), Load(), 5e-3, 6),
        (CLOSED, Load(current_a=90.0), 0.1, 60),
        (CLOSED, Load(charge_current_a=40.0), 0.1, 60),
        (OPEN, Load(current_a=-40.0), 1e-3, 30),
        (OPEN, Load(), 0.1, 20),
    ):
        for pack in made:
            pack.set_command(*command)
        for number in range(count):
            for pack in made:
                pack.step(dt_s, load)
            assert strung.pack_current_a == pytest.approx(plain.pack_current_a, abs=1e-3)
            if number > 3:  # a jump of the load is solved for by the steps that follow it
                assert strung.link_voltage_v == pytest.approx(plain.link_voltage_v, abs=2e-2)
            assert strung.calm == plain.calm
            assert strung.contactors.main_path == plain.contactors.main_path
        assert strung.soc == pytest.approx(plain.soc, abs=1e-7)
        assert strung.temp_c == pytest.approx(plain.temp_c, abs=1e-4)
        assert strung.cells.voltage_v == pytest.approx(plain.cells.voltage_v, abs=1e-5)
        assert strung.sensor_temp_c == pytest.approx(plain.sensor_temp_c, abs=1e-4)
        assert strung.inrush_a == pytest.approx(plain.inrush_a, rel=1e-3, abs=0.1)
        for pole in ("plus", "minus"):
            assert strung.insulation_ohm(0, pole) == pytest.approx(plain.insulation_ohm(0, pole))
    assert plain.contactors.plus.wear > 0.0
    assert (strung.of[0].contactors.plus.wear, strung.of[0].contactors.minus.wear) == pytest.approx(
        (plain.contactors.plus.wear, plain.contactors.minus.wear), rel=1e-2
    )
    assert strung.soh == pytest.approx(plain.soh)
    assert (strung.full_ah, strung.series) == (plain.full_ah, plain.series) == (50.0, 8)
    assert strung.at_once(70.0) == pytest.approx(plain.at_once(70.0), abs=1e-5)
    assert strung.cell_slope_ohm(70.0) == pytest.approx(plain.cell_slope_ohm(70.0), rel=1e-4)


def test_at_every_junction_currents_add_up_and_round_every_loop_voltages_do() -> None:
    """Three strings of different charge: one bus voltage, each string's own, measured with its busbars."""
    pack = grouped(strings=3, parallel=2, cells=5)
    for string, soc in enumerate((0.6, 0.58, 0.61)):
        for group in range(5):
            pack.set_cell_soc(5 * string + group, soc)
    closed(pack, CLOSED, CLOSED, CLOSED)
    for load_a in (120.0, -60.0, 0.0):
        for _ in range(30):
            pack.step(0.05, Load(current_a=load_a))
        currents = [pack.string_current_a(k) for k in range(3)]
        assert sum(currents) == pytest.approx(load_a, abs=1e-6)
        assert pack.pack_current_a == pytest.approx(load_a, abs=1e-6)
        for k in range(3):
            groups = pack.cell_voltage_v[5 * k : 5 * k + 5]
            assert pack.string_voltage_v(k) == pytest.approx(float(groups.sum()), abs=1e-9)
            assert pack.string_voltage_v(k) == pytest.approx(pack.link_voltage_v, abs=2e-3)
            bare_v = float(pack.mesh.group_v[5 * k : 5 * k + 5].sum())
            assert bare_v - 5 * 0.05e-3 / 2 * currents[k] == pytest.approx(pack.link_voltage_v, abs=2e-3)
            assert pack.mesh.cell_a[:, 5 * k : 5 * k + 5].sum(axis=0) == pytest.approx(currents[k], abs=1e-6)
    assert currents[0] > 0.0 > currents[1], "the fuller give to the emptier"
    assert pack.pack_voltage_v == pack.string_voltage_v(0)


def test_a_short_across_the_bus_draws_the_buss_voltage_over_it_from_all_strings() -> None:
    pack = grouped(strings=2, parallel=2)
    closed(pack, CLOSED, CLOSED)
    pack.external_short_ohm, pack.link.short_ohm = 0.5, 0.25
    for _ in range(5):
        pack.step(1e-3, Load(current_a=20.0))
    assert pack.pack_current_a == pytest.approx(pack.link_voltage_v * 6.0 + 20.0, rel=1e-3)
    assert pack.string_current_a(0) == pytest.approx(pack.string_current_a(1), rel=1e-6)


def test_onto_a_link_that_is_empty_a_string_drops_all_of_its_voltage() -> None:
    pack = grouped(parallel=2)
    pack.set_command(*CLOSED)
    while not pack.of[0].closed:
        pack.step(1e-3, Load())
    own = pack.cells.voltage_at(pack.inrush_a / 2).reshape(2, 4).mean(axis=0).sum()
    assert float(own) == pytest.approx(
        4 * 0.05e-3 / 2 * pack.inrush_a, abs=0.15
    )  # a joint for each cell of a group
    assert pack.of[0].met_a == pack.inrush_a > 1000.0
    assert pack.link_voltage_v == pytest.approx(pack.of[0].voltage_v, abs=1e-6)


def test_mains_that_close_within_the_very_first_step_meet_an_empty_link_and_wear() -> None:
    for pack in (
        grouped(parallel=1),
        Pack(NMC, rng=random.Random(7), cells=4, sensors=2, soc=0.6, spread=ALIKE),
    ):
        pack.set_command(*CLOSED)
        pack.step(0.05, Load())
        assert pack.contactors.main_path and pack.inrush_a > 1000.0
        assert pack.contactors.plus.wear + pack.contactors.minus.wear > 0.0
        assert pack.link_voltage_v == pytest.approx(pack.pack_voltage_v, abs=1e-6)


def test_charge_that_a_group_carries_shows_in_its_state_and_capacity() -> None:
    pack = grouped(parallel=3, cells=2)
    pack.cells.capacity_ah[0] = 40.0
    pack.cells.soc[0] = 0.3
    assert pack.mesh.capacity_ah() == pytest.approx([140.0, 150.0])
    assert pack.soc == pytest.approx([(0.3 * 40 + 0.6 * 100) / 140, 0.6])
    assert pack.soh == pytest.approx([140 / 150, 1.0])
    pack.cells.temp_c[3] = 44.0
    assert pack.temp_c == pytest.approx([25.0, 44.0])
    pack.disconnect(0, branch=0)
    assert pack.mesh.capacity_ah() == pytest.approx([100.0, 150.0])
    assert pack.soc == pytest.approx([0.6, 0.6])
    assert pack.full_ah == 150.0


def test_standing_levels_a_groups_cells_and_leaves_strings_apart_as_they_are() -> None:
    pack = grouped(strings=2, parallel=2, cells=2)
    pack.cells.soc[0] = 0.7
    pack.cells.settle()
    pack.set_cell_soc(2, 0.4)
    pack.stand(7200.0 + 86400.0)
    assert pack.cells.soc[0] == pytest.approx(0.65, abs=3e-3)
    assert pack.cells.soc[4] == pytest.approx(0.65, abs=3e-3)
    leaked = NMC.self_discharge_1_s * (7200.0 + 86400.0)
    assert 0.4 - pack.cells.soc[[2, 6]] == pytest.approx([leaked] * 2, rel=5e-3), "for as long as it stood"
    assert pack.cell_voltage_v[1] == pytest.approx(NMC.ocv_v(float(pack.cells.soc[1])), abs=1e-3)


def test_what_is_set_for_a_group_is_set_for_each_of_its_cells_and_is_seen_at_once() -> None:
    pack = grouped(strings=2, parallel=3, cells=4)
    pack.set_cell_soc(6, 0.2)
    assert np.flatnonzero(pack.cells.soc < 0.5).tolist() == [6, 14, 22]
    assert pack.cell_voltage_v[6] == pytest.approx(NMC.ocv_v(0.2), abs=1e-6)
    assert pack.string_voltage_v(1) == pytest.approx(3 * NMC.ocv_v(0.6) + NMC.ocv_v(0.2), abs=1e-5)
    pack.set_cell_temp(2, 50.0)
    assert np.flatnonzero(pack.cells.temp_c > 30.0).tolist() == [2, 10, 18]
    assert pack.sensor_cells.tolist() == [0, 2, 4, 6]
    assert pack.sensor_temp_c == pytest.approx([25.0, 25.0 + 0.9 * 25.0, 25.0, 25.0])
    before = pack.soc.copy()
    pack.polarise(600.0)
    assert pack.soc == pytest.approx(before, abs=1e-6)
    assert pack.cell_voltage_v[0] < NMC.ocv_v(0.6) - 5e-3
    in_group = pack.cells.voltage_at(100.0)[[0, 8, 16]]
    assert pack.at_once(600.0)[0] == pytest.approx(float(in_group.mean()), abs=1e-9)
    assert pack.cell_slope_ohm(600.0) == pytest.approx(float(pack.cells.slope_ohm(100.0).max()) / 6)


def test_what_is_set_or_left_standing_shows_in_voltages_and_sensors_before_the_next_step() -> None:
    pack = Pack(NMC, rng=random.Random(1), cells=4, sensors=2, soc=0.6, spread=ALIKE)
    pack.set_cell_soc(1, 0.2)
    due_v = 3 * NMC.ocv_v(0.6) + NMC.ocv_v(0.2)
    assert pack.pack_voltage_v == pytest.approx(due_v, abs=1e-6)
    assert float(pack.cell_voltage_v[1]) == pytest.approx(NMC.ocv_v(0.2), abs=1e-6)
    pack.set_cell_temp(2, 45.0)
    assert pack.sensor_temp_c == pytest.approx([25.0, 25.0 + 0.9 * 20.0])
    pack.polarise(50.0)
    assert pack.pack_voltage_v == pytest.approx(float(pack.cells.voltage_v.sum()), abs=1e-9)
    assert pack.pack_voltage_v < due_v - 4 * 5e-3
    assert pack.sensor_temp_c == pytest.approx(25.0 + 0.9 * (pack.temp_c[[0, 2]] - 25.0))
    pack.stand(7200.0)
    assert pack.pack_voltage_v == pytest.approx(due_v, abs=4e-3)
    assert pack.sensor_temp_c == pytest.approx([25.0, 25.0], abs=1e-6)


def test_a_cell_that_parts_under_load_leaves_its_current_to_the_others_at_once() -> None:
    """Each of the two that are left has 15 A then, and shows what it shows at 15 A."""
    pack = grouped(parallel=3, cells=2)
    closed(pack, CLOSED)
    pack.step(0.1, Load(current_a=30.0))
    pack.disconnect(1, branch=0)
    assert pack.mesh.cell_a[:, 1] == pytest.approx([0.0, 15.0, 15.0], abs=1e-6)
    due_v = float(pack.cells.voltage_at(15.0)[3]) - 0.05e-3 / 3 * 30.0
    assert float(pack.cell_voltage_v[1]) == pytest.approx(due_v, abs=1e-6)
    assert float(pack.cell_voltage_v[0]) == pytest.approx(
        due_v + 5.0 * float(pack.cells.slope_ohm(12.5)[0]), abs=1e-4
    )


def test_a_string_with_a_group_that_conducts_no_more_carries_nothing_though_it_is_closed() -> None:
    pack = grouped(strings=2, parallel=1, cells=3)
    closed(pack, CLOSED, CLOSED)
    pack.cells.limit.keep(np.array([1.0, 0.0, 1.0, 1.0, 1.0, 1.0]))
    for _ in range(3):
        pack.step(0.05, Load(current_a=20.0))
    assert [pack.string_current_a(k) for k in (0, 1)] == pytest.approx([0.0, 20.0], abs=1e-6)


def test_a_pack_that_is_told_no_size_has_96_cells_and_24_sensors() -> None:
    for pack in (Pack(NMC, rng=random.Random(1)), StringPack(NMC, rng=random.Random(1))):
        assert (pack.series, pack.cell_voltage_v.size, pack.sensor_temp_c.size) == (96, 96, 24)
        assert pack.soc == pytest.approx(np.full(96, 0.5))
        assert pack.temp_c == pytest.approx(np.full(96, 25.0))
        assert 0.0 < float(np.std(pack.cells.capacity_ah)) / 50.0 < 0.02, "as Spread() has it"
        assert pack.soh.mean() == pytest.approx(1.0, abs=5e-3)


def test_a_short_beside_cells_that_have_turned_round_takes_its_share_of_the_load() -> None:
    """Kirchhoff at the link: I = I_load + V / R, and V is below nothing. Starved ones drive no current back."""
    pack = Pack(NMC, rng=random.Random(1), cells=4, sensors=1, soc=-0.1, spread=ALIKE)
    closed(pack, CLOSED)
    pack.link.short_ohm = 2.0
    pack.step(0.01, Load(current_a=2.0))
    assert pack.pack_current_a == pytest.approx(2.0 + pack.pack_voltage_v / 2.0, abs=1e-3)
    pack.cells.limit.keep(np.full(4, 0.5))
    pack.link.short_ohm = 2.0
    for load_a in (4.0, 3.0):
        for _ in range(3):
            pack.step(0.01, Load(current_a=load_a))
        assert pack.pack_voltage_v < -0.1
        assert pack.pack_current_a == pytest.approx(load_a + pack.pack_voltage_v / 2.0, abs=1e-3)
    assert 0.0 < pack.pack_current_a < 0.9
    pack.step(0.01, Load(current_a=2.0))
    assert pack.pack_current_a == 0.0


def test_a_cell_that_has_parted_stays_apart_while_another_conducts_no_more() -> None:
    """Of three cells one has no tab and one a separator that has shut: the third carries the group's current."""
    pack = grouped(parallel=3, cells=2)
    closed(pack, CLOSED)
    pack.disconnect(1, branch=0)
    pack.cells.limit.keep(np.array([1.0, 1.0, 1.0, 0.0, 1.0, 1.0]))
    for _ in range(5):
        pack.step(0.1, Load(current_a=30.0))
    assert pack.mesh.cell_a[:, 1] == pytest.approx([0.0, 0.0, 30.0], abs=1e-3)
    assert pack.mesh.cell_a[:, 0] == pytest.approx([10.0, 10.0, 10.0], abs=0.1)
    pack.reconnect(1, branch=0)
    for _ in range(5):
        pack.step(0.1, Load(current_a=30.0))
    assert pack.mesh.cell_a[:, 1] == pytest.approx([15.0, 0.0, 15.0], abs=0.3)


def test_insulation_of_strings_that_are_joined_is_seen_side_by_side() -> None:
    pack = grouped(strings=3, parallel=1)
    for one, ohm in zip(pack.of, (1e6, 2e6, 4e6), strict=True):
        one.isolation.plus_ohm = ohm
    assert pack.insulation_ohm(1, "plus") == 2e6
    closed(pack, CLOSED, CLOSED, OPEN)
    assert pack.insulation_ohm(0, "plus") == pytest.approx(1 / (1e-6 + 0.5e-6))
    assert pack.insulation_ohm(1, "plus") == pack.insulation_ohm(0, "plus")
    assert pack.insulation_ohm(2, "plus") == 4e6
    assert pack.insulation_ohm(0, "minus") == pytest.approx(2.5e6)
    pack.of[1].isolation.plus_ohm = 0.5
    assert pack.insulation_ohm(0, "plus") == pytest.approx(0.5, rel=1e-5)
    pack.of[1].isolation.plus_ohm = 0.0
    assert pack.insulation_ohm(0, "plus") == 0.0


def test_a_string_whose_fuse_has_blown_or_whose_pyro_fired_carries_nothing() -> None:
    pack = grouped(strings=2, parallel=1)
    closed(pack, CLOSED, CLOSED)
    pack.of[1].fuse.blown = True
    for _ in range(4):
        pack.step(0.01, Load(current_a=40.0))
    assert [pack.string_current_a(k) for k in (0, 1)] == pytest.approx([40.0, 0.0], abs=1e-6)
    pack.fire_pyro()
    pack.step(0.01, Load(current_a=40.0))
    assert [pack.string_current_a(k) for k in (0, 1)] == [0.0, 0.0]
    for _ in range(60):
        pack.step(0.1, Load())
    assert pack.calm


def test_a_bench_files_shape_and_options_make_the_pack_that_they_say() -> None:
    ageing = Ageing(capacity_fade=0.2, resistance_growth=0.5)
    plain = made_of(
        LFP,
        PackShape(series=6, sensors=3),
        rng=random.Random(1),
        soc=0.4,
        ageing=ageing,
        hysteresis=True,
        sensor_tau_s=4.0,
    )
    strung = made_of(
        LFP,
        PackShape(series=6, sensors=6, strings=2, parallel=2),
        rng=random.Random(1),
        soc=0.4,
        ageing=ageing,
        hysteresis=True,
        sensor_tau_s=4.0,
    )
    assert type(plain) is Pack and isinstance(strung, StringPack)
    assert (strung.mesh.strings, strung.mesh.parallel, strung.mesh.series, strung.cells.count) == (
        2,
        2,
        6,
        24,
    )
    for pack in (plain, strung):
        assert pack.chemistry is LFP and pack.series == 6
        assert pack.soc == pytest.approx(0.4)
        assert pack.cells.resistance_scale.mean() == pytest.approx(1.5, rel=0.05)
        assert pack.soh.mean() == pytest.approx(0.8, rel=0.02)
        assert pack.sensors.tau_s == 4.0
        before_v = pack.cell_voltage_v.copy()
        pack.cells.hysteresis_state[:] = 1.0
        pack.cells.settle()
        assert pack.cells.voltage_v.max() == pytest.approx(before_v.max() + 0.012, abs=1e-6)
    assert (plain.sensor_temp_c.size, strung.sensor_temp_c.size) == (3, 6)
    usual = made_of(LFP, PackShape(series=2, sensors=1, parallel=2), rng=random.Random(1), soc=0.4)
    assert usual.sensors.tau_s == SENSOR_TAU_S.value == 10.0
    assert type(made_of(LFP, PackShape(series=2, sensors=1), rng=random.Random(1), soc=0.4)) is Pack
    assert made_of(LFP, PackShape(series=2, sensors=2, strings=2), rng=random.Random(1), soc=0.4).series == 2


def test_shapes_that_are_none_are_refused() -> None:
    for strings, parallel in ((0, 1), (1, 0)):
        with pytest.raises(ValueError, match=r"strings of .* cells in parallel; expected 1 or more of each"):
            grouped(strings=strings, parallel=parallel)
    pack = grouped()
    for dt_s in (0.0, 1.01, math.nan):
        with pytest.raises(ValueError, match=r"step of .* s; expected more than 0 and at most 1"):
            pack.step(dt_s, Load())


@pytest.mark.parametrize(("strings", "series", "parallel"), [(1, 4, 3), (2, 3, 2), (3, 2, 1)])
def test_heat_passes_to_the_next_cell_of_the_row_and_not_to_the_next_string(
    strings: int, series: int, parallel: int
) -> None:
    """Row by row: first to last within a group, then on to the next group; strings stand apart."""
    pack = grouped(strings=strings, parallel=parallel, cells=series)
    thermal = pack.cells.thermal
    thermal.ambient_k_w[:], thermal.cooling = math.inf, 0.0
    groups = strings * series
    row = [k * groups + g for g in range(groups) for k in range(parallel)]
    temp_c = 25.0 + 10.0 * np.random.default_rng(1).random(parallel * groups)
    due_w = np.zeros(temp_c.size)
    for number, (here, there) in enumerate(pairwise(row)):
        if (number + 1) % (series * parallel):
            passes_w = (temp_c[there] - temp_c[here]) / NMC.r_thermal_neighbour_k_w
            due_w[here] += passes_w
            due_w[there] -= passes_w
    assert thermal.flow_w(temp_c) == pytest.approx(due_w, abs=1e-9)
