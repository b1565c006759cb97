"""python -m tests.harness [--faults 300] [--seed 1] [--classes exceptions,replies] [--only NUMBER] [--soak 20m]

Prints a line for each class, one for each fault that came to something it must not, and the counts; exit code 1 where
there is such a fault. `--classes NAME --only NUMBER` repeats one of them.
"""

import argparse
import faulthandler
import os
import signal
import sys
import time

from .classes import CLASSES, injected, spread
from .ground import EVERYWHERE, USUAL
from .outcome import Tally
from .soak import seconds, soak

LONGEST_S = 300  # a fault waits a minute for the run to begin, one for its end, and for what it leaves behind


def _ends_what_hangs(name: str, number: int) -> None:
    """A fault after which nothing ends: where it is, and the end of the harness."""

    def hangs(*_: object) -> None:
        sys.stderr.write(f"WRONG {name} {number}: still not ended after {LONGEST_S} s\n")
        faulthandler.dump_traceback()
        os._exit(1)

    signal.signal(signal.SIGALRM, hangs)
    signal.alarm(LONGEST_S)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.harness", description=__doc__)
    parser.add_argument("--faults", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--classes", default=",".join(CLASSES), help="with commas: " + ", ".join(CLASSES))
    parser.add_argument("--only", type=int, help="the one fault of this number, of each class")
    parser.add_argument(
        "--within", type=float, default=float("inf"), help="no new fault after so many seconds"
    )
    parser.add_argument("--verbose", action="store_true", help="a line for each fault, as it is injected")
    parser.add_argument("--light", action="store_true", help="the quick classes, and the quick bench only")
    parser.add_argument("--soak", help="instead of faults: one run that lasts so long, as 90s, 20m or 1h")
    asked = parser.parse_args()
    if asked.soak is not None:
        return soak(seconds(asked.soak))
    names = asked.classes.split(",")
    unknown = [name for name in names if name not in CLASSES]
    if unknown:
        parser.error(f"found class '{unknown[0]}'; expected one of {', '.join(CLASSES)}")
    tally, began_s = Tally(), time.monotonic()
    faults = (
        spread(asked.faults, names, light=asked.light)
        if asked.only is None
        else [(name, asked.only) for name in names]
    )
    for done, (name, number) in enumerate(faults):
        if time.monotonic() - began_s > asked.within:
            sys.stdout.write(f"the time is over: {len(faults) - done} faults were not injected\n")
            break
        fault_s = time.monotonic()
        _ends_what_hangs(name, number)
        outcome = injected(name, asked.seed, number, USUAL if asked.light else EVERYWHERE)
        tally.add(name, number, outcome)
        if asked.verbose:
            wrong = "; ".join(f"WRONG {kind}: {words}" for kind, words in outcome.wrong)
            took_s = time.monotonic() - fault_s
            sys.stderr.write(f"{name} {number} {took_s:.2f} s {outcome.verdict} {outcome.fault} {wrong}\n")
    signal.alarm(0)
    sys.stdout.write("\n".join([*tally.lines(), ""]))
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
