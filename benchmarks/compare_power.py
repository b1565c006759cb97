"""How often is a 10 ms shift of a 100 ms latency found at n = 59, and how often is an alarm false?

python benchmarks/compare_power.py [pairs]. Latencies uniform over 20 ms, seen through a 20 ms reporting cycle;
p corrected as for a campaign of 10 scenarios (40 tests). Promise: power >= 0.95, false alarms <= 0.05.
"""

import sys

import numpy as np

from bench.measure.interval import Interval
from bench.verdict.shift import Change, classify, measure_shift

MS = 1_000_000
TESTS = 40


def sample(rng: np.random.Generator, n: int, start: float, spread: float, cycle: float) -> list[Interval]:
    truth = start + spread * rng.random(n)
    phase = rng.uniform(0, cycle, n)
    high = phase + np.ceil((truth - phase) / cycle) * cycle
    return [Interval(low_ns=int((h - cycle) * MS), high_ns=int(h * MS)) for h in high]


def main() -> int:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    rng = np.random.default_rng(20261124)
    alarms = {0: 0, 2: 0, 5: 0, 10: 0}
    for shift_ms in alarms:
        for _ in range(pairs):
            base, new = sample(rng, 59, 90, 20, 20), sample(rng, 59, 90 + shift_ms, 20, 20)
            shift = measure_shift(base, new)
            p = [min(1.0, TESTS * one) for one in (shift.p_location, shift.p_tail)]
            alarms[shift_ms] += classify(shift, p[0], p[1], 2 * MS, 0.05) in (Change.SLOWER, Change.WIDER)
    for shift_ms, found in alarms.items():
        print(f"shift {shift_ms:2d} ms: alarm in {found} of {pairs} pairs ({found / pairs:.3f})")
    missed = alarms[10] / pairs < 0.95 or alarms[0] / pairs > 0.05
    print("MISSED" if missed else "kept: power >= 0.95 at 10 ms, false alarms <= 0.05")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
