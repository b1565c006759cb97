"""`hil list kinds`: which instruments a bench file may name, those of other distributions included."""

import typer

from bench.cli import found
from bench.cli.json_mode import say


def list_kinds(as_json: bool) -> None:
    """The tables of docs/instruments.md, and what is wrong with parts of others."""
    from bench.config.instrument_kinds import instruments
    from bench.report.told.kinds import KindsTold, kind_listed, tables
    from bench.wiring.plug_ins import troubles

    known = instruments()
    listed = []
    for name, kind in known.all().items():
        origin = known.origin(name)
        brought_by = "" if origin is None else f"{origin.distribution} {origin.version}"
        listed.append(kind_listed(name, kind, brought_by))
    wrong = (*troubles(), *found.troubles())
    if as_json:
        raise say(KindsTold(kinds=tuple(listed), troubles=wrong), 0)
    for line in tables(listed):
        typer.echo(line)
    for line in wrong:
        typer.echo(f"warning: {line}")
