"""Every command of `hil` with its arguments and options, from the command line itself."""

from collections.abc import Iterator
from typing import Any

import typer

from bench.cli.main import app
from reference_pages.markdown import anchor, cell, code, table


def page() -> Iterator[str]:
    """The page, line by line."""
    yield from ("# Commands", "")
    yield "What `hil --help` and `hil COMMAND --help` say. Exit codes: [](/exit_codes.md). Documents of `--json`:"
    yield "[](/json.md)."
    yield ""
    for name, command in commands().items():
        yield from _section(f"hil {name}", command)


def commands() -> dict[str, Any]:
    """By name, in the order of `hil --help`. Any: typer brings its own copy of click's classes, or takes click's."""
    whole: Any = typer.main.get_command(app)
    return {name: command for name, command in whole.commands.items() if not command.hidden}


def _section(name: str, command: Any) -> Iterator[str]:
    context = command.context_class(command, info_name=name)
    yield from (anchor(name.replace(" ", "-")), f"## {name}", "")
    yield from (f"    {command.get_usage(context).removeprefix('Usage: ')}", "")
    for paragraph in (command.help or "").replace("\b", "").split("\n\n"):
        yield from (cell(paragraph), "")
    for kind in ("argument", "option"):
        records = [one.get_help_record(context) for one in command.params if one.param_type_name == kind]
        rows = [(code(record[0]), cell(record[1])) for record in records if record is not None]
        yield from table((kind, "meaning"), rows)
