"""How much faster than real time the default bench runs on one core. Run: python -m benchmarks.speed

Seconds of simulated time for each second of CPU time, over the whole library; exit 1 below 50.
"""

import statistics
import sys
import time
from pathlib import Path

from bench.campaign.shots import shoot
from bench.cli.options import load_rig, load_scenarios

ROOT = Path(__file__).resolve().parents[1]
TARGET = 50.0
ROUNDS = 3
RUN_SEED = 1


def main() -> int:
    wired = load_rig(ROOT / "hil_config.toml", "simulated", "reference", None)
    prepared, _ = load_scenarios(wired, None, None)
    for one in prepared:  # the first shot of each compiles and caches
        shoot(wired, one, 0, ROUNDS, RUN_SEED, None)
    ratios = []
    slowest = ("", float("inf"))
    for index in range(ROUNDS):
        simulated_s = cpu_s = 0.0
        for one in prepared:
            begun_ns = time.process_time_ns()
            result = shoot(wired, one, index, ROUNDS, RUN_SEED, None)
            shot_cpu_s = (time.process_time_ns() - begun_ns) / 1e9
            cpu_s += shot_cpu_s
            simulated_s += result.simulated_ns / 1e9
            slowest = min(
                slowest, (one.scenario.id, result.simulated_ns / 1e9 / shot_cpu_s), key=lambda pair: pair[1]
            )
        ratios.append(simulated_s / cpu_s)
    ratio = statistics.median(ratios)
    verdict = "ok" if ratio >= TARGET else "TOO SLOW"
    print(
        f"{len(prepared)} scenarios, one core: median {ratio:.1f}x real time "
        f"({min(ratios):.1f} to {max(ratios):.1f} over {ROUNDS} rounds; slowest shot {slowest[0]} "
        f"{slowest[1]:.1f}x; target >= {TARGET:g}x): {verdict}"
    )
    return 0 if ratio >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
