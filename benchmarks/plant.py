"""How long one step of the plant takes. Run: python -m benchmarks.plant"""

import random
import statistics
import time

from bench.plant.chemistry import Chemistry
from bench.plant.pack import Load, Pack

STEPS = 2000
ROUNDS = 11


def main() -> None:
    pack = Pack(Chemistry.load("nmc"), rng=random.Random(1))
    pack.set_command(plus=True, minus=True, precharge=False)
    load = Load(current_a=50.0)
    rounds_us = []
    for _ in range(ROUNDS):
        started_ns = time.perf_counter_ns()
        for _ in range(STEPS):
            pack.step(1e-3, load)
        rounds_us.append((time.perf_counter_ns() - started_ns) / STEPS / 1e3)
    median_us = statistics.median(rounds_us)
    print(
        f"plant step, 96 cells, 1 ms: median {median_us:.1f} us, "
        f"worst round {max(rounds_us):.1f} us (target <= 40 us)"
    )


if __name__ == "__main__":
    main()
