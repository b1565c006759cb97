"""README and docs against the command line: every command and option they name exists, and no command goes unnamed."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import typer
from written import written

from bench.cli.main import app

ROOT = Path(__file__).resolve().parents[1]
DOCS = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *written(ROOT / "docs", "*.md"))
CALL = re.compile(r"\bhil ([a-z][a-z-]*)([^`|#]*)")
OPTION = re.compile(r"(?<![\w-])--?[a-zA-Z][\w-]*")
LINK = re.compile(r"\]\(([^)#:]+)\)")


def options_by_command() -> dict[str, set[str]]:
    """Of `hil export`; those of subcommands count as their parent's."""

    def options(command: click.Command) -> Iterator[str]:
        for one in command.params:
            yield from (*one.opts, *one.secondary_opts)
        for inner in getattr(command, "commands", {}).values():
            yield from options(inner)

    whole = typer.main.get_command(app)
    return {name: set(options(command)) for name, command in getattr(whole, "commands", {}).items()}


def calls() -> Iterator[tuple[str, str, str]]:
    """(place, command, what follows it) of each call that stands as code: indented, or in backticks."""
    for file in DOCS:
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if line.startswith("    ") or "`hil " in line:
                for found in CALL.finditer(line):
                    yield f"{file.relative_to(ROOT)}:{number}", found[1], found[2]


def test_every_command_and_option_in_the_docs_exists() -> None:
    known = options_by_command()
    wrong = [
        f"{place}: hil {command} {option}"
        for place, command, rest in calls()
        for option in (OPTION.findall(rest) if command in known else ["?"])
        if option not in known.get(command, ())
    ]
    assert wrong == []


def test_every_command_is_in_the_docs() -> None:
    assert set(options_by_command()) - {command for _, command, _ in calls()} == set()


def test_ci_runs_every_command_line_of_the_readme() -> None:
    """Those that install are steps of .ci/run itself, and so is what stands behind them."""
    listed = subprocess.run(
        [sys.executable, ROOT / ".ci" / "readme.py", "--list"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout.splitlines()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = [
        line.split("#")[0].strip()
        for line in readme.splitlines()
        if re.match(r" {4}(hil |pytest|python)", line)
    ]
    assert listed == shown and len(listed) >= 9
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert ".ci/readme.py" in ci
    for line in (one for one in listed if "pip install" in one):
        assert all(part.strip() in ci for part in line.split("&&")), line


def test_every_link_between_the_docs_leads_somewhere() -> None:
    dead = [
        f"{file.relative_to(ROOT)}: {target}"
        for file in DOCS
        for target in LINK.findall(file.read_text(encoding="utf-8"))
        if not (file.parent / target).exists() and "/_generated/" not in target  # .ci/docs holds those
    ]
    assert dead == []


def test_ci_walks_through_every_page_of_the_tutorial() -> None:
    """docs/walks.py runs the command lines of a page, and makes its pictures: once, before the site is built."""
    line = [sys.executable, ROOT / "docs" / "walks.py", "--list"]
    listed = subprocess.run(line, capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()
    pages = [page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs" / "tutorial").glob("*.md"))]
    shown = [
        line.split("#")[0].strip() for page in pages for line in re.findall(r"^ {4}(hil .*)$", page, re.M)
    ]
    assert [line for line in listed if line.startswith("hil ")] == shown and len(shown) > 15
    assert "docs/walks.py --pictures" in (ROOT / ".ci" / "docs").read_text(encoding="utf-8")
