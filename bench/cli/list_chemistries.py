"""`hil list chemistries`: which chemistries a pack may have, those of other distributions included."""

from __future__ import annotations

import typer

from bench.cli.json_mode import say


def list_chemistries(as_json: bool) -> None:
    """Each with what it is based on, where its fit holds, and the file that it comes from."""
    from bench.report.told.chemistries import chemistries_told

    told = chemistries_told()
    if as_json:
        raise say(told, 0)
    for one in told.chemistries:
        typer.echo(f"{one.chemistry}: {one.title}")
        typer.echo(f"    {one.capacity_ah:g} Ah, based on {' → '.join(one.based_on) or 'no other'}")
        fit = "its file does not say" if one.fit is None else one.fit.words
        typer.echo(f"    fit holds: {fit}")
        if one.fit is not None:
            typer.echo(f"    by: {one.fit.by}")
        typer.echo(f"    {one.file}{f' ({one.brought_by})' if one.brought_by else ''}")
    for line in told.troubles:
        typer.echo(f"warning: {line}")
