"""`hil report RUN --status`: the sheet of one page, for a terminal, as Markdown, or as HTML that prints on one A4."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from pathlib import Path


def status_sheet(run: Path, out: Path | None, requirements: Path | None, *, markdown: bool) -> typer.Exit:
    """Exit code 3 where the run was altered; the sheet says so itself, too."""
    from bench.campaign.builds import load_checked
    from bench.campaign.status import status_of
    from bench.cli.altered import end, reading_on, tell_altered
    from bench.cli.show_run import as_wide_as
    from bench.config.requirement_texts import requirement_texts
    from bench.record.targets import try_file
    from bench.report.status_html import write_status
    from bench.report.status_words import status_lines, status_markdown, status_table

    texts = None if requirements is None else requirement_texts(requirements)
    try_file("--out", out)
    stored = load_checked(run)
    tell_altered(run, stored.altered, err=markdown)
    with reading_on(stored.altered):
        sheet = status_of(stored.result, run, stored.altered, texts)
        if out is not None:
            write_status(sheet, out)
        if markdown:
            typer.echo(status_markdown(sheet), nl=False)
        else:
            console = as_wide_as(_WIDTH)
            console.print(status_table(sheet), highlight=False)
            for line in status_lines(sheet):
                console.print(line, highlight=False, soft_wrap=True, markup=False)
        if out is not None:
            typer.echo(f"status  {out}", err=markdown)
    return end(0, stored.altered)


_WIDTH = 190
