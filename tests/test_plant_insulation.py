"""Insulation as a monitor sees it: either side of the contactors, a step of the pack, what leaves a cell."""

import math
import random

import numpy as np
import pytest

from bench.plant.chemistry import Chemistry
from bench.plant.isolation import Isolation
from bench.plant.pack import Load, Pack

NMC = Chemistry.load("nmc")


def a_pack(**options: float) -> Pack:
    return Pack(NMC, rng=random.Random(1), soc=options.get("soc", 0.5))


def run(pack: Pack, duration_s: float, dt_s: float = 0.1) -> None:
    for _ in range(round(duration_s / dt_s)):
        pack.step(dt_s, Load())


def test_a_leak_in_the_vehicle_is_seen_only_through_closed_contactors() -> None:
    pack = a_pack()
    pack.isolation.vehicle_plus_ohm = 20e3
    run(pack, 1.0)
    assert pack.isolation.seen_plus_ohm == 5e6
    pack.set_command(plus=False, minus=True, precharge=False)
    run(pack, 0.5, 0.01)
    assert pack.isolation.seen_plus_ohm == 5e6, "the other pole says nothing of it"
    pack.set_command(plus=False, minus=True, precharge=True)
    run(pack, 0.5, 0.01)
    assert pack.isolation.seen_plus_ohm == pytest.approx(1 / (1 / 5e6 + 1 / 20e3))
    assert pack.isolation.seen_minus_ohm == 5e6
    pack.set_command(plus=True, minus=True, precharge=False)
    run(pack, 0.5, 0.01)
    assert pack.isolation.seen_plus_ohm == pytest.approx(1 / (1 / 5e6 + 1 / 20e3))
    pack.set_command(plus=False, minus=False, precharge=False)
    run(pack, 0.5, 0.01)
    assert pack.isolation.seen_plus_ohm == 5e6


def test_a_blown_fuse_keeps_the_vehicles_leak_from_the_pack_too() -> None:
    pack = a_pack()
    pack.isolation.vehicle_minus_ohm = 20e3
    pack.set_command(plus=True, minus=True, precharge=False)
    run(pack, 0.5, 0.01)
    assert pack.isolation.seen_minus_ohm < 21e3
    pack.fuse_blown = True
    run(pack, 0.1, 0.01)
    assert pack.isolation.seen_minus_ohm == 5e6


def test_y_capacitors_share_a_step_of_the_pack_at_once_and_settle_with_both_resistances() -> None:
    isolation = Isolation(plus_ohm=1e6, minus_ohm=3e6)
    for _ in range(1000):
        isolation.advance(0.1, 400.0)
    assert isolation.plus_to_chassis_v == pytest.approx(100.0)
    isolation.advance(1e-9, 300.0)
    assert isolation.plus_to_chassis_v == pytest.approx(50.0), "two equal capacitors in series"
    tau_s = 0.75e6 * 400e-9
    isolation.advance(tau_s, 300.0)
    assert isolation.plus_to_chassis_v == pytest.approx(75.0 + (50.0 - 75.0) * math.exp(-1.0))


@pytest.mark.parametrize("cell", [0, 47, 95])
def test_a_film_from_a_cell_draws_what_a_resistance_at_that_cells_potential_draws(cell: int) -> None:
    """The chassis' voltage and the Thevenin resistance, from the network's own equations."""
    pack = a_pack()
    pack.soiling.leaking[cell] = True
    run(pack, 300.0, 1.0)
    film_s, pole_s = 1 / 100e3, 1 / 5e6
    volt_v = pack.pack_voltage_v
    at_cell_v = volt_v * (cell + 0.5) / 96  # above the minus pole
    chassis_v = (pole_s * volt_v + film_s * at_cell_v) / (2 * pole_s + film_s)
    assert pack.isolation.plus_to_chassis_v == pytest.approx(volt_v - chassis_v, rel=1e-3)
    assert pack.isolation.parallel_ohm == pytest.approx(1 / (2 * pole_s + film_s), rel=1e-6)


def test_a_film_grows_within_seconds_and_stays() -> None:
    pack = a_pack()
    pack.soiling.leaking[:] = True
    run(pack, 5.0)
    whole_s = 96 / 100e3
    grown_s = 1 / pack.isolation.parallel_ohm - 2 / 5e6
    assert grown_s == pytest.approx(whole_s * (1 - math.exp(-1)), rel=0.03)
    pack.soiling.leaking[:] = False
    run(pack, 60.0)
    assert 1 / pack.isolation.parallel_ohm - 2 / 5e6 == pytest.approx(grown_s)


def test_a_runaway_fails_100_ohm_per_volt_and_a_vent_alone_does_not() -> None:
    pack = a_pack(soc=0.9)
    pack.cells.heat_w[40] = 800.0
    said: dict[str, float] = {}
    for _ in range(1200):
        pack.step(0.5, Load())
        assert pack.cells.runaway is not None
        if pack.cells.runaway.vented.any() and not pack.cells.runaway.runaway.any():
            said["vented"] = pack.isolation.ohm_per_volt(pack.pack_voltage_v)
        if pack.cells.runaway.runaway.any():
            pack.cells.heat_w[40] = 0.0
            said["runaway"] = pack.isolation.ohm_per_volt(pack.pack_voltage_v)
        if said.get("runaway", math.inf) < 100.0:
            break
    assert 100.0 < said["vented"] < 5e6 / pack.pack_voltage_v
    assert said["runaway"] < 100.0


def test_a_pack_within_its_limits_stays_clean() -> None:
    pack = a_pack()
    run(pack, 60.0)
    assert pack.soiling.siemens == [(0.0, 0.0)]
    assert pack.isolation.ohm_per_volt(pack.pack_voltage_v) == pytest.approx(
        5e6 / np.sum(pack.cell_voltage_v)
    )
