"""Hysteresis of LFP is a scenario's and a bench's to switch on, and on where estimates are asked for."""

import math
import random
from dataclasses import replace
from pathlib import Path

import pytest

from bench.running.load import load_rig, load_scenarios
from bench.scenario.model import Start
from bench.wiring.common import build_pack

ROOT = Path(__file__).resolve().parents[1]
SWUNG_MV = 2 * 12.0 * (1.0 - math.exp(-0.2 / 0.05))  # after a fifth of the charge, either way
START = Start(mode="drive", soc=0.5, current_a=0.0)


@pytest.mark.parametrize(
    ("bench", "scenario", "apart_mv"),
    [(None, None, 0.0), (None, True, SWUNG_MV), (True, None, SWUNG_MV), (True, False, 0.0)],
)
def test_a_scenario_or_else_the_bench_switches_the_memory_of_the_cells_on(
    bench: bool | None, scenario: bool | None, apart_mv: float
) -> None:
    """Half full twice, once by charging and once by discharging: LFP lies 24 mV apart at rest."""
    wired = load_rig(ROOT / "hil_config.toml", "simulated", "reference", "lfp")
    pack_config = replace(wired.config.pack, hysteresis=bench)
    wired = replace(wired, config=replace(wired.config, pack=pack_config))
    rested_v = []
    for current_a in (25.0, -25.0):
        pack = build_pack(wired, 0.5, random.Random(1), replace(START, hysteresis=scenario))
        cells = pack.cells
        cells.soc += current_a * 1440.0 / 3600.0 / cells.capacity_ah
        cells.settle()
        for _ in range(1440):
            cells.step(1.0, current_a)
        cells.temp_c[:], cells.soc[:] = 25.0, 0.5
        cells.settle()
        rested_v.append(float(cells.voltage_v[0]))
    assert 1e3 * (rested_v[1] - rested_v[0]) == pytest.approx(apart_mv, abs=0.2)


def test_every_scenario_of_estimation_has_it_on() -> None:
    wired = load_rig(ROOT / "hil_config.toml", "simulated", "reference", "lfp")
    prepared, _ = load_scenarios(wired, None, None)
    asked = [one.scenario for one in prepared if one.scenario.estimates]
    assert asked and all(one.start.hysteresis for one in asked), [one.id for one in asked]
