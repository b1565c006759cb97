"""`python -m firmware_stubs.build_c`: build the firmware in C, and say where each file is."""

import argparse
import shlex
import shutil
import sys
from pathlib import Path

from bench.errors import BenchError
from firmware_stubs.reference_bms.limits import Limits
from firmware_stubs.reference_bms_c.compile import HOSTS, REFERENCE, build, flags, mutants


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m firmware_stubs.build_c", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="builds (default: reference and all mutants)"
    )
    parser.add_argument("--host", choices=sorted(HOSTS), default="library", help="what is to run it")
    parser.add_argument(
        "--chemistry", type=Path, metavar="TOML", help="whose limits are built in (default: NMC's)"
    )
    parser.add_argument(
        "--flags",
        action="store_true",
        help="only print the compiler's flags that make each build, for a makefile",
    )
    parser.add_argument("--output", type=Path, help="copy the file of the one NAME there")
    arguments = parser.parse_args()
    if arguments.output is not None and len(arguments.names) != 1:
        parser.error("--output: found several builds; expected one NAME")
    try:
        limits = None if arguments.chemistry is None else Limits.from_toml(arguments.chemistry)
        for name in arguments.names or (REFERENCE, *mutants()):
            if arguments.flags:
                print(f"{name}  {shlex.join(flags(name, limits))}")
                continue
            path = build(name, arguments.host, limits=limits)
            if arguments.output is not None:
                arguments.output.parent.mkdir(parents=True, exist_ok=True)
                path = Path(shutil.copy(path, arguments.output))
            print(f"{name}  {path}")
    except (BenchError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
