"""`python -m bench.stepped` prints the folder of hil_stepped.h; `… MODULE:FACTORY [BUILD]` steps that firmware."""

import importlib
import sys
from pathlib import Path

from bench.stepped.serve import serve

if __name__ == "__main__":
    words = sys.argv[1:]
    if not words:
        sys.stdout.write(f"{Path(__file__).parent}\n")
    else:
        sys.path.insert(0, str(Path.cwd()))
        module, _, factory = words[0].partition(":")
        serve(getattr(importlib.import_module(module), factory), *words[1:2])
