"""`hil schema`: the JSON schema of what `--json` prints, and of the files that people write."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bench.cli.command import Command


def _bench() -> dict[str, Any]:
    from bench.config.bench_schema import bench_schema

    return bench_schema()


def _profile() -> dict[str, Any]:
    from bench.config.bench_schema import profile_schema

    return profile_schema()


def _scenario() -> dict[str, Any]:
    from bench.scenario.scenario_schema import scenario_schema

    return scenario_schema()


# Files that people write, for their editors.
_FILES = {"bench": _bench, "profile": _profile, "scenario": _scenario}


def schema(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A command, 'faults', 'kinds', 'chemistries', 'error', or a file: 'bench', 'profile', 'scenario'.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Print the JSON schema of a command's --json, or of a file for an editor; without a name: list the commands'."""
    import json

    from bench.errors import ConfigError, choices, nearest
    from bench.report.told.document import schema_id
    from bench.report.told.every import DOCUMENTS
    from bench.report.told.schema import schema_of

    if name in _FILES:
        typer.echo(json.dumps(_FILES[name](), indent=1))
        return
    if name is None:
        for one in sorted(DOCUMENTS):
            typer.echo(f"{one:<11} {schema_id(DOCUMENTS[one])}")
        return
    if name not in DOCUMENTS:
        known = sorted((*DOCUMENTS, *_FILES))
        raise ConfigError(
            f"hil schema: found '{name}'; expected one of {choices(name, known)}{nearest(name, known)}"
        )
    typer.echo(json.dumps(schema_of(DOCUMENTS[name]), indent=1))


COMMAND = Command(name="schema", call=schema, place=230)
