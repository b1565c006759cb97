"""`hil export`: a stored run in the formats of other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.command import Command
from bench.cli.json_mode import JsonOption, say
from bench.cli.options import FiltersOption, JUnitStyleOption
from bench.cli.the_run import RunArgument
from bench.report.junit_style import JUnitStyle


def export(
    run: RunArgument,
    to: Annotated[
        str, typer.Option("--to", help="mf4, blf, asc, marks, parquet, csv, bdf, junit, needs or reqif.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for the files.")],
    asked: FiltersOption = None,
    shot: Annotated[
        int | None, typer.Option("--shot", min=0, help="Only this shot of each scenario.")
    ] = None,
    junit_style: JUnitStyleOption = JUnitStyle.FULL,
    as_json: JsonOption = False,
) -> None:
    """Write a run as frames (MF4, BLF, ASC, Parquet, CSV), marks, cells (BDF) or results (JUnit, needs, ReqIF)."""
    from bench.running.filter_words import joined
    from bench.stored.export import export as export_run

    files = export_run(run, to, out, joined(asked), shot, junit_style)
    if as_json:
        from bench.report.told.stored import ExportTold

        raise say(ExportTold(run=str(run), to=to, out=str(out), files=tuple(map(str, files))), 0)
    typer.echo(
        f"{len(files)} file(s) in {out}: {', '.join(f.name for f in files[:3])}{' …' if files[3:] else ''}"
    )


COMMAND = Command(name="export", call=export, place=170)
