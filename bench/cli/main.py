"""`hil`: the command line.

Exit codes (docs/exit_codes.md): 0 all pass · 1 a FAIL · 2 wrong usage or file · 3 INCONCLUSIVE, BLOCKED, ERROR or a
crash of the bench · 130 stopped by Ctrl-C, 143 by SIGTERM, 129 by SIGHUP · 141 nobody reads the output.

A command is one file of this folder, found by its name: a `*_command.py` that holds a `Command`.
"""

import sys
from importlib import import_module
from pathlib import Path

import typer

from bench.cli.command import Command
from bench.cli.ending import run_command_line

app = typer.Typer(
    name="hil",
    help="Hardware-in-the-loop bench for battery management systems: true latencies, judged against ISO 26262 budgets.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def commands() -> list[Command]:
    """All of them in the order of `hil --help`: by place, then by name."""
    files = Path(__file__).parent.glob("*_command*.py")
    modules = (import_module(f"bench.cli.{file.stem}") for file in files)
    found = [one for module in modules for one in vars(module).values() if isinstance(one, Command)]
    return sorted(found, key=lambda one: (one.place, one.name))


for _one in commands():
    app.command(name=_one.name)(_one.call)


def run() -> None:
    """Entry point: each command ends with a code that says what happened, and one line for what went wrong."""
    sys.exit(run_command_line(app))
