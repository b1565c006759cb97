#!/usr/bin/env python3
"""Run every command line of the README as it stands there, in a copy of this folder, each within a time limit.

    .ci/readme.py [--list] [--only TEXT]        `hil` on PATH is the one that is tested

What stands in a ```toml block that the text tells to save is saved first. The two lines that install are run by .ci/run
itself. A command is right when it ends with the exit code that the README promises for it, within LIMIT_S.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPIED = (
    "bench",
    "firmware_stubs",
    "dbc",
    "docs",
    "scenarios",
    "hil_config.toml",
    "pyproject.toml",
    "README.md",
)
BY_CI_RUN = "pip install"
SAVED = re.compile(r"Save this as\s+`([^`]+)`.*?```toml\n(.*?)```", re.S)
LINE = re.compile(r"^ {4}((?:hil|python3?|pytest|pip)\b[^#\n]*)", re.M)
FENCE = re.compile(r"```.*?```", re.S)
LIMIT_S = 600  # the longest takes 2.5 minutes beside seven others on two cores
# Other than exit code 0, with the reason that the README gives; a real-time run may find its machine too busy.
ENDS_WITH = {
    "hil run --firmware late_overvoltage": {1},
    "hil run --time real": {0, 3},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    line: str
    exits: frozenset[int]

    @property
    def by_ci_run(self) -> bool:
        return BY_CI_RUN in self.line


def calls(readme: str) -> list[Call]:
    """Every command line of an indented block, in the order of the text."""
    found = []
    for match in LINE.finditer(FENCE.sub("", readme)):
        line = match[1].strip()
        exits = next((codes for start, codes in ENDS_WITH.items() if line.startswith(start)), {0})
        found.append(Call(line=line, exits=frozenset(exits)))
    return found


def copy_of(folder: Path, readme: str) -> None:
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(
                source,
                folder / name,
                ignore=shutil.ignore_patterns("__pycache__", "runs", "_build", "_generated"),
            )
        else:
            shutil.copy(source, folder)
    for name, text in SAVED.findall(readme):
        (folder / name).write_text(text, encoding="utf-8")


def run(call: Call, folder: Path) -> str | None:
    """What is wrong with it; None where it is right."""
    began_s = time.monotonic()
    # A group of its own: what it starts ends with it.
    process = subprocess.Popen(
        ["bash", "-c", call.line], cwd=folder, stdin=subprocess.DEVNULL, start_new_session=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        said, _ = process.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        said, _ = process.communicate()
        return f"not done within {LIMIT_S} s; it said last:\n{tail(said)}"
    say(f"   exit code {process.returncode} after {time.monotonic() - began_s:.0f} s")
    if process.returncode in call.exits:
        return None
    expected = " or ".join(map(str, sorted(call.exits)))
    return f"exit code {process.returncode}, expected {expected}; it said last:\n{tail(said)}"


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def tail(said: str) -> str:
    return "\n".join(said.splitlines()[-30:])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--list", action="store_true", help="show them, run none")
    parser.add_argument("--only", default="", help="those whose line holds this text")
    options = parser.parse_args()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    chosen = [call for call in calls(readme) if options.only in call.line]
    if options.list:
        say("\n".join(call.line for call in chosen))
        return 0
    wrong = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "bench-of-a-user"
        folder.mkdir()
        copy_of(folder, readme)
        for call in chosen:
            if call.by_ci_run:
                continue
            say(f"-- {call.line}")
            trouble = run(call, folder)
            if trouble is not None:
                wrong += 1
                say(f"   WRONG: {trouble}")
    return 1 if wrong or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
