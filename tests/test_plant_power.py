"""State of power against its definition: what is borne for ten seconds, and a little more is not."""

import random

import pytest

from bench.plant.chemistry import Chemistry
from bench.plant.pack import Load, Pack
from bench.plant.power_limits import power_limits

NMC = Chemistry.load("nmc")


def closed_pack(chemistry: Chemistry, soc: float, temp_c: float) -> Pack:
    pack = Pack(chemistry, rng=random.Random(1), soc=soc, temp_c=temp_c)
    pack.set_command(plus=False, minus=True, precharge=True)
    for _ in range(100):
        pack.step(0.01, Load())
    pack.set_command(plus=True, minus=True, precharge=False)
    for _ in range(10):
        pack.step(0.01, Load())
    return pack


def carried(pack: Pack, current_a: float) -> tuple[float, float]:
    """Lowest and highest measured cell in ten seconds of this current, on the pack as a rig steps it."""
    volts = []
    for _ in range(1000):
        pack.step(0.01, Load(current_a=current_a))
        volts.append((float(pack.cell_voltage_v.min()), float(pack.cell_voltage_v.max())))
    return min(low for low, _ in volts), max(high for _, high in volts)


@pytest.mark.parametrize(("chemistry", "temp_c"), [("nmc", 25.0), ("lfp", 10.0), ("na_ion", 25.0)])
def test_a_nearly_empty_pack_bears_its_limit_for_ten_seconds_and_no_more(
    chemistry: str, temp_c: float
) -> None:
    facts = Chemistry.load(chemistry)
    limit_a = power_limits(closed_pack(facts, 0.05, temp_c)).discharge_a
    assert 0.0 < limit_a < facts.i_max_discharge_a
    lowest_v, _ = carried(closed_pack(facts, 0.05, temp_c), limit_a)
    assert lowest_v == pytest.approx(facts.v_op_min, abs=5e-3) and lowest_v > facts.v_op_min - 1e-3
    beyond_v, _ = carried(closed_pack(facts, 0.05, temp_c), 1.02 * limit_a)
    assert beyond_v < facts.v_op_min


def test_a_nearly_full_pack_takes_its_limit_for_ten_seconds_and_no_more() -> None:
    limit_a = power_limits(closed_pack(NMC, 0.97, 10.0)).charge_a
    assert 0.0 < limit_a < NMC.i_max_charge_a
    _, highest_v = carried(closed_pack(NMC, 0.97, 10.0), -limit_a)
    assert highest_v == pytest.approx(NMC.v_op_max, abs=5e-3) and highest_v < NMC.v_op_max + 1e-3
    _, beyond_v = carried(closed_pack(NMC, 0.97, 10.0), -1.02 * limit_a)
    assert beyond_v > NMC.v_op_max


def test_in_the_middle_the_chemistrys_own_limits_rule() -> None:
    limits = power_limits(closed_pack(NMC, 0.5, 25.0))
    assert (limits.discharge_a, limits.charge_a) == (NMC.i_max_discharge_a, NMC.i_max_charge_a)


def test_outside_its_temperatures_nothing_is_borne() -> None:
    assert power_limits(closed_pack(NMC, 0.5, NMC.t_charge_min_c - 5.0)).charge_a == 0.0
    assert power_limits(closed_pack(NMC, 0.5, NMC.t_op_min_c - 5.0)).discharge_a == 0.0
    assert power_limits(closed_pack(NMC, 0.5, NMC.t_op_max_c + 1.0)).discharge_a == 0.0
    small = Pack(NMC, rng=random.Random(1), cells=4, sensors=1, soc=0.5, temp_c=NMC.t_charge_min_c)
    assert power_limits(small).charge_a > 0.0, "at the lowest temperature itself it may be charged"
    small = Pack(NMC, rng=random.Random(1), cells=4, sensors=1, soc=0.5, temp_c=NMC.t_op_min_c)
    assert power_limits(small).discharge_a > 0.0


def test_the_weakest_cell_rules() -> None:
    pack = closed_pack(NMC, 0.3, 25.0)
    pack.set_cell_soc(16, 0.02)
    assert power_limits(pack).discharge_a < power_limits(closed_pack(NMC, 0.3, 25.0)).discharge_a


@pytest.mark.parametrize("chemistry", ["lfp", "zn_chitosan"])
def test_a_pack_that_was_looked_at_goes_on_bit_for_bit_like_one_that_was_not(chemistry: str) -> None:
    facts = Chemistry.load(chemistry)
    looked, alone = closed_pack(facts, 0.06, 5.0), closed_pack(facts, 0.06, 5.0)
    for step in range(300):
        for pack in (looked, alone):
            pack.step(0.1, Load(current_a=40.0 if step < 150 else -20.0))
        if step % 60 == 0:
            power_limits(looked)
    for name in ("soc", "temp_c", "cell_voltage_v", "sensor_temp_c"):
        assert getattr(looked, name).tobytes() == getattr(alone, name).tobytes(), name
