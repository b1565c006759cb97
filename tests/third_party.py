"""The lines in docs/evidence.md with which somebody without `hil` checks a run, taken from there and run."""

import re
import subprocess
import sys
from pathlib import Path

DOC = Path(__file__).parents[1] / "docs" / "evidence.md"


def lines_of(name: str) -> str:
    """The block that begins with `# name`."""
    blocks = re.findall(r"```python\n(.*?)```", DOC.read_text(encoding="utf-8"), re.S)
    (found,) = [block for block in blocks if block.startswith(f"# {name} ")]
    return found


def run_lines(name: str, *arguments: str | Path) -> tuple[int, str]:
    """Exit code, and the last line said. With nothing of this project to import."""
    line = [sys.executable, "-I", "-c", lines_of(name), *map(str, arguments)]
    done = subprocess.run(line, cwd="/", capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    told = (done.stdout + done.stderr).strip()
    return done.returncode, told.splitlines()[-1] if told else ""
