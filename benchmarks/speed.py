"""How much faster than real time the default bench runs on one core. Run: python -m benchmarks.speed

Seconds of simulated time for each second of CPU time; exit 1 below 50. Twice: the bench as it runs (a minute of a
healthy drive: 96 cells, all cyclic messages, restbus, reference BMS), and every shot of the whole library, where a rig
is built, a DUT booted and a verdict found for each 2.4 simulated seconds.
"""

import dataclasses
import statistics
import sys
import time
from pathlib import Path

from bench.cli.options import load_rig, load_scenarios
from bench.running.shots import shoot
from bench.scenario.prepare import Prepared
from bench.units import NS_PER_S
from bench.wiring.common import Wired

ROOT = Path(__file__).resolve().parents[1]
TARGET = 50.0
ROUNDS = 3
RUN_SEED = 1


def main() -> int:
    wired = load_rig(ROOT / "hil_config.toml", "simulated", "reference", None)
    prepared, _ = load_scenarios(wired, None, None)
    for one in prepared:  # the first shot of each compiles and caches
        shoot(wired, one, 0, ROUNDS, RUN_SEED, None)
    drive = next(one for one in prepared if one.scenario.id == "healthy-drive")
    minute = dataclasses.replace(drive, plan=dataclasses.replace(drive.plan, window_ns=60 * NS_PER_S))
    running = [[_ratio(wired, minute, index)] for index in range(ROUNDS)]
    told = [_told("running, one minute of a healthy drive", running)]
    library = [[_ratio(wired, one, index) for one in prepared] for index in range(ROUNDS)]
    told.append(_told(f"all {len(prepared)} scenarios, set-up and verdict included", library))
    slowest, at = min(((s / cpu, n) for row in library for n, (s, cpu) in enumerate(row)))
    print(f"slowest shot: {prepared[at].scenario.id} {slowest:.1f}x")
    return 0 if all(told) else 1


def _ratio(wired: Wired, one: Prepared, index: int) -> tuple[float, float]:
    """(simulated s, CPU s) of one shot."""
    begun_ns = time.process_time_ns()
    result = shoot(wired, one, index, ROUNDS, RUN_SEED, None)
    return result.simulated_ns / NS_PER_S, (time.process_time_ns() - begun_ns) / NS_PER_S


def _told(what: str, rounds: list[list[tuple[float, float]]]) -> bool:
    ratios = [sum(simulated_s for simulated_s, _ in row) / sum(cpu_s for _, cpu_s in row) for row in rounds]
    ratio = statistics.median(ratios)
    good = ratio >= TARGET
    print(
        f"{what}, one core: median {ratio:.1f}x real time ({min(ratios):.1f} to {max(ratios):.1f} over "
        f"{len(rounds)} rounds; target >= {TARGET:g}x): {'ok' if good else 'TOO SLOW'}"
    )
    return good


if __name__ == "__main__":
    sys.exit(main())
