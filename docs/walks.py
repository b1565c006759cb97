#!/usr/bin/env python3
"""Walk through the pages of the tutorial as a reader does: run their commands, hold them to what they promise, and make
the pictures of them.

    docs/walks.py [PAGE…] [--pictures FOLDER] [--list]        `hil` on PATH is the one that is tried

A page is walked from its first line to its last, in an empty folder:

- An indented line that begins with a command is run. `cd` holds for what follows. Lines that install are left to CI.
- `# ends with 1` behind it promises that exit code; without it, 0 is promised.
- A block ```text below shows what the command says: each of its lines has to be among those, whatever the spaces. A
  line of `…` stands for some that are left out.
- "Save this as `FILE`:" with a block below it writes that file.
- A picture `NAME.svg` is made of what the command above it said, `NAME.png` of the newest run's report, in Chromium.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGES = sorted(page for page in (HERE / "tutorial").glob("*.md") if page.stem != "index")
STEP = re.compile(
    r"^ {4}(?P<line>(?:hil|cd|cp|mkdir|sed|python3)\b[^\n]*)"
    r"|^Save this as `(?P<file>[^`]+)`[^\n]*\n\n```\w*\n(?P<text>.*?)^```"
    r"|^```text\n(?P<said>.*?)^```"
    r"|^!\[[^\]]*\]\([^)\n]*/pictures/(?P<picture>[\w-]+\.(?:svg|png))\)",
    re.M | re.S,
)
ENDS = re.compile(r"#.*?ends with (\d+)")
COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLUMNS = 112
LIMIT_S = 600
BY_CI = "pip install"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    line: str
    code: int
    output: str
    errors: str


class WrongPage(Exception):
    """What the page promises and what happens differ."""


def steps(page: str) -> Iterator[re.Match[str]]:
    """Everything that is done or promised, in the order of the text."""
    yield from STEP.finditer(page)


def command_lines(page: str) -> list[str]:
    """Those that are run, without their comments."""
    lines = [match["line"].partition("#")[0].strip() for match in steps(page) if match["line"]]
    return [line for line in lines if BY_CI not in line]


def walk(page: Path, pictures: Path | None) -> None:
    """Raises WrongPage at the first thing that is not as the page says."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, last = Path(scratch), None
        for step in steps(page.read_text(encoding="utf-8")):
            if step["line"]:
                folder, last = done(step["line"], folder, last)
            elif step["file"]:
                (folder / step["file"]).write_text(step["text"], encoding="utf-8")
            elif step["said"]:
                hold(step["said"], last)
            elif pictures is not None:
                draw(pictures / step["picture"], folder, last)


def done(written: str, folder: Path, last: Said | None) -> tuple[Path, Said | None]:
    """Where the next command runs, and what this one said."""
    line = written.partition("#")[0].strip()
    if BY_CI in line:
        return folder, last
    if line.startswith("cd "):
        return folder / line.removeprefix("cd ").strip(), last
    promised = ENDS.search(written)
    said = run(line, folder)
    if said.code != (int(promised[1]) if promised else 0):
        tail = "\n".join((said.output + said.errors).splitlines()[-20:])
        raise WrongPage(
            f"{line}: exit code {said.code}, the page says {promised[1] if promised else 0}\n{tail}"
        )
    return folder, said


def run(line: str, folder: Path) -> Said:
    began_s = time.monotonic()
    ended = subprocess.run(
        ["bash", "-c", line], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=LIMIT_S, check=False, env={**os.environ, "COLUMNS": str(COLUMNS), "FORCE_COLOR": "1"},
    )  # fmt: skip
    sys.stdout.write(f"   {line}: exit code {ended.returncode} after {time.monotonic() - began_s:.0f} s\n")
    sys.stdout.flush()
    return Said(line=line, code=ended.returncode, output=ended.stdout, errors=ended.stderr)


def hold(shown: str, last: Said | None) -> None:
    """Every line that the page shows is one that the command has said."""
    if last is None:
        raise WrongPage(f"nothing was run that could have said\n{shown}")
    words = " ".join(COLOUR.sub("", last.output + last.errors).split())
    for line in shown.splitlines():
        if line.strip("… ") and " ".join(line.split()) not in words:
            raise WrongPage(f"{last.line}\n  the page shows: {line.strip()}\n  it said: {words[-1500:]}")


def draw(file: Path, folder: Path, last: Said | None) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix == ".png":
        report(file, folder)
    elif last is not None:
        terminal(file, last)


def terminal(file: Path, said: Said) -> None:
    """What a command said, as it stands in a terminal; without any font or script of others."""
    import io

    from rich.console import Console
    from rich.text import Text

    console = Console(width=COLUMNS, record=True, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(f"$ {said.line}\n{said.output.rstrip()}"), soft_wrap=False)
    drawn = console.export_svg(title=" ")
    file.write_text(re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.S), encoding="utf-8")


def report(file: Path, folder: Path) -> None:
    """The top of the newest run's report; the picture of the README where there is no Chromium."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    newest = max(folder.rglob("report.html"), key=lambda one: one.stat().st_mtime)
    if program is None:
        shutil.copy(HERE / "report.png", file)
        return
    page = f"{newest.as_uri()}#result"
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                f"--user-data-dir={profile}", "--window-size=1280,900", f"--screenshot={file}", page,
            ],
            check=True, capture_output=True, timeout=180,
        )  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pages", nargs="*", type=Path, default=PAGES, metavar="PAGE")
    parser.add_argument("--pictures", type=Path, help="make them, into this folder")
    parser.add_argument("--list", action="store_true", help="show the command lines, run none")
    options = parser.parse_args()
    pictures = options.pictures and options.pictures.resolve()
    wrong = 0
    for page in options.pages:
        if options.list:
            sys.stdout.write("".join(f"{line}\n" for line in command_lines(page.read_text(encoding="utf-8"))))
            continue
        began_s = time.monotonic()
        try:
            walk(page, pictures)
        except WrongPage as error:
            wrong += 1
            sys.stdout.write(f"WRONG {page.name}: {error}\n")
        sys.stdout.write(f"{page.name}: {time.monotonic() - began_s:.0f} s\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
