"""What is measured of the cells: busbars within the voltage, thermistors that are late and off the hottest place."""

import math
import random

import numpy as np
import pytest

from bench.plant.chemistry import Chemistry
from bench.plant.pack import Load, Pack
from bench.plant.sensing import SENSOR_TAU_S

NMC = Chemistry.load("nmc")


def closed_pack(**options: float) -> Pack:
    pack = Pack(NMC, rng=random.Random(1), sensor_tau_s=options.get("tau_s", SENSOR_TAU_S.value))
    pack.set_command(plus=False, minus=True, precharge=True)
    for _ in range(100):
        pack.step(0.01, Load())
    pack.set_command(plus=True, minus=True, precharge=False)
    for _ in range(10):
        pack.step(0.01, Load())
    return pack


@pytest.mark.parametrize("current_a", [100.0, -50.0])
def test_busbar_and_weld_lie_within_the_measured_voltage(current_a: float) -> None:
    pack = closed_pack()
    pack.taps.busbar_ohm[16] = 1e-3  # a weld that has torn half off
    pack.step(0.01, Load(current_a=current_a))
    within_v = pack.cells.voltage_v - pack.cell_voltage_v
    expected_v = np.full(96, 0.05e-3 * current_a)
    expected_v[16] = 1e-3 * current_a
    assert within_v == pytest.approx(expected_v, abs=1e-9)
    assert pack.pack_voltage_v == pytest.approx(pack.cell_voltage_v.sum())
    assert pack.link_voltage_v == pack.pack_voltage_v
    pack.step(0.01, Load())
    assert (pack.cell_voltage_v == pack.cells.voltage_v).all(), "no current, no drop"


def test_a_short_is_carried_by_what_cells_and_busbars_leave_of_it() -> None:
    """Kirchhoff, from the terminal values: V = I R_short, with every busbar within V."""
    pack = closed_pack()
    pack.external_short_ohm = 0.1
    pack.step(1e-4, Load())
    pack.step(1e-4, Load())
    assert pack.pack_current_a > 1000.0
    assert pack.pack_voltage_v == pytest.approx(pack.pack_current_a * 0.1, rel=1e-3)
    inner_v = pack.cells.voltage_v.sum() - 96 * 0.05e-3 * pack.pack_current_a
    assert pack.pack_voltage_v == pytest.approx(inner_v)


@pytest.mark.parametrize("tau_s", [5.0, 10.0, 15.0])
@pytest.mark.parametrize("dt_s", [0.01, 0.1])
def test_a_sensor_is_63_percent_of_the_way_after_its_time_constant(tau_s: float, dt_s: float) -> None:
    pack = closed_pack(tau_s=tau_s)
    pack.cells.thermal.capacity_j_k[:] = 1e9  # the cells keep what they are given: a step, as in an oil bath
    before_c = pack.sensor_temp_c.copy()
    pack.cells.temp_c[:] = 65.0
    waited_s = 0.0
    while pack.sensor_temp_c[0] < before_c[0] + (1 - math.exp(-1)) * 0.9 * (65.0 - 25.0):
        pack.step(dt_s, Load())
        waited_s += dt_s
    assert waited_s == pytest.approx(tau_s, rel=0.05)


def test_a_sensor_ends_below_the_hottest_place_of_its_cell_and_reads_the_air_of_a_cold_soak() -> None:
    pack = closed_pack()
    pack.cells.thermal.capacity_j_k[:] = 1e9
    pack.cells.temp_c[:] = 65.0
    for _ in range(1000):
        pack.step(0.1, Load())
    assert pack.sensor_temp_c == pytest.approx(np.full(24, 65.0 - 0.1 * 40.0), abs=0.01)
    pack.ambient_c = 65.0
    for _ in range(1000):
        pack.step(0.1, Load())
    assert pack.sensor_temp_c == pytest.approx(np.full(24, 65.0), abs=0.01)


def test_without_lag_a_sensor_follows_at_once() -> None:
    pack = closed_pack(tau_s=0.0)
    pack.cells.temp_c[:] = 45.0
    pack.step(0.01, Load())
    assert pack.sensor_temp_c == pytest.approx(np.full(24, 25.0 + 0.9 * 20.0), abs=0.02)


def test_after_days_the_sensors_have_long_followed() -> None:
    pack = closed_pack()
    pack.ambient_c = pack.coolant_c = -10.0
    pack.stand(10 * 3600.0)
    assert pack.sensor_temp_c == pytest.approx(np.full(24, -10.0), abs=0.5)
