"""A pack before its first step, what each of its strings is made of, and what a single step of it obeys."""

import math
import random

import numpy as np
import pytest

from bench.plant.chemistry import Chemistry
from bench.plant.pack import Load, Pack
from bench.plant.rewind import rewound
from bench.plant.spread import Spread
from bench.plant.string_pack import StringPack
from bench.plant.tables import Tables

NMC = Chemistry.load("nmc")
CLOSED, OPEN, PRECHARGE = (True, True, False), (False, False, False), (False, True, True)
ALIKE = Spread(capacity=0.0, resistance=0.0)


def plain(cells: int = 4, soc: float = 0.6) -> Pack:
    return Pack(NMC, rng=random.Random(7), cells=cells, sensors=2, soc=soc, spread=ALIKE)


def grouped(strings: int = 1, parallel: int = 3, cells: int = 4) -> StringPack:
    return StringPack(
        NMC,
        rng=random.Random(7),
        strings=strings,
        parallel=parallel,
        cells=cells,
        sensors=2,
        soc=0.6,
        spread=ALIKE,
    )


def closed(pack: Pack, *commands: tuple[bool, bool, bool]) -> None:
    pack.link.voltage_v = pack.pack_voltage_v
    pack.set_command(*[one for command in commands for one in command])
    for _ in range(20):
        pack.step(1e-3, Load())


@pytest.mark.parametrize("pack", [plain(), grouped(strings=2)], ids=["plain", "strings"])
def test_before_its_first_step_a_pack_carries_nothing_and_is_open_and_calm(pack: Pack) -> None:
    assert (pack.pack_current_a, pack.inrush_a, pack.link_voltage_v) == (0.0, 0.0, 0.0)
    assert pack.calm is True and pack.path_whole and not pack.pyro_fired and not pack.fuse_blown
    assert [one.current_a for one in pack.of] == [0.0] * len(pack.of)
    assert pack.external_short_ohm == pack.link.short_ohm == math.inf
    assert pack.pack_voltage_v == pytest.approx(4 * NMC.ocv_v(0.6), abs=1e-6)
    assert pack.link.trips_at_v == pytest.approx(1.2 * 4 * NMC.v_op_max)


def test_a_fuse_carries_twice_the_limit_of_all_cells_side_by_side() -> None:
    for pack, beside in ((plain(), 1), (grouped(strings=2, parallel=3), 3)):
        for one in pack.of:
            assert one.fuse.rated_a == pytest.approx(2.0 * NMC.i_max_discharge_a * beside)
            assert not one.fuse.blown and one.precharge.resistor_ohm == 30.0


def test_steps_of_no_length_or_too_long_are_refused_while_precharging_too() -> None:
    for pack in (plain(), grouped()):
        pack.set_command(*PRECHARGE)
        for _ in range(3):
            pack.step(0.01, Load())
        for dt_s in (0.0, -0.01, 1.001):
            with pytest.raises(ValueError, match=r"step of .* s; expected more than 0 and at most 1"):
                pack.step(dt_s, Load())
        pack.step(1.0, Load())


def test_strings_that_are_told_nothing_stay_open_and_those_that_are_told_do_as_they_are() -> None:
    pack = grouped(strings=3, parallel=1)
    pack.set_command(*CLOSED, *PRECHARGE)
    for _ in range(20):
        pack.step(1e-3, Load())
    assert [one.closed for one in pack.of] == [True, False, False]
    of_second, of_third = pack.of[1].contactors, pack.of[2].contactors
    assert (of_second.plus.closed, of_second.minus.closed, of_second.precharge.closed) == (False, True, True)
    assert not (of_third.plus.closed or of_third.minus.closed or of_third.precharge.closed)


@pytest.mark.parametrize("branch", [0, 2])
def test_a_cell_that_is_joined_again_takes_its_share_again(branch: int) -> None:
    pack = grouped(parallel=3, cells=2)
    closed(pack, CLOSED)
    told = () if branch == 0 else (branch,)
    pack.disconnect(1, *told)
    assert np.argwhere(pack.mesh.open).tolist() == [[branch, 1]]
    pack.reconnect(1, *told)
    assert not pack.mesh.open.any()
    for _ in range(3):
        pack.step(0.1, Load(current_a=30.0))
    assert pack.mesh.cell_a[:, 1] == pytest.approx([10.0, 10.0, 10.0], abs=0.2)


@pytest.mark.parametrize("ohm", [0.05, 1.0, 20.0])
@pytest.mark.parametrize("load_a", [0.0, 30.0, -30.0])
def test_a_short_on_the_link_draws_its_voltage_over_it_beside_the_load(ohm: float, load_a: float) -> None:
    """Kirchhoff: I = I_load + V / R, with every busbar within V."""
    pack = plain()
    closed(pack, CLOSED)
    pack.link.short_ohm = ohm
    pack.step(1e-3, Load(current_a=load_a))
    held_v = float(pack.cells.voltage_v.sum()) - 4 * 0.05e-3 * pack.pack_current_a
    assert pack.pack_voltage_v == pytest.approx(held_v, abs=1e-9)
    assert pack.pack_current_a == pytest.approx(load_a + pack.pack_voltage_v / ohm, rel=2e-3, abs=0.02)


def test_the_second_string_to_close_is_met_by_what_the_first_drives_into_it() -> None:
    """Kirchhoff round both: a tenth of the charge apart, over the resistance of eight groups."""
    pack = grouped(strings=2, parallel=1)
    for group in range(4, 8):
        pack.set_cell_soc(group, 0.5)
    closed(pack, CLOSED, OPEN)
    assert abs(pack.of[0].met_a) < 20.0 and pack.string_current_a(1) == 0.0
    pack.set_command(*CLOSED, *CLOSED)
    while not pack.of[1].closed:
        pack.step(1e-3, Load())
    met_a = pack.of[1].met_a
    assert met_a == pack.inrush_a == pack.string_current_a(1) < -10.0
    assert pack.of[1].contactors.plus.wear + pack.of[1].contactors.minus.wear == pytest.approx(
        (met_a / 1250.0) ** 2 / 50.0
    )
    volts = [pack.cells.voltage_at(current_a)[k : k + 4].sum() for k, current_a in ((0, -met_a), (4, met_a))]
    apart_v = float(volts[0] - volts[1]) - 8 * 0.05e-3 * -met_a
    assert apart_v == pytest.approx(0.0, abs=2e-2)
    was = pack.of[0].contactors.plus.wear
    pack.step(1e-3, Load())
    assert pack.of[0].contactors.plus.wear == was, "only what has just closed wears"


@pytest.mark.parametrize("strings", [1, 2])
def test_what_leaks_from_a_cell_of_a_group_lies_at_its_groups_share_of_its_own_string(strings: int) -> None:
    """Group 2 of 4 from the minus pole: 1.5 / 4 of the way up, whichever of its cells leaks."""
    pack = grouped(strings=strings, parallel=2, cells=4)
    groups = 4 * strings
    pack.soiling.leaking[groups + groups - 3] = True  # the second cell of the last string's second group
    for _ in range(600):
        pack.step(0.1, Load())
    plus_s, minus_s = pack.soiling.siemens[strings - 1]
    assert plus_s + minus_s == pytest.approx(1e-5, rel=1e-3)
    assert plus_s / (plus_s + minus_s) == pytest.approx(1.5 / 4)
    assert all(one == (0.0, 0.0) for one in pack.soiling.siemens[:-1])


def test_what_a_cell_shows_falls_with_its_current_by_the_conductance_that_it_tells() -> None:
    """-dI/dV of every cell, with a short and a bleed on two of them, by a difference."""
    pack = grouped(parallel=2, cells=3)
    cells = pack.cells
    cells.short_ohm[1], cells.balance_ohm[4], cells.short_ohm[4] = 0.05, 0.2, 0.1
    pack.step(0.01, Load())
    at_a = np.array([20.0, 5.0, -10.0, 40.0, 0.0, 1.0])
    _, siemens = pack._meshed.at_terminals(at_a)
    volts = [pack._meshed.at_terminals(at_a + apart_a)[0] for apart_a in (-0.5, 0.5)]
    assert siemens == pytest.approx(1.0 / (volts[0] - volts[1]), rel=1e-3)


def test_a_dying_cell_loses_its_source_to_the_share_that_is_left_and_keeps_its_resistance() -> None:
    pack = grouped(parallel=2, cells=2)
    for group in range(2):
        pack.set_cell_temp(group, 60.0)
    pack.step(0.01, Load())
    cells = pack._meshed
    assert cells.runaway is not None
    whole_v, siemens = cells.at_terminals(np.full(4, 40.0))
    cells.runaway.survival[:] = [1.0, 0.25, 1.0, 0.5]
    dying_v, after = cells.at_terminals(np.full(4, 40.0))
    inner_v = cells.open_circuit_v - cells._pairs.fast_v - cells._pairs.slow_v
    assert whole_v - dying_v == pytest.approx(inner_v * [0.0, 0.75, 0.0, 0.5], abs=1e-9)
    assert after == pytest.approx(siemens, rel=1e-12)


@pytest.mark.parametrize("name", Chemistry.shipped())
def test_a_table_is_its_curve_at_every_knot_and_held_beyond_both_ends(name: str) -> None:
    curve = Chemistry.load(name).ocv
    low, high = float(curve.soc[0]), float(curve.soc[-1])
    count = round((high - low) * 200) + 1
    at = np.linspace(low, high, count)
    table = Tables([curve], low, high, count)
    assert table.at(at)[0] == pytest.approx(curve.at(at), abs=1e-9)
    assert table.at(at - (high - low))[0] == pytest.approx(np.full(count, curve.value[0]), abs=1e-9)
    assert table.at(at + (high - low))[0] == pytest.approx(np.full(count, curve.value[-1]), abs=1e-9)


class Ring:
    """As a class of the plant: it holds an array, a fact, and itself."""

    __module__ = "bench.plant.ring"

    def __init__(self) -> None:
        self.values = np.array([1.0, 2.0])
        self.chemistry = NMC
        self.number = 3
        self.itself = self


def test_what_was_tried_is_taken_back_once_though_a_part_holds_itself() -> None:
    ring = Ring()
    values = ring.values
    with rewound(ring):
        ring.values[0] = 9.0
        ring.values, ring.number = np.zeros(1), 4
    assert ring.values is values and values.tolist() == [1.0, 2.0]
    assert (ring.number, ring.itself, ring.chemistry) == (3, ring, NMC)


def test_a_trial_that_breaks_off_is_taken_back_too() -> None:
    pack = grouped(parallel=2, cells=2)
    before = pack.cells.soc.copy(), pack.cells.temp_c.copy(), pack.cell_voltage_v.copy(), pack._closed
    with pytest.raises(ValueError, match="step of"), rewound(pack):
        pack.set_command(*CLOSED)
        for _ in range(30):
            pack.step(0.01, Load(current_a=100.0))
        pack.step(9.0, Load())
    assert (pack.cells.soc == before[0]).all() and (pack.cells.temp_c == before[1]).all()
    assert (pack.cell_voltage_v == before[2]).all() and pack._closed == before[3] == [False]
