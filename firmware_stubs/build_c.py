"""`python -m firmware_stubs.build_c`: build the firmware in C, and say where each file is."""

import argparse
import sys

from bench.errors import BenchError
from firmware_stubs.reference_bms_c.compile import HOSTS, REFERENCE, build, mutants


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m firmware_stubs.build_c", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="builds (default: reference and all mutants)"
    )
    parser.add_argument("--host", choices=sorted(HOSTS), default="library", help="what is to run it")
    arguments = parser.parse_args()
    try:
        for name in arguments.names or (REFERENCE, *mutants()):
            print(f"{name}  {build(name, arguments.host)}")
    except BenchError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
