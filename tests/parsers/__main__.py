"""python -m tests.parsers [--count 20000] [--seed 1] [--parsers NAME,NAME] [--only NUMBER]

Throws seeded inputs at every parser: sound ones altered by their bytes, their words or the tree they say, and nonsense.
`--count` inputs go to the quick parsers together, by their shares; of those where one parse takes long each gets a
fiftieth, so that 1,000,000 make 20,000 of each. Prints a line for each parser and one for each thing that went wrong;
exit code 1 where anything did. `--parsers NAME --only NUMBER` repeats one input.
"""

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from . import evidence, files, recordings, wire
from .parser import KINDS, Counts, Parser, spread
from .watched import one, run

PARSERS: dict[str, Parser] = {**wire.PARSERS, **files.PARSERS, **recordings.PARSERS, **evidence.PARSERS}
SLOW_ONE_IN, COSTLY_ONE_IN, NIGHTLY = 50, 200, 500_000
CHUNK = 4000


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.parsers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parsers", default=",".join(PARSERS), help="with commas; all by default")
    parser.add_argument("--only", type=int, help="the one input of this number, of each parser named")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    names = asked.parsers.split(",")
    for name in names:
        if name not in PARSERS:
            parser.error(f"found parser '{name}'; expected one of {', '.join(PARSERS)}")
    if asked.only is not None:
        for name in names:
            sys.stdout.write(f"{name} {asked.only}: {one(name, PARSERS[name], asked.seed, asked.only)}\n")
        return 0
    began_s = time.monotonic()
    counts = counted(names, asked.count, asked.seed, asked.workers)
    lines = [*table(counts), f"{time.monotonic() - began_s:.0f} s"]
    sys.stdout.write("\n".join([*lines, ""]))
    return 1 if any(one.wrong for one in counts.values()) else 0


def shares_of(names: list[str], count: int) -> dict[str, int]:
    """How many inputs each parser gets."""
    quick = spread(count, [(name, PARSERS[name].share) for name in names if not PARSERS[name].slow])
    costly_one_in = SLOW_ONE_IN if count >= NIGHTLY else COSTLY_ONE_IN
    slow = {name: costly_one_in if PARSERS[name].costly else SLOW_ONE_IN for name in names}
    return {name: quick.get(name, max(1, count // slow[name])) for name in names}


def counted(names: list[str], count: int, seed: int, workers: int) -> dict[str, Counts]:
    chunks = [
        (name, range(first, min(first + CHUNK, inputs)))
        for name, inputs in shares_of(names, count).items()
        for first in range(0, inputs, CHUNK)
    ]
    found = {name: Counts() for name in names}
    with ThreadPoolExecutor(workers) as pool:
        done = pool.map(lambda chunk: (chunk[0], run(chunk[0], PARSERS[chunk[0]], seed, chunk[1])), chunks)
        for name, one_chunk in done:
            found[name].add(one_chunk)
    return found


def table(counts: dict[str, Counts]) -> list[str]:
    head = f"{'parser':<18}{'inputs':>9}{'accepted':>10}{'refused':>9}" + "".join(
        f"{kind:>11}" for kind in KINDS
    )
    lines = [f"{head}{'s':>8}"]
    total = Counts()
    for name, one_count in counts.items():
        total.add(one_count)
        lines.append(_row(name, one_count))
    lines.append(_row("together", total))
    for name, one_count in counts.items():
        for told, (times, first) in sorted(one_count.told.items()):
            lines.append(f"WRONG {name} {first}: {times} times {told}")
    return lines


def _row(name: str, one_count: Counts) -> str:
    figures = f"{one_count.inputs:>9,}{one_count.accepted:>10,}{one_count.refused:>9,}"
    wrong = "".join(f"{one_count.wrong.get(kind, 0):>11,}" for kind in KINDS)
    return f"{name:<18}{figures}{wrong}{one_count.seconds:>8.1f}"


if __name__ == "__main__":
    sys.exit(main())
