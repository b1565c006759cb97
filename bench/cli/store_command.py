"""`hil store`: finished runs into the results database, from their folders."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.cli.command import Command
from bench.cli.options import DEFAULT_CONFIG, ConfigOption
from bench.cli.the_run import RUN_HELP, named_run


def store(
    runs: Annotated[list[str], typer.Argument(metavar="RUN…", help=RUN_HELP)],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Add finished runs to the results database, where it could not take them when they ended.

    What is in it already stays as it is. Exit 3: a run is unfinished or was altered, or the
    database cannot be written.
    """
    from bench.config.bench_file import load_bench
    from bench.stored.store import stored_from

    good = True
    for stored, line in stored_from([named_run(one) for one in runs], load_bench(config).record.database):
        good = good and stored
        typer.echo(line)
    raise typer.Exit(0 if good else 3)


COMMAND = Command(name="store", call=store, place=240)
