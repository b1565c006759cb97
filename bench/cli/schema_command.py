"""`hil schema`: the JSON schema of what `--json` prints."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.cli.command import Command

BENCH_FILE = "bench"


def schema(
    name: Annotated[
        str | None,
        typer.Argument(help="A command's name, or 'faults', 'kinds', 'error', 'bench'.", show_default=False),
    ] = None,
) -> None:
    """Print the JSON schema of a command's --json; without a name: list them."""
    import json

    from bench.errors import ConfigError, nearest
    from bench.report.told.document import schema_id
    from bench.report.told.every import DOCUMENTS
    from bench.report.told.schema import schema_of

    if name == BENCH_FILE:
        from bench.config.bench_schema import bench_schema

        typer.echo(json.dumps(bench_schema(), indent=1))
        return
    if name is None:
        for one in sorted(DOCUMENTS):
            typer.echo(f"{one:<9} {schema_id(DOCUMENTS[one])}")
        return
    if name not in DOCUMENTS:
        known = ", ".join(sorted((*DOCUMENTS, BENCH_FILE)))
        raise ConfigError(f"hil schema: found '{name}'; expected one of {known}{nearest(name, DOCUMENTS)}")
    typer.echo(json.dumps(schema_of(DOCUMENTS[name]), indent=1))


COMMAND = Command(name="schema", call=schema, place=230)
