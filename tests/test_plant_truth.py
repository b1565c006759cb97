"""The plant against the curves of an independent model (reference_curves/), and its books of charge and energy."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.errors import ConfigError
from bench.plant.cells import Cells
from bench.plant.chemistry import Chemistry
from bench.plant.reference import read_curve, score
from bench.plant.spread import Spread

REFERENCE = Path(__file__).resolve().parent / "reference_curves"
NONE = Spread(capacity=0.0, resistance=0.0)

# mV at 20 to 95 % SoC and K, as the fit reaches with the same circuit, with a tenth to spare.
QUICK = [
    ("nmc", "udds_25C", 1.1, 0.1),
    ("lfp", "udds_25C", 3.0, 0.1),
    ("na_ion", "udds_25C", 3.8, 0.1),
    ("nmc", "1c_discharge_25C", 2.5, 0.25),
    ("lfp", "1c_discharge_25C", 4.7, 0.3),
    ("na_ion", "1c_discharge_25C", 5.7, 0.2),
    # Without solid diffusion 214, 118 and 5.5 mV. The pulses were not fitted.
    ("lfp", "1c_discharge_0C", 51.0, 0.55),
    ("lfp", "1c_charge_25C", 8.4, 0.15),
    ("lfp", "3c_pulses_25C", 3.8, 0.1),
    # Not fitted: what [validity] of the files rests on.
    ("nmc", "1c_discharge_0C", 19.3, 0.7),
    ("nmc", "3c_pulses_25C", 2.6, 0.1),
    ("na_ion", "3c_pulses_25C", 6.5, 0.1),
    ("na_ion", "us06_25C", 15.9, 0.1),
]
LONG = [
    ("nmc", "hppc_10C", 2.4, 0.1),
    ("nmc", "hppc_25C", 1.6, 0.1),
    ("nmc", "hppc_40C", 1.6, 0.1),
    ("lfp", "hppc_10C", 3.6, 0.1),
    ("lfp", "hppc_25C", 1.9, 0.1),
    ("lfp", "hppc_40C", 1.4, 0.1),
    ("lfp", "wltc_m10C", 26.0, 0.35),  # not fitted
    ("na_ion", "hppc_10C", 2.4, 0.1),
    ("na_ion", "hppc_25C", 2.3, 0.1),
    ("na_ion", "hppc_40C", 2.4, 0.1),
]


def check(chemistry: str, profile: str, limit_mv: float, limit_k: float) -> None:
    truth = score(Chemistry.load(chemistry), read_curve(REFERENCE / f"{chemistry}_{profile}.csv"))
    assert truth.middle_mv <= limit_mv
    assert truth.temperature_k <= limit_k


@pytest.mark.parametrize(("chemistry", "profile", "limit_mv", "limit_k"), QUICK)
def test_voltage_and_temperature_follow_the_reference(
    chemistry: str, profile: str, limit_mv: float, limit_k: float
) -> None:
    check(chemistry, profile, limit_mv, limit_k)


@pytest.mark.slow
@pytest.mark.parametrize(("chemistry", "profile", "limit_mv", "limit_k"), LONG)
def test_pulses_at_three_temperatures_follow_the_reference(
    chemistry: str, profile: str, limit_mv: float, limit_k: float
) -> None:
    check(chemistry, profile, limit_mv, limit_k)


@pytest.mark.parametrize("chemistry", Chemistry.shipped())
def test_a_full_cycle_conserves_charge_and_energy_to_a_thousandth(chemistry: str) -> None:
    """Terminal energy + heat of losses = what the open-circuit voltage gave and took, cell by cell."""
    file = Chemistry.load(chemistry)
    cells = Cells(file, count=4, soc=0.95, temp_c=25.0, rng=random.Random(2), spread=Spread())
    start = cells.soc.copy()
    out_as = in_as = 0.0
    terminal_j = lost_j = stored_j = np.zeros(4)
    moved_j = 0.0
    for current_a in (50.0, -50.0):
        for _ in range(3000):
            before_v = cells.open_circuit_v.copy()
            cells.step(1.0, current_a)
            mean_v = 0.5 * (before_v + cells.open_circuit_v)
            stored_j = stored_j + mean_v * current_a
            terminal_j = terminal_j + cells.voltage_v * current_a
            lost_j = lost_j + (cells.open_circuit_v - cells.voltage_v) * current_a
            moved_j += 50.0 * float(file.ocv_v(0.5))
        if current_a > 0:
            out_as = 3000.0 * current_a
        else:
            in_as = -3000.0 * current_a
    assert np.abs(stored_j - terminal_j - lost_j).max() < 1e-3 * moved_j
    expected_as = out_as - in_as * file.coulombic_efficiency
    leaked_as = 6000.0 * file.self_discharge_1_s * cells.capacity_ah * 3600.0
    found_as = (start - cells.soc) * cells.capacity_ah * 3600.0
    assert np.abs(found_as - expected_as - leaked_as).max() < 1e-3 * out_as


@pytest.mark.parametrize("chemistry", Chemistry.shipped())
def test_open_circuit_energy_does_not_depend_on_the_path(chemistry: str) -> None:
    """Down at 2C and up at C/2 returns the stored energy: the difference of the terminals is heat."""
    file = replace(Chemistry.load(chemistry), coulombic_efficiency=1.0, self_discharge_1_s=0.0)
    cells = Cells(file, count=1, soc=0.9, temp_c=25.0, rng=random.Random(2), spread=NONE)
    cells.thermal.ambient_k_w[:] = 1e-3  # held at 25 degC: entropy moves no voltage
    stored_j = moved_j = 0.0
    for current_a, steps in ((100.0, 900), (-25.0, 3600)):
        for _ in range(steps):
            before_v = float(cells.open_circuit_v[0])
            cells.step(1.0, current_a)
            stored_j += 0.5 * (before_v + float(cells.open_circuit_v[0])) * current_a
            moved_j += abs(float(cells.voltage_v[0]) * current_a)
    assert abs(stored_j) < 1e-3 * moved_j


@pytest.mark.parametrize("chemistry", Chemistry.shipped())
@pytest.mark.parametrize("temp_c", [-10.0, 25.0])
def test_halving_the_step_of_a_second_moves_the_voltage_by_less_than_a_millivolt(
    chemistry: str, temp_c: float
) -> None:
    def after(step_s: float) -> np.ndarray:
        cells = Cells(
            Chemistry.load(chemistry), count=8, soc=0.5, temp_c=temp_c, rng=random.Random(3), spread=Spread()
        )
        cells.soc[:] = np.linspace(0.08, 0.95, 8)
        cells.settle()
        for k in range(round(60 / step_s)):
            cells.step(step_s, 100.0 if k * step_s < 30 else -40.0)
        return cells.voltage_v.copy()

    assert np.abs(after(1.0) - after(0.5)).max() < 1e-3


def test_a_curve_with_nan_or_with_time_running_back_is_refused_in_one_line(tmp_path: Path) -> None:
    head = "t_s,current_A,voltage_V,temp_K,soc\n"
    for name, text, told in (
        ("nan.csv", head + "1,2,3,300,0.5\n2,nan,3,300,0.5\n", r"line 3\]: a value that is not finite"),
        ("back.csv", head + "2,1,3,300,0.5\n1,1,3,300,0.5\n", r"line 3\]: time does not advance"),
        ("columns.csv", "t,i\n1,2\n", r"line 1\]: columns t, i; expected t_s"),
    ):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError, match=told) as caught:
            read_curve(path)
        assert "\n" not in str(caught.value)
