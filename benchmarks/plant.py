"""How fast and how true the plant is, beside its peers. Run: python -m benchmarks.plant [--truth] [--peers]

Speed: one step of the whole pack (electrical, thermal, abuse watch), one core. Peers, where installed, in the same
run: PyBaMM's SPMe for one cell, liionpack for 96 cells in series (needs pybamm 25.1.1, pandas < 3, numpy < 2.3).
Truth: RMSE against the reference curves beside the figures of ../shared/facts/chemistry/fit.md.
"""

import argparse
import importlib.util
import itertools
import random
import time
from collections.abc import Callable
from pathlib import Path

from bench.plant.chemistry import Chemistry
from bench.plant.pack import Load, Pack
from bench.plant.reference import read_curve, score
from bench.plant.string_pack import StringPack

BURST, BURSTS = 20, 300
TARGETS_US = {96: 60.0, 400: 120.0}
REFERENCE = Path(__file__).resolve().parents[2] / "shared/facts/chemistry/reference"

# fit.md, 2RC with charge transfer, 20 to 95 % SoC, in mV
FIT_MV = {
    "nmc": {
        "1c_discharge_25C": 2.0,
        "c20_charge_25C": 0.7,
        "c20_discharge_25C": 0.8,
        "hppc_10C": 2.1,
        "hppc_25C": 1.4,
        "hppc_40C": 1.4,
        "udds_25C": 1.0,
    },
    "lfp": {
        "1c_discharge_25C": 4.2,
        "c20_charge_25C": 1.9,
        "c20_discharge_25C": 2.0,
        "hppc_10C": 3.6,
        "hppc_25C": 3.5,
        "hppc_40C": 3.9,
        "udds_25C": 2.9,
    },
    "na_ion": {
        "1c_discharge_25C": 8.1,
        "c20_charge_25C": 1.3,
        "c20_discharge_25C": 1.3,
        "hppc_10C": 3.8,
        "hppc_25C": 2.8,
        "hppc_40C": 2.5,
        "udds_25C": 5.6,
    },
}


def fastest_us(step: Callable[[], object]) -> tuple[float, float]:
    """Fastest and median burst, per call: the fastest is what the code costs, the median what the machine gives."""
    bursts = []
    for _ in range(BURSTS):
        started_ns = time.perf_counter_ns()
        for _ in range(BURST):
            step()
        bursts.append((time.perf_counter_ns() - started_ns) / BURST / 1e3)
    bursts.sort()
    return bursts[0], bursts[len(bursts) // 2]


def loads(dt_s: float) -> dict[str, list[Load]]:
    """What the pack carries, by name, one load a step. Constant: little enough on long steps, or the pack would be
    empty, and then abused, before the bursts are over. Drive: up to 100 A (2C), another current at every step, as a
    drive cycle has it; no charge is left over, but heat is, so that parameters are looked up anew all the time."""
    turns = (1.0, -0.6, 0.3, 0.9, -0.2, -1.0, 0.7, -0.95, 0.4, -0.55)
    return {
        "constant": [Load(current_a=20.0 if dt_s < 0.1 else 1.0)],
        "drive": [Load(current_a=100.0 * share) for share in turns],
    }


def speed() -> float:
    """Prints the table; returns the plant's cost of a simulated second of 96 cells at 1 Hz under drive, in s."""
    second_s = 0.0
    for count, target_us in TARGETS_US.items():
        for dt_s in (0.01, 0.1, 1.0):
            for name, carried in loads(dt_s).items():
                pack = Pack(Chemistry.load("nmc"), rng=random.Random(1), cells=count)
                pack.set_command(plus=True, minus=True, precharge=False)
                turn = itertools.cycle(carried)
                best_us, median_us = fastest_us(lambda p=pack, dt_s=dt_s, turn=turn: p.step(dt_s, next(turn)))
                word = "ok" if best_us <= target_us else "MISSED"
                print(
                    f"plant step, {count} cells, {dt_s:g} s, {name}: fastest {best_us:.1f} us, "
                    f"median {median_us:.1f} us (target {target_us:g} us: {word})"
                )
                if count == 96 and dt_s == 1.0:
                    second_s = median_us / 1e6
    return second_s


BESIDE = 3.0  # three strings of 4p96s, twelve times the cells, against one step of 1p96s


def beside() -> None:
    """Strings of groups against one string of single cells, as a ratio: both in this run, burst by burst."""
    for dt_s in (0.01, 0.1, 1.0):
        for name, carried in loads(dt_s).items():
            alone = Pack(Chemistry.load("nmc"), rng=random.Random(1))
            strung = StringPack(Chemistry.load("nmc"), rng=random.Random(1), strings=3, parallel=4)
            alone.set_command(plus=True, minus=True, precharge=False)
            strung.set_command(True, True, False, *([True, True, False] * 2))
            turns = itertools.cycle(carried)
            loaded = itertools.cycle([Load(current_a=12.0 * load.current_a) for load in carried])
            one_us, _ = fastest_us(lambda p=alone, dt_s=dt_s, turn=turns: p.step(dt_s, next(turn)))
            three_us, _ = fastest_us(lambda p=strung, dt_s=dt_s, turn=loaded: p.step(dt_s, next(turn)))
            word = "ok" if three_us <= BESIDE * one_us else "MISSED"
            print(
                f"3 strings of 4p96s, {dt_s:g} s, {name}: fastest {three_us:.1f} us, {three_us / one_us:.1f} times the "
                f"{one_us:.1f} us of 1p96s (target {BESIDE:g}: {word})"
            )


INSTALL = """They pin numpy and pandas below what the bench uses, so give them an environment of their own:
  python -m venv peers && peers/bin/pip install 'liionpack==0.4.0' 'pybamm==25.1.1' 'pandas<3' 'numpy<2.3'
  PYTHONPATH=. peers/bin/python -m benchmarks.plant --peers"""


def peers(second_s: float) -> None:
    """Each beside the plant's 96 cells, in this run; says how to install what is missing."""
    absent = [name for name in ("pybamm", "liionpack") if importlib.util.find_spec(name) is None]
    if "pybamm" not in absent:
        spme_s = _spme_second_s()
        print(
            f"PyBaMM SPMe, lumped, 1 cell: {spme_s * 1e3:.2f} ms a simulated second at 1 Hz; "
            f"the plant's 96 cells cost {spme_s / second_s:.0f} times less"
        )
    if not absent:  # liionpack stands on PyBaMM
        pack_s = _liionpack_second_s()
        print(
            f"liionpack 96s1p SPM: {pack_s * 1e3:.1f} ms a simulated second; "
            f"the plant costs {pack_s / second_s:.0f} times less"
        )
    if absent:
        print(f"no ratio to {' and '.join(absent)}: not installed here. {INSTALL}")


def _spme_second_s() -> float:
    import pybamm

    model = pybamm.lithium_ion.SPMe({"thermal": "lumped"})
    simulation = pybamm.Simulation(model, parameter_values=pybamm.ParameterValues("Chen2020"))
    simulation.build(initial_soc=0.8)
    simulation.step(1.0, save=False)
    started_s = time.perf_counter()
    for _ in range(100):
        simulation.step(1.0, save=False)
    return (time.perf_counter() - started_s) / 100


def _liionpack_second_s() -> float:
    import liionpack
    import pybamm

    netlist = liionpack.setup_circuit(Np=1, Ns=96, Rb=1e-4, Rc=1e-2, Ri=5e-2, V=4.0, I=5.0)
    experiment = pybamm.Experiment(["Discharge at 5 A for 60 seconds"], period="1 second")
    started_s = time.perf_counter()
    liionpack.solve(
        netlist=netlist,
        parameter_values=pybamm.ParameterValues("Chen2020"),
        experiment=experiment,
        initial_soc=0.8,
    )
    return (time.perf_counter() - started_s) / 60


def truth() -> None:
    print(
        f"{'chemistry':10} {'profile':20} {'all':>7} {'>10 %':>7} {'20-95 %':>8} {'fit.md':>7}  mV   temperature K"
    )
    for chemistry, profiles in FIT_MV.items():
        for profile, fit_mv in profiles.items():
            found = score(Chemistry.load(chemistry), read_curve(REFERENCE / f"{chemistry}_{profile}.csv"))
            print(
                f"{chemistry:10} {profile:20} {found.whole_mv:7.1f} {found.above_10_mv:7.1f} "
                f"{found.middle_mv:8.1f} {fit_mv:7.1f}       {found.temperature_k:.2f}"
            )
    print(
        "Not met by this circuit, as by any RC form: 1C at 0 degC of LFP and sodium-ion, LFP below 20 % SoC at 1C."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--truth", action="store_true", help="the table against the reference curves (minutes)"
    )
    parser.add_argument("--peers", action="store_true", help="PyBaMM and liionpack, where installed")
    arguments = parser.parse_args()
    second_s = speed()
    beside()
    if arguments.peers:
        peers(second_s)
    if arguments.truth:
        truth()


if __name__ == "__main__":
    main()
