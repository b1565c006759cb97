"""How true the plant is: its voltage and temperature against a measured or simulated curve of one cell.

A curve is CSV with the columns t_s, current_A, voltage_V, temp_K, soc; row k's current was held since row k-1.
"""

import math
import random
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.errors import ConfigError, at_place
from bench.plant.cells import MAX_STEP_S, ZERO_C_IN_K, Cells
from bench.plant.chemistry import Chemistry, FloatArray
from bench.plant.spread import Spread

COLUMNS = ("t_s", "current_A", "voltage_V", "temp_K", "soc")


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveErrors:
    """Root mean squares over time: voltage of the whole run, above 10 % and within 20 to 95 % SoC (mV); kelvin."""

    whole_mv: float
    above_10_mv: float
    middle_mv: float
    temperature_k: float


def read_curve(path: Path) -> FloatArray:
    """Rows of COLUMNS. Raises ConfigError for other columns, NaN, or a time that does not advance."""
    try:
        with path.open(encoding="utf-8") as file:
            header = tuple(file.readline().strip().split(","))
            rows = np.loadtxt(file, delimiter=",", ndmin=2)
    except (OSError, ValueError) as error:
        raise ConfigError(at_place(path, "", f"cannot be read ({error})", "a CSV curve")) from None
    if header != COLUMNS:
        raise ConfigError(at_place(path, "line 1", f"columns {', '.join(header)}", ", ".join(COLUMNS)))
    if not np.isfinite(rows).all():
        bad = int(np.argmax(~np.isfinite(rows).all(axis=1)))
        raise ConfigError(at_place(path, f"line {bad + 2}", "a value that is not finite", "numbers"))
    late = np.diff(rows[:, 0]) <= 0
    if late.any():
        raise ConfigError(
            at_place(path, f"line {int(np.argmax(late)) + 3}", "time does not advance", "rising t_s")
        )
    return rows


def score(chemistry: Chemistry, curve: FloatArray, nominal_ah: float = 50.0) -> CurveErrors:
    """Drives one cell with the curve's current from its first SoC and temperature; all else is the plant's own.

    The shipped curves are of virtual cells without side reactions, so the cell has none here.
    """
    ideal = replace(chemistry, coulombic_efficiency=1.0, self_discharge_1_s=0.0)
    time_s, current_a, volt, kelvin, soc = curve.T
    start_c = float(kelvin[0]) - ZERO_C_IN_K
    cells = Cells(
        ideal,
        count=1,
        soc=float(soc[0] + current_a[0] * time_s[0] / 3600.0 / nominal_ah),
        temp_c=round(
            start_c
        ),  # the ambient is a whole degree in every curve; the first row is already warmer
        rng=random.Random(0),
        spread=Spread(capacity=0.0, resistance=0.0),
    )
    volt_error, kelvin_error = np.zeros(time_s.size), np.zeros(time_s.size)
    spans_s = np.diff(time_s, prepend=0.0)
    for k, span_s in enumerate(spans_s):
        steps = max(1, math.ceil(span_s / MAX_STEP_S - 1e-9))
        for _ in range(steps):
            cells.step(float(span_s) / steps, float(current_a[k]))
        volt_error[k] = cells.voltage_v[0] - volt[k]
        kelvin_error[k] = cells.temp_c[0] + ZERO_C_IN_K - kelvin[k]

    def rms(error: FloatArray, where: FloatArray) -> float:
        weight = spans_s[where]
        return float(np.sqrt((weight * error[where] ** 2).sum() / weight.sum())) if where.any() else math.nan

    return CurveErrors(
        whole_mv=1e3 * rms(volt_error, soc > -1.0),
        above_10_mv=1e3 * rms(volt_error, soc > 0.1),
        middle_mv=1e3 * rms(volt_error, (soc >= 0.2) & (soc <= 0.95)),
        temperature_k=rms(kelvin_error, soc > -1.0),
    )
