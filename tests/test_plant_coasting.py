"""A pack that is stepped only when something changes is the pack that is stepped every 10 ms."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.plant.chemistry import Chemistry
from bench.plant.coasting import LONGEST_NS, Coasting, Commands
from bench.plant.pack import Load, Pack
from bench.units import NS_PER_MS, NS_PER_S

TICK_NS = 10 * NS_PER_MS
OFF: Commands = (False, False, False)
PRECHARGE: Commands = (False, True, True)
ON: Commands = (True, True, False)


def a_pack() -> Pack:
    return Pack(Chemistry.load("nmc"), rng=random.Random(7), cells=12, sensors=3, soc=0.6)


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([OFF, PRECHARGE, ON]),
            st.floats(-60.0, 120.0),
            st.integers(1, 80),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_it_ends_where_the_pack_on_the_short_grid_ends(course: list[tuple[Commands, float, int]]) -> None:
    always, seldom = a_pack(), a_pack()
    coasting = Coasting(seldom)
    for commands, current_a, ticks in course:
        load = Load(current_a=current_a)
        for _ in range(ticks):
            always.set_command(*commands)
            always.step(TICK_NS / NS_PER_S, load)
            coasting.step(TICK_NS, commands, load)
            assert seldom.pack_current_a == pytest.approx(always.pack_current_a, abs=0.05)
            assert seldom.contactors.main_path == always.contactors.main_path
    coasting.settle()
    assert np.allclose(seldom.cell_voltage_v, always.cell_voltage_v, atol=2e-4)
    assert np.allclose(seldom.soc, always.soc, atol=1e-9)
    assert np.allclose(seldom.temp_c, always.temp_c, atol=1e-3)
    assert seldom.link_voltage_v == pytest.approx(always.link_voltage_v, abs=1.5)


def test_a_command_after_a_hold_moves_the_contact_no_sooner_than_its_own_time() -> None:
    pack = a_pack()
    coasting = Coasting(pack)
    for _ in range(9):  # held, not stepped
        coasting.step(TICK_NS, OFF, Load())
    coasting.step(TICK_NS, ON, Load())
    assert not pack.contactors.main_path
    coasting.step(TICK_NS, ON, Load())
    assert pack.contactors.main_path


def test_nothing_is_held_longer_than_promised_nor_while_a_short_is_on() -> None:
    pack = a_pack()
    coasting = Coasting(pack)
    coasting.step(TICK_NS, ON, Load(current_a=50.0))
    coasting.step(TICK_NS, ON, Load(current_a=50.0))
    coasting.step(TICK_NS, ON, Load(current_a=50.0))
    before = float(pack.soc[0])
    held_ns = 0
    while float(pack.soc[0]) == before:
        coasting.step(TICK_NS, ON, Load(current_a=50.0))
        held_ns += TICK_NS
        assert held_ns <= LONGEST_NS
    pack.external_short_ohm = 0.05
    now = float(pack.soc[0])
    coasting.step(TICK_NS, ON, Load(current_a=50.0))
    assert float(pack.soc[0]) < now
