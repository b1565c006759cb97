"""`hil`: the command line.

Exit codes (docs/exit_codes.md): 0 all pass · 1 a FAIL · 2 wrong usage or file · 3 INCONCLUSIVE, BLOCKED, ERROR or a
crash of the bench · 130 stopped by Ctrl-C, 143 by SIGTERM, 129 by SIGHUP · 141 nobody reads the output.

A command is one file of this folder, found by its name: a `*_command.py` that holds a `Command`. Others bring theirs by
entry point (`bench.cli.found`).
"""

import sys
from typing import Annotated

import typer

from bench.cli.command import Command
from bench.cli.ending import run_command_line
from bench.cli.found import commands, mended
from bench.cli.usage import PlainUsage


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import PackageNotFoundError, version

        from bench import __version__

        try:
            typer.echo(f"hil {version('bms-hil-bench')}")
        except PackageNotFoundError:
            typer.echo(f"hil {__version__}, from a source tree that is not installed")
        raise typer.Exit


def _of_hil_itself(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which release this is.")
    ] = False,
) -> None:
    pass


def _made(found: list[Command]) -> typer.Typer:
    made = typer.Typer(
        name="hil",
        cls=PlainUsage,
        help="Hardware-in-the-loop bench for battery management systems: true latencies, judged against ISO 26262 "
        "budgets.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    made.callback()(_of_hil_itself)
    for one in found:
        made.command(name=one.name)(one.call)
    return made


app = _made(commands())


def hil() -> None:
    """The command line. A signature that no line can be made of costs its own command only."""
    try:
        line = typer.main.get_command(app)
    except Exception:  # noqa: BLE001 - whatever a stranger's signature leads to: found one by one
        line = typer.main.get_command(_made(mended()))
    line()


def run() -> None:
    """Entry point: each command ends with a code that says what happened, and one line for what went wrong."""
    sys.exit(run_command_line(hil))
