"""How much the native core saves, with the firmware in C inside. Run: python -m benchmarks.core

CPU time of the same shots on the core in Python and on the native one, in turns in one process, so that a busy machine
meets both alike; no evidence is written. Every digest has to be the same. Exit 1 below 2.2, or without a library.
"""

import os
import statistics
import sys
import time
from pathlib import Path

from bench.cli.options import load_rig, load_scenarios
from bench.running.shots import shoot
from bench.wiring.core import chosen_core
from firmware_stubs.builds import CORE, implementation

ROOT = Path(__file__).resolve().parents[1]
TARGET = 2.2
ROUNDS = 7
SHOTS = 4
RUN_SEED = 1
SCENARIOS = ("ov-step-cell17", "healthy-drive")


def main() -> int:
    os.environ.pop(CORE, None)
    why = implementation("reference").why_python or chosen_core().why_python
    if why:
        print(f"no library: {why}")
        return 1
    wired = load_rig(ROOT / "hil_config.toml", "simulated", "reference", None)
    prepared = {one.scenario.id: one for one in load_scenarios(wired, None, None)[0]}
    good = True
    for name in SCENARIOS:

        def fired(core: str, name: str = name) -> tuple[float, list[str | None]]:
            os.environ[CORE] = core
            begun_ns = time.process_time_ns()
            shots = [shoot(wired, prepared[name], index, SHOTS, RUN_SEED, None) for index in range(SHOTS)]
            return time.process_time_ns() - begun_ns, [one.digest for one in shots]

        for core in ("python", "native"):  # the first shots compile and cache
            fired(core)
        rounds = [(fired("python"), fired("native")) for _ in range(ROUNDS)]
        same = all(python[1] == native[1] for python, native in rounds)
        ratios = [python[0] / native[0] for python, native in rounds]
        ratio = statistics.median(ratios)
        good = good and same and ratio >= TARGET
        print(
            f"{name}: {ratio:.2f}x ({min(ratios):.2f} to {max(ratios):.2f} over {ROUNDS} rounds; target >= "
            f"{TARGET:g}x): {'ok' if ratio >= TARGET else 'TOO SLOW'}; digests {'equal' if same else 'DIFFER'}"
        )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
