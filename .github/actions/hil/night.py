#!/usr/bin/env python3
"""One run of the bench, compared with the one before it: what a nightly job and a pull request do.

    night.py [--keep N] [--against FOLDER] [--summary FILE] -- OPTIONS OF hil run

The runs before are those that lie in `runs/` already: a cache brings them back. Left in `hil-night/`: summary.md (for
people), junit.xml, report.html. Exit code: that of the run; 1 also where the build became slower or worse; a comparison
that so many shots cannot decide is told and changes nothing. Needs `hil` on PATH, and nothing else beside Python.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

LEFT = Path("hil-night")
UNDECIDED = 3
WORSE = 1
MARKDOWN_LIMIT = 60_000  # a comment on GitHub takes 65,536 characters


def hil(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["hil", *words], stdout=subprocess.PIPE, text=True, check=False)


def newest(options: argparse.Namespace) -> str | None:
    """The folder of the newest run that came to its end."""
    listed = hil("runs", "--json", "-n", "50", "--config", options.config)
    runs = json.loads(listed.stdout).get("runs", []) if listed.returncode == 0 else []
    return next((one["folder"] for one in runs if (Path(one["folder"]) / "footer.json").is_file()), None)


def compared(before: str | None, after: str) -> tuple[int, str]:
    """Its exit code (0 where there is nothing to compare with), and what it says, in Markdown."""
    if before is None:
        return 0, "Nothing to compare with: no run before this one is here.\n"
    done = hil("compare", before, after, "--markdown")
    said = done.stdout or f"`hil compare {before} {after}` said nothing on its output; see the log.\n"
    return done.returncode, said


def written(text: str, options: argparse.Namespace) -> None:
    """For people: as a file, and where GitHub shows it beside the job."""
    if len(text) > MARKDOWN_LIMIT:
        text = text[:MARKDOWN_LIMIT] + "\n\n… cut here; the whole is in the artifacts.\n"
    (LEFT / "summary.md").write_text(text, encoding="utf-8")
    if options.summary:
        with Path(options.summary).open("a", encoding="utf-8") as file:
            file.write(text)


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", default="hil_config.toml", help="the bench file")
    parser.add_argument("--keep", type=int, default=7, help="so many runs stay for the nights to come")
    parser.add_argument(
        "--against", default="", help="run folder to compare with, in place of the run before"
    )
    parser.add_argument("--summary", default=os.environ.get("GITHUB_STEP_SUMMARY", ""))
    parser.add_argument("rest", nargs="*", metavar="-- OPTIONS OF hil run")
    return parser.parse_args()


def main() -> int:
    options = asked()
    LEFT.mkdir(exist_ok=True)
    before = options.against or newest(options)
    left = ("--junit", str(LEFT / "junit.xml"), "--report", str(LEFT / "report.html"))
    code = subprocess.run(
        ["hil", "run", "--config", options.config, *left, *options.rest], check=False
    ).returncode
    after = newest(options)
    if after is None or after == before:
        written(f"The run came to no end (exit code {code}); see the log.\n", options)
        return code or UNDECIDED
    shown = hil("report", after, "--markdown").stdout
    worse, against = compared(before, after)
    written(f"{shown}\n## Against the run before\n\n{against}", options)
    (LEFT / "run.txt").write_text(f"{after}\n", encoding="utf-8")
    hil("clean", "--config", options.config, "--keep", str(options.keep), "--failing", "--yes")
    return WORSE if worse == WORSE else code


if __name__ == "__main__":
    sys.exit(main())
