"""How long `hil --help` takes, in starts of a bare Python. Run: python -m benchmarks.startup

The two are timed in turns, so that a busy machine slows both; exit 1 above 20.
"""

import statistics
import subprocess
import sys
import time

TARGET = 20.0
ROUNDS = 9
BARE = [sys.executable, "-c", "pass"]
HELP = [sys.executable, "-m", "bench", "--help"]


def _seconds(command: list[str]) -> float:
    begun_ns = time.perf_counter_ns()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter_ns() - begun_ns) / 1e9


def main() -> int:
    for command in (BARE, HELP):  # byte code and file cache
        _seconds(command)
    pairs = [(_seconds(BARE), _seconds(HELP)) for _ in range(ROUNDS)]
    bare_s = statistics.median(bare for bare, _ in pairs)
    help_s = statistics.median(shown for _, shown in pairs)
    ratio = statistics.median(shown / bare for bare, shown in pairs)
    verdict = "ok" if ratio <= TARGET else "TOO SLOW"
    print(
        f"hil --help: median {help_s * 1e3:.0f} ms, bare python {bare_s * 1e3:.0f} ms, "
        f"ratio {ratio:.1f} over {ROUNDS} rounds (target <= {TARGET:g}): {verdict}"
    )
    return 0 if ratio <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
