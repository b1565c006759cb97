"""Fits solid diffusion, charge transfer and both RC pairs of a chemistry to the curves beside this file.

`python fit.py lfp` prints the sections [ecm_bv] and [diffusion] for the chemistry's file. It is no part of the test
suite. The open-circuit voltage stays as it is. What is fitted is a factor on each curve in three ranges of charge,
five activation energies and the lag; each is held near where it began, so that physics and not the noise of a curve
moves it. HELD_BACK is not looked at.
"""

import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
HERE = Path(__file__).resolve().parent
CHEMISTRIES = HERE.parents[1] / "bench/plant/chemistries"
FITTED = (
    "1c_charge_25C",
    "1c_discharge_25C",
    "1c_discharge_0C",
    "hppc_10C",
    "hppc_25C",
    "hppc_40C",
    "udds_25C",
)
LAG_SOC = (0.0, 0.1, 0.2, 0.3, 0.45, 0.6, 0.75, 0.9, 1.0)
LAG_BEGINS = (60.0, 300.0, 25e3)
HELD_BACK = ("3c_pulses_25C", "wltc_m10C")
R, F, T_REF_K = 8.314462618, 96485.33212, 298.15
LONGEST_S = 10.0
CURVES = ("R0_ohm", "R1_ohm", "R2_ohm", "I0_A")
RANGES = (0.0, 0.15, 0.45, 1.01)
ENERGIES = ("Ea_R0_J_mol", "Ea_R1_J_mol", "Ea_R2_J_mol", "Ea_I0_J_mol")
SOFT_MV = 80.0  # errors beyond count less: the end of a discharge is one knee, not a hundred rows


class Model:
    """The circuit with its parameters as a vector around what the file has: zeros are the file."""

    def __init__(self, name: str, lag: tuple[float, float, float]) -> None:
        self.file = tomllib.loads((CHEMISTRIES / f"{name}.toml").read_text(encoding="utf-8"))
        bv = self.file["ecm_bv"]
        self.soc = np.array(bv["soc"])
        self.curves = {key: np.array(bv[key]) for key in (*CURVES, "tau1_s", "tau2_s")}
        self.energies = np.array([bv[key]["v"] for key in ENERGIES])
        found = self.file.get("diffusion")
        self.lag = np.array(lag if not found else [found[key]["v"] for key in ("lag_s", "tau_s", "Ea_J_mol")])
        pieces = [self.file["abuse"]["overdischarge"], self.file["ocv"], self.file["abuse"]["overcharge"]]
        low, mid, high = ((np.array(one["soc"]), np.array(one.get("V", one.get("V_oc")))) for one in pieces)
        self.ocv = [np.concatenate((low[k][:0:-1], mid[k], high[k][1:])) for k in (0, 1)]
        self.entropic = [np.array(self.file["entropic"][key]) for key in ("soc", "dUdT_V_per_K")]
        self.size = len(CURVES) * (len(RANGES) - 1) + len(ENERGIES) + 3 + len(LAG_SOC)

    def values(self, at: Array) -> tuple[dict[str, Array], Array, Array, Array]:
        """Curves (one row a knot), energies, lag and its factor over charge at the vectors `at`, one column each."""
        curves, row = dict(self.curves), 0
        result = {key: np.repeat(value[:, None], at.shape[1], axis=1) for key, value in curves.items()}
        for key in CURVES:
            for low, high in pairwise(RANGES):
                inside = (self.soc >= low) & (self.soc < high)
                result[key][inside] *= np.exp(at[row])
                row += 1
        energies = self.energies[:, None] * np.exp(at[row : row + 4])
        shape = np.exp(at[row + 7 :])
        return result, energies, self.lag[:, None] * np.exp(at[row + 4 : row + 7]), shape

    def voltage(self, at: Array, rows: Array) -> Array:
        curves, energies, (lag_s, tau_s, ea), shape = self.values(at)
        table = np.concatenate([curves[key] for key in (*CURVES, "tau1_s", "tau2_s")])
        knots, count = self.soc.size, at.shape[1]
        held = np.zeros((2, count))
        lag = np.zeros(count)
        result = np.zeros((len(rows), count))
        soc = rows[0, 4] + rows[0, 1] * rows[0, 0] / 3600.0 / 50.0
        before_s = 0.0
        for k, (now_s, amps, _, kelvin, _) in enumerate(rows):
            steps = max(1, int(np.ceil((now_s - before_s) / LONGEST_S - 1e-9)))
            step_s = (now_s - before_s) / steps
            warm = (1.0 / kelvin - 1.0 / T_REF_K) / R
            slower, shift = np.exp(energies * warm), np.exp(ea * warm)
            for _ in range(steps):
                soc -= amps * step_s / 3600.0 / 50.0
                place = np.clip(soc, 0.0, 1.0)
                left = min(int(np.searchsorted(self.soc, place, "right")) - 1, knots - 2)
                share = (place - self.soc[left]) / (self.soc[left + 1] - self.soc[left])
                now = table[left::knots] + share * (table[left + 1 :: knots] - table[left::knots])
                decay = np.exp(-step_s / (now[4:6] * slower[1:3]))
                held = held * decay + now[1:3] * slower[1:3] * (1.0 - decay) * amps
                left = min(int(np.searchsorted(LAG_SOC, place, "right")) - 1, len(LAG_SOC) - 2)
                share = (place - LAG_SOC[left]) / (LAG_SOC[left + 1] - LAG_SOC[left])
                here_s = lag_s * (shape[left] + share * (shape[left + 1] - shape[left]))
                gone = np.exp(-step_s / (tau_s * shift))
                lag = lag * gone + here_s * shift * (1.0 - gone) * amps / 3600.0 / 50.0
            before_s = now_s
            volt = np.interp(soc - lag, *self.ocv) - held.sum(axis=0) - now[0] * slower[0] * amps
            volt += (kelvin - T_REF_K) * np.interp(soc, *self.entropic)
            result[k] = volt - 2.0 * R * kelvin / F * np.arcsinh(amps / (2.0 * now[3] / slower[3]))
        return result

    def text(self, at: Array) -> str:
        curves, energies, lag, shape = self.values(at[:, None])
        taus = {"C1_F": ("tau1_s", "R1_ohm"), "C2_F": ("tau2_s", "R2_ohm")}
        lines = ["[ecm_bv]", f"soc = {list(map(float, self.soc))}"]
        for key in ("R0_ohm", "R1_ohm", "C1_F", "R2_ohm", "C2_F", "tau1_s", "tau2_s", "I0_A"):
            value = curves[taus[key][0]] / curves[taus[key][1]] if key in taus else curves[key]
            lines.append(f"{key} = [{', '.join(f'{one:.6g}' for one in value[:, 0])}]")
        marked = zip(ENERGIES, energies[:, 0])
        lines += [f'{key} = {{ v = {one:.6g}, c = "F", s = "refit" }}' for key, one in marked]
        lines += ["", "[diffusion]"]
        marked = zip(("lag_s", "tau_s", "Ea_J_mol"), lag[:, 0])
        lines += [f'{key} = {{ v = {one:.5g}, c = "F", s = "refit" }}' for key, one in marked]
        lines += [f"soc = {list(LAG_SOC)}", f"share = [{', '.join(f'{one:.4g}' for one in shape[:, 0])}]"]
        return "\n".join(lines)


def read(name: str, case: str) -> Array:
    return np.loadtxt(HERE / f"{name}_{case}.csv", delimiter=",", skiprows=1, ndmin=2)


def weights(rows: Array) -> Array:
    """Each curve counts alike; the last charge, where the open-circuit voltage is steep, counts little."""
    weight = np.diff(rows[:, 0], prepend=0.0) * np.where(rows[:, 4] > 0.1, 1.0, 0.1)
    return np.sqrt(weight / weight.sum())


def stress(case: str) -> float:
    """What was right before stays so."""
    return {"1c_discharge_0C": 1.0, "hppc_10C": 8.0, "1c_discharge_25C": 6.0, "udds_25C": 8.0}.get(case, 3.0)


def fit(name: str, lag: tuple[float, float, float], rounds: int = 25) -> tuple[Model, Array]:
    model = Model(name, lag)
    curves = [read(name, case) for case in FITTED]
    scales = [weights(rows) * stress(case) for case, rows in zip(FITTED, curves)]
    at, damping, tie = np.zeros(model.size), 1e-2, 0.4  # mV for a factor of e

    def residuals(vectors: Array) -> Array:
        parts = [
            1e3 * (model.voltage(vectors, rows) - rows[:, 2:3]) * scale[:, None]
            for rows, scale in zip(curves, scales)
        ]
        error = np.concatenate(parts)
        return np.concatenate((error, tie * vectors))

    def soft(error: Array) -> Array:
        """Of the curves' part, a row's own millivolt over SOFT_MV count as their root."""
        scale = np.concatenate(scales)
        own = np.abs(error[: scale.size]) / np.maximum(scale, 1e-12)
        kept = np.ones(error.size)
        kept[: scale.size] = np.sqrt(SOFT_MV / np.maximum(own, SOFT_MV))
        return kept

    small = 1e-4
    for _ in range(rounds):
        vectors = np.repeat(at[:, None], model.size + 1, axis=1)
        vectors[np.arange(model.size), np.arange(model.size) + 1] += small
        found = residuals(vectors)
        kept = soft(found[:, 0])
        error, slope = found[:, 0] * kept, (found[:, 1:] - found[:, :1]) / small * kept[:, None]
        curvature, pull = slope.T @ slope, slope.T @ error
        tries = 10.0 ** np.arange(-2.0, 4.0) * damping
        steps = [np.linalg.solve(curvature + t * np.diag(np.diag(curvature) + 1e-9), -pull) for t in tries]
        there = at[:, None] + np.clip(np.array(steps).T, -0.7, 0.7)
        costs = ((residuals(there) * kept[:, None]) ** 2).sum(axis=0)
        best = int(np.argmin(costs))
        if costs[best] >= (error**2).sum() * (1.0 - 1e-4):
            break
        at, damping = there[:, best], tries[best]
    return model, at


def main(name: str) -> None:
    model, at = fit(name, LAG_BEGINS)
    for case in (*FITTED, *HELD_BACK):
        rows = read(name, case)
        both = np.stack((np.zeros(model.size), at), axis=1)
        error = 1e3 * (model.voltage(both, rows) - rows[:, 2:3])
        span = np.diff(rows[:, 0], prepend=0.0) * (rows[:, 4] >= 0.1)
        before, after = np.sqrt((error**2 * span[:, None]).sum(axis=0) / span.sum())
        span *= (rows[:, 4] >= 0.2) & (rows[:, 4] <= 0.95)
        _, middle = np.sqrt((error**2 * span[:, None]).sum(axis=0) / span.sum())
        sys.stderr.write(f"# {case}: {before:.1f} -> {after:.1f} mV above 10 %, {middle:.1f} at 20 to 95 %\n")
    sys.stdout.write(model.text(at) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
