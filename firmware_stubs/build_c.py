"""`python -m firmware_stubs.build_c`: build the firmware in C, and say where each file is."""

import argparse
import shutil
import sys
from pathlib import Path

from bench.errors import BenchError
from firmware_stubs.reference_bms_c.compile import HOSTS, REFERENCE, build, mutants


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m firmware_stubs.build_c", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="builds (default: reference and all mutants)"
    )
    parser.add_argument("--host", choices=sorted(HOSTS), default="library", help="what is to run it")
    parser.add_argument("--output", type=Path, help="copy the file of the one NAME there")
    arguments = parser.parse_args()
    if arguments.output is not None and len(arguments.names) != 1:
        parser.error("--output: found several builds; expected one NAME")
    try:
        for name in arguments.names or (REFERENCE, *mutants()):
            path = build(name, arguments.host)
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
