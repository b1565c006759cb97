"""`hil rejudge` and `hil report`: what a stored run says, without driving anything."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command(name="rejudge")(rejudge)
    app.command(name="report")(report)


def rejudge(run: Annotated[Path, typer.Argument(help="A run folder, as `hil run` writes it.")]) -> None:
    """Recompute every verdict from the stored frames and events alone, and compare."""
    from rich.console import Console

    from bench.campaign.rejudge import rejudge_run

    console = Console()
    outcome = rejudge_run(run)
    for line in outcome.differences:
        console.print(f"[red]differs[/] {line}", highlight=False, soft_wrap=True)
    for line in outcome.altered:
        console.print(f"[red]altered[/] {line}", highlight=False, soft_wrap=True)
    if outcome.aborted:
        console.print("the run was aborted: judged is the prefix that it left", highlight=False)
    agreed = outcome.shots - len(outcome.differences)
    console.print(f"{agreed} of {outcome.shots} shots judged as recorded", highlight=False)
    raise typer.Exit(1 if outcome.differences or outcome.altered else 0)


def report(
    run: Annotated[Path, typer.Argument(help="A run folder, as `hil run` writes it.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="HTML file (default: print the table only).")
    ] = None,
) -> None:
    """Show a stored run's table again, and write its HTML report anew."""
    from rich.console import Console

    from bench.errors import RecordError
    from bench.record.codable import run_from_dict
    from bench.record.folder import open_run
    from bench.report.html import write_html
    from bench.report.terminal import summary_tables

    opened = open_run(run)
    if opened.result is None:
        raise RecordError(f"{run}: an aborted run has no result; `hil rejudge` reads what it left")
    result = run_from_dict(opened.result)
    console = Console()
    for table in summary_tables(result):
        console.print(table)
    if out is not None:
        write_html(result, out, {})
        typer.echo(f"report  {out}")
