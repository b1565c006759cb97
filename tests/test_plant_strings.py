"""Strings side by side: who carries what, what flows when they meet, and what a string is without the others."""

import random

import numpy as np
import pytest

from bench.plant.chemistry import Chemistry
from bench.plant.group_thermal import STRING_GAP_K_W
from bench.plant.pack import INTERCONNECT_OHM, Load, Pack
from bench.plant.spread import Spread
from bench.plant.string_pack import StringPack

NMC = Chemistry.load("nmc")
ALIKE = Spread(capacity=0.0, resistance=0.0)
CELLS = 12
CLOSED, OPEN = (True, True, False), (False, False, False)


def strung(
    *commands: tuple[bool, bool, bool], soc: tuple[float, ...] = (0.6, 0.6, 0.6), parallel: int = 1
) -> StringPack:
    """Three strings, each at its state of charge; the link stands at the first one's voltage."""
    pack = StringPack(
        NMC,
        rng=random.Random(5),
        strings=3,
        parallel=parallel,
        cells=CELLS,
        sensors=2,
        soc=0.6,
        spread=ALIKE,
    )
    for string, share in enumerate(soc):
        for cell in range(CELLS):
            pack.set_cell_soc(string * CELLS + cell, share)
    pack.link.voltage_v = pack.pack_voltage_v
    tell(pack, *commands)
    return pack


def tell(pack: Pack, *commands: tuple[bool, bool, bool]) -> None:
    pack.set_command(*[one for command in commands for one in command])


def run(pack: Pack, duration_s: float, load: Load, dt_s: float = 0.01) -> None:
    for _ in range(round(duration_s / dt_s)):
        pack.step(dt_s, load)


def currents(pack: Pack) -> list[float]:
    return [one.current_a for one in pack.of]


def test_equal_strings_carry_a_third_each() -> None:
    pack = strung(CLOSED, CLOSED, CLOSED)
    run(pack, 2.0, Load(current_a=150.0))
    assert currents(pack) == pytest.approx([50.0] * 3, rel=1e-9)
    assert pack.pack_current_a == pytest.approx(150.0, abs=1e-9)


def test_a_string_of_more_resistance_carries_less_by_the_voltage_that_they_share() -> None:
    pack = strung(CLOSED, CLOSED, CLOSED)
    pack.cells.resistance_scale[CELLS : 2 * CELLS] *= 2.0
    run(pack, 2.0, Load(current_a=150.0))
    first, second, third = currents(pack)
    assert first == pytest.approx(third) and second < 0.7 * first
    assert [one.voltage_v for one in pack.of] == pytest.approx([pack.link_voltage_v] * 3, abs=2e-3)


def test_a_group_is_measured_with_its_busbar_and_a_bad_weld_is_seen_in_it_alone() -> None:
    """The cells' own voltage less I R of the busbar; a torn weld loses I times what it has gained."""
    pack = strung(CLOSED, CLOSED, CLOSED, parallel=2)
    run(pack, 2.0, Load(current_a=300.0))
    own_v = pack.cells.voltage_v.reshape(2, 3 * CELLS).mean(axis=0)
    assert own_v - pack.cell_voltage_v == pytest.approx(100.0 * INTERCONNECT_OHM / 2, abs=2e-5)
    assert pack.of[1].voltage_v == pytest.approx(pack.cell_voltage_v[CELLS : 2 * CELLS].sum())
    pack.taps.busbar_ohm[CELLS + 3] += 1e-3
    run(pack, 0.1, Load(current_a=300.0))
    lost_v = pack.cells.voltage_v.reshape(2, 3 * CELLS).mean(axis=0) - pack.cell_voltage_v
    string_a = pack.of[1].current_a
    assert lost_v[CELLS + 3] == pytest.approx((1e-3 + INTERCONNECT_OHM / 2) * string_a, rel=1e-3)
    assert lost_v[CELLS + 4] == pytest.approx(INTERCONNECT_OHM / 2 * string_a, abs=2e-5)
    assert string_a < 0.97 * pack.of[0].current_a  # and its string carries less


@pytest.mark.parametrize("parallel", [1, 2])
def test_a_hot_cell_warms_the_one_that_faces_it_in_the_next_string(parallel: int) -> None:
    """What one string gives the next takes: C dT/dt = (T1 - T2) / R for the cell opposite, and nothing is lost."""
    pack = strung(OPEN, OPEN, OPEN, parallel=parallel)
    thermal = pack.cells.thermal
    thermal.ambient_k_w[:] = thermal.barrier_k_w[:] = np.inf
    thermal.cooling = 0.0
    for branch in range(parallel):
        pack.cells.set_temp(branch * 3 * CELLS + 2, 45.0)
    run(pack, 60.0, Load(), dt_s=0.5)
    rise_k = pack.cells.temp_c - 25.0
    warmed = np.flatnonzero(np.abs(rise_k) > 1e-4)
    assert warmed.tolist() == [row * CELLS + 2 for row in range(3 * parallel)]
    gained_j = rise_k[CELLS + 2] * thermal.capacity_j_k[0]
    assert gained_j == pytest.approx(60.0 * 20.0 / STRING_GAP_K_W.value, rel=0.03)
    assert rise_k.sum() == pytest.approx(20.0 * parallel, abs=1e-6)


def test_the_circulating_current_at_closing_is_the_difference_over_both_resistances() -> None:
    """I = (U1 - U2) / (R1 + R2), with the resistances that the cells have at that current."""
    pack = strung(CLOSED, OPEN, OPEN, soc=(0.6, 0.5, 0.5))
    run(pack, 0.5, Load())
    apart_v = pack.of[0].voltage_v - pack.of[1].voltage_v
    assert apart_v > 0.5
    tell(pack, CLOSED, CLOSED, OPEN)
    while not pack.of[1].closed:
        pack.step(1e-3, Load())
    first_a, second_a, third_a = currents(pack)
    assert first_a == pytest.approx(-second_a, abs=1e-6) and third_a == 0.0
    chords = [_chord_ohm(pack, string) for string in (0, 1)]
    assert first_a == pytest.approx(apart_v / sum(chords), rel=0.02)
    assert pack.of[1].met_a == second_a
    run(pack, 900.0, Load(), dt_s=0.5)
    assert abs(currents(pack)[0]) < 0.3 * first_a  # they come to each other's charge
    assert pack.soc[:CELLS].mean() - pack.soc[CELLS : 2 * CELLS].mean() < 0.05
    taken = 0.6 - pack.soc[0], pack.soc[CELLS] - 0.5
    assert taken[0] == pytest.approx(taken[1], rel=0.02)


def _chord_ohm(pack: StringPack, string: int) -> float:
    """How much a string of these cells drops at its present current, over that current: from the cells' curve alone."""
    current_a = pack.of[string].current_a
    cell = string * CELLS
    rested = pack.cells.voltage_at(0.0)[cell]
    loaded = pack.cells.voltage_at(current_a)[cell]
    return float((rested - loaded) * CELLS / current_a) + INTERCONNECT_OHM * CELLS


def test_strings_too_far_apart_weld_the_contact_that_joins_them() -> None:
    pack = strung(CLOSED, OPEN, OPEN, soc=(1.0, 0.0, 0.0))
    run(pack, 0.5, Load())
    tell(pack, CLOSED, CLOSED, OPEN)
    run(pack, 0.1, Load(), dt_s=1e-3)
    welded = {
        contact.name
        for contact in (pack.of[1].contactors.plus, pack.of[1].contactors.minus)
        if contact.welded
    }
    limit_a = pack.of[1].contactors.plus.make_limit_a
    assert bool(welded) is (abs(pack.of[1].met_a) > limit_a)
    pack.of[1].contactors.plus.make_limit_a = 0.9 * abs(pack.of[1].met_a)
    again = strung(CLOSED, OPEN, OPEN, soc=(1.0, 0.0, 0.0))
    for contact in (again.of[1].contactors.plus, again.of[1].contactors.minus):
        contact.make_limit_a = 0.9 * abs(pack.of[1].met_a)
    run(again, 0.5, Load())
    tell(again, CLOSED, CLOSED, OPEN)
    run(again, 0.1, Load(), dt_s=1e-3)
    assert again.of[1].contactors.plus.welded or again.of[1].contactors.minus.welded
    assert not again.of[0].contactors.plus.welded


def test_a_string_that_opens_leaves_its_current_to_the_others() -> None:
    pack = strung(CLOSED, CLOSED, CLOSED)
    run(pack, 1.0, Load(current_a=90.0))
    tell(pack, CLOSED, OPEN, CLOSED)
    run(pack, 0.5, Load(current_a=90.0))
    assert currents(pack) == pytest.approx([45.0, 0.0, 45.0], rel=1e-6)
    assert pack.pack_current_a == pytest.approx(90.0)
    lost = pack.soc.copy()
    run(pack, 5.0, Load(current_a=90.0), dt_s=0.1)
    assert (lost - pack.soc)[CELLS : 2 * CELLS] == pytest.approx(0.0, abs=1e-6)


def test_a_welded_string_keeps_the_link_alive_when_all_are_told_to_open() -> None:
    pack = strung(CLOSED, CLOSED, CLOSED)
    run(pack, 0.5, Load())
    pack.of[1].contactors.plus.weld()
    pack.of[1].contactors.minus.weld()
    tell(pack, OPEN, OPEN, OPEN)
    run(pack, 5.0, Load(), dt_s=0.1)
    assert pack.of[1].closed and not pack.of[0].closed and not pack.of[2].closed
    assert pack.link_voltage_v == pytest.approx(pack.of[1].voltage_v, abs=0.01)


def test_a_string_precharges_an_empty_link_and_the_next_finds_it_charged() -> None:
    pack = strung(OPEN, OPEN, OPEN)
    pack.link.voltage_v = 0.0
    tell(pack, OPEN, (False, True, True), OPEN)
    run(pack, 0.5, Load(), dt_s=1e-3)
    assert pack.link_voltage_v > 0.95 * pack.of[1].voltage_v
    tell(pack, OPEN, CLOSED, OPEN)
    run(pack, 0.1, Load(), dt_s=1e-3)
    assert abs(pack.of[1].met_a) < 50.0
    tell(pack, CLOSED, CLOSED, OPEN)
    run(pack, 0.1, Load(), dt_s=1e-3)
    assert abs(pack.of[0].met_a) < 5.0  # the same charge: nothing to level out


def test_an_uncharged_link_draws_an_inrush_from_the_first_string_alone() -> None:
    pack = strung(CLOSED, OPEN, OPEN)
    pack.link.voltage_v = 0.0
    run(pack, 0.05, Load(), dt_s=1e-3)
    assert pack.of[0].met_a == pytest.approx(pack.of[0].voltage_v / _met_ohm(pack), rel=0.03)


def _met_ohm(pack: StringPack) -> float:
    current_a = pack.of[0].met_a
    rested, loaded = pack.cells.voltage_at(0.0)[0], pack.cells.voltage_at(current_a)[0]
    return float((rested - loaded) * CELLS / current_a) + INTERCONNECT_OHM * CELLS


def test_the_insulation_of_a_string_is_its_own_until_it_is_joined_to_others() -> None:
    """A monitor in each: apart it sees its own poles, joined it sees all of them side by side."""
    pack = strung(CLOSED, OPEN, CLOSED)
    pack.of[1].isolation.plus_ohm = 50e3
    run(pack, 0.5, Load())
    assert pack.insulation_ohm(0, "plus") == pytest.approx(2.5e6)
    assert pack.insulation_ohm(1, "plus") == pytest.approx(50e3)
    tell(pack, CLOSED, CLOSED, CLOSED)
    run(pack, 0.1, Load())
    joined = 1.0 / (1.0 / 50e3 + 2.0 / 5e6)
    assert [pack.insulation_ohm(k, "plus") for k in range(3)] == pytest.approx([joined] * 3)
    assert [pack.insulation_ohm(k, "minus") for k in range(3)] == pytest.approx([5e6 / 3] * 3)


@pytest.mark.parametrize("chemistry", ["nmc", "lfp"])
@pytest.mark.parametrize(("strings", "parallel"), [(1, 2), (2, 1), (3, 2)])
def test_a_load_that_jumps_leaves_the_link_where_the_cells_are(
    chemistry: str, strings: int, parallel: int
) -> None:
    """One straight line from 0 A on showed 23.7 V of eight cells that had 25.1, for one step."""
    pack = StringPack(
        Chemistry.load(chemistry),
        rng=random.Random(1),
        strings=strings,
        parallel=parallel,
        cells=8,
        sensors=2,
        soc=0.5,
    )
    pack.cells.resistance_scale[:8] *= 1.5  # strings are not alike
    tell(pack, *[CLOSED] * strings)
    run(pack, 1.0, Load())
    for current_a in (90.0, 0.0, -60.0, 120.0):
        pack.step(0.01, Load(current_a=current_a * parallel))
        of_cells_v = [
            float(pack.mesh.group_v[k * 8 : k * 8 + 8].sum())
            - 8 * INTERCONNECT_OHM / parallel * one.current_a
            for k, one in enumerate(pack.of)
        ]
        assert min(of_cells_v) - 1e-6 <= pack.link_voltage_v <= max(of_cells_v) + 1e-6
        assert sum(currents(pack)) == pytest.approx(current_a * parallel, abs=1e-6)
        jumped_v = pack.link_voltage_v
        pack.step(0.01, Load(current_a=current_a * parallel))
        assert jumped_v == pytest.approx(pack.link_voltage_v, abs=0.02)


@pytest.mark.parametrize("strings", [0, 1, 2])
def test_a_cell_whose_separator_has_collapsed_lets_the_current_through(strings: int) -> None:
    """Nothing flows behind one that has shut; where the electrodes touch, others feed the cell. 0: a plain pack."""
    pack = Pack(NMC, rng=random.Random(1), cells=CELLS, sensors=2, soc=0.5)
    if strings:
        pack = StringPack(NMC, rng=random.Random(1), strings=strings, cells=CELLS, sensors=2, soc=0.5)
    tell(pack, *[CLOSED] * max(1, strings))
    load = Load(current_a=20.0)
    pack.cells.heat_w[3] = 1500.0
    seen: list[float] = []
    for _ in range(1300):
        pack.step(0.1, load)
        if pack.cells.limit.broken:
            seen.append(pack.of[0].current_a if strings else pack.pack_current_a)
            if pack.cells.alive is not None and pack.cells.alive[3] < 0.5:
                break
    assert pack.cells.alive is not None and pack.cells.alive[3] < 0.5
    assert seen[5] == 0.0, "while it is shut"
    assert abs(seen[-1]) > 5.0, "once it has collapsed; beside a whole string it is charged by that"
    assert float(pack.cells.limit.share[3]) == 0.0
