"""The DC link on its own: load dump, a load that empties it, discharge, shorts; each against its own equation."""

import math
import random

import pytest

from bench.plant.chemistry import Chemistry
from bench.plant.pack import Load, Pack

NMC = Chemistry.load("nmc")
CAPACITANCE_F = 1e-3


def opened_under(load: Load, *, soc: float = 0.5, dt_s: float = 1e-4) -> Pack:
    """Fed, under load, and just opened: the first step without a path is over."""
    pack = Pack(NMC, rng=random.Random(1), soc=soc)
    pack.set_command(plus=False, minus=True, precharge=True)
    for _ in range(400):
        pack.step(1e-3, Load())
    pack.set_command(plus=True, minus=True, precharge=False)
    for _ in range(100):
        pack.step(1e-3, load)
    assert pack.pack_current_a == load.current_a - load.charge_current_a
    pack.set_command(plus=False, minus=False, precharge=False)
    while pack.contactors.main_path:
        pack.step(dt_s, load)
    return pack


def rate_v_s(pack: Pack, load: Load, dt_s: float = 1e-4) -> float:
    before_v = pack.link_voltage_v
    pack.step(dt_s, load)
    return (pack.link_voltage_v - before_v) / dt_s


@pytest.mark.parametrize("current_a", [-100.0, -20.0, 20.0, 100.0])
def test_the_link_moves_by_current_over_capacitance_when_the_contactors_open(current_a: float) -> None:
    load = Load(current_a=current_a)
    pack = opened_under(load)
    bled_a = pack.link_voltage_v * (1 / 2000 + 1 / 50_000)  # with both discharge resistors
    assert rate_v_s(pack, load) == pytest.approx(-(current_a + bled_a) / CAPACITANCE_F, rel=2e-3)
    assert pack.pack_current_a == 0.0


def test_a_load_dump_lifts_a_millifarad_by_100_volts_in_a_millisecond() -> None:
    load = Load(current_a=-100.0)
    assert rate_v_s(opened_under(load), load, 5e-4) == pytest.approx(100.0 / 1e-3, rel=0.02)


def test_a_charger_dumps_its_load_too() -> None:
    load = Load(charge_current_a=50.0)
    assert rate_v_s(opened_under(load), load) == pytest.approx(50.0 / 1e-3, rel=0.02)


def test_a_drive_that_lifts_the_link_trips_and_gives_no_more() -> None:
    load = Load(current_a=-100.0)
    pack = opened_under(load)
    highest_v = 0.0
    for _ in range(100):
        pack.step(1e-4, load)
        highest_v = max(highest_v, pack.link_voltage_v)
    assert highest_v == pytest.approx(1.2 * 96 * 4.2, rel=5e-3)
    assert rate_v_s(pack, load) < 0.0
    pack.set_command(plus=False, minus=False, precharge=False)
    for _ in range(500):
        pack.step(0.01, load)
    assert pack.link_voltage_v < 60.0, "within five seconds, load dump or not"


def test_one_step_lifts_it_as_far_as_a_hundred_short_ones() -> None:
    load = Load(current_a=-100.0)
    long, short = opened_under(load), opened_under(load)
    long.step(0.01, load)
    for _ in range(1000):
        short.step(1e-5, load)
    assert long.link_voltage_v == pytest.approx(short.link_voltage_v, rel=1e-6)


def test_a_load_empties_the_link_in_charge_over_current_and_stops_there() -> None:
    load = Load(current_a=20.0)
    pack = opened_under(load)
    volt_v, taken_s = pack.link_voltage_v, 0.0
    while pack.link_voltage_v > 1.0:
        pack.step(1e-4, load)
        taken_s += 1e-4
    assert taken_s == pytest.approx(CAPACITANCE_F * volt_v / 20.0, rel=0.02)
    pack.step(0.01, load)
    assert pack.link_voltage_v >= 0.0
    pack.step(0.01, Load(current_a=-20.0))
    assert pack.link_voltage_v < 1.0, "a drive without a supply recuperates nothing"


@pytest.mark.parametrize(("works", "ohm"), [(True, 1 / (1 / 2000 + 1 / 50_000)), (False, 50_000.0)])
def test_the_link_empties_through_its_resistors(works: bool, ohm: float) -> None:
    pack = opened_under(Load())
    pack.link.discharge_works = works
    before_v = pack.link_voltage_v
    for _ in range(100):
        pack.step(0.01, Load())
    assert pack.link_voltage_v == pytest.approx(before_v * math.exp(-1.0 / (ohm * CAPACITANCE_F)), rel=1e-9)


def test_a_full_pack_is_below_60_volts_5_seconds_after_opening_only_by_active_discharge() -> None:
    for works in (True, False):
        pack = opened_under(Load(), soc=1.0)
        pack.link.discharge_works = works
        for _ in range(500):
            pack.step(0.01, Load())
        assert (pack.link_voltage_v < 60.0) is works
        for _ in range(115 * 100):
            if not works:
                pack.link.leave(0.01, 0.0, 0.0)
        assert pack.link_voltage_v < 60.0, "and by itself within two minutes"


def test_a_short_outside_the_pack_empties_the_link_behind_open_contactors() -> None:
    pack = opened_under(Load())
    pack.external_short_ohm = 1.0
    before_v = pack.link_voltage_v
    pack.step(1e-3, Load())
    assert pack.link_voltage_v == pytest.approx(before_v * math.exp(-1.0), rel=1e-2)


def test_precharge_takes_from_the_pack_what_it_puts_into_the_link_and_the_resistors() -> None:
    pack = Pack(NMC, rng=random.Random(1))
    pack.link.short_ohm = 200.0
    pack.set_command(plus=False, minus=True, precharge=True)
    given_as = lost_as = 0.0
    for _ in range(2000):
        before_v = pack.link_voltage_v
        pack.step(1e-4, Load())
        given_as += pack.pack_current_a * 1e-4
        lost_as += 0.5 * (before_v + pack.link_voltage_v) * (1 / 200 + 1 / 50_000) * 1e-4
    assert given_as == pytest.approx(CAPACITANCE_F * pack.link_voltage_v + lost_as, rel=1e-4)
    assert pack.link_voltage_v == pytest.approx(pack.pack_voltage_v * 200 / 230, rel=2e-3)
