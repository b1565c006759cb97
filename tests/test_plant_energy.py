"""The first law on a cell that loses no heat, from the figures of its file and what its terminals did, nothing else."""

import math
import random
import tomllib

import numpy as np
import pytest

from bench.plant.cells import Cells
from bench.plant.chemistry import SHIPPED, Chemistry
from bench.plant.spread import Spread

READ = {name: Chemistry.load(name) for name in Chemistry.shipped()}


@pytest.mark.parametrize("name", Chemistry.shipped())
@pytest.mark.parametrize("c_rate", [1.0, -0.7])
def test_an_adiabatic_cell_warms_by_what_its_terminals_did_not_give(name: str, c_rate: float) -> None:
    """m cp dT = integral of (U - V) I - I T dU/dT; with what stays in RC pairs and particles, given back at rest."""
    file = tomllib.loads((SHIPPED / f"{name}.toml").read_text(encoding="utf-8"))
    ocv, entropic = file["ocv"], file["entropic"]
    amps = c_rate * file["cell"]["capacity_Ah"]["v"]
    efficiency = file["cell"]["coulombic_efficiency"]["v"] if amps < 0.0 else 1.0
    leak_1_s = file["cell"]["self_discharge_pct_month_25C"]["v"] / 100.0 / (30 * 86400.0)
    capacity_j_k = file["thermal"]["mass_kg"]["v"] * file["thermal"]["cp_J_kgK"]["v"]
    cells = Cells(
        READ[name],
        count=1,
        soc=0.85 if amps > 0.0 else 0.25,
        temp_c=20.0,
        rng=random.Random(1),
        spread=Spread(capacity=0.0, resistance=0.0),
    )
    cells.thermal.ambient_k_w[:] = math.inf
    soc, kelvin, heat_j = float(cells.soc[0]), 293.15, 0.0
    for second in range(1200):
        here_a = amps if second < 900 else 0.0
        cells.step(1.0, here_a)
        half = soc - 0.5 * here_a * efficiency / 3600.0 / 50.0
        soc -= here_a * efficiency / 3600.0 / 50.0 + leak_1_s
        slope = float(np.interp(half, entropic["soc"], entropic["dUdT_V_per_K"]))
        open_v = float(np.interp(half, ocv["soc"], ocv["V"])) + slope * (kelvin - 298.15)
        heat_j += (open_v - float(cells.voltage_v[0])) * here_a - here_a * kelvin * slope
        kelvin = 293.15 + heat_j / capacity_j_k
    assert float(cells.soc[0]) == pytest.approx(soc, abs=2e-4)
    warmer_k = float(cells.temp_c[0]) - 20.0
    assert abs(warmer_k) > 0.2, "a plant without heat would pass with nothing to compare"
    assert warmer_k == pytest.approx(heat_j / capacity_j_k, rel=0.01, abs=0.01)
