"""`hil report RUN --status`: the sheet of one page, for a terminal, as Markdown, as JSON, or as HTML for one A4."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from bench.report.status import Sheet, SheetCell
    from bench.report.told.stored import CellTold, StatusTold
    from bench.verdict.result import RunResult

_WIDTH = 190  # of what is no terminal


def status_sheet(
    run: Path, out: Path | None, requirements: Path | None, *, markdown: bool, as_json: bool
) -> typer.Exit:
    """Exit code 3 where the run was altered; the sheet says so itself, too."""
    from bench.cli.altered import end, ended_with, reading_on, tell_altered
    from bench.cli.json_mode import say
    from bench.config.requirement_texts import requirement_texts
    from bench.record.targets import try_file
    from bench.report.status_html import write_status
    from bench.report.status_words import status_markdown
    from bench.stored.builds import load_checked
    from bench.stored.status import status_of

    texts = None if requirements is None else requirement_texts(requirements)
    try_file("--out", out)
    stored = load_checked(run)
    quiet = markdown or as_json
    tell_altered(run, stored.altered, err=quiet)
    with reading_on(stored.altered):
        sheet = status_of(stored.result, run, stored.altered, texts)
    if out is not None:
        write_status(sheet, out)
        typer.echo(f"status  {out}", err=quiet)
    if as_json:
        return say(_told(sheet, stored.result, out), ended_with(0, stored.altered))
    if markdown:
        typer.echo(status_markdown(sheet), nl=False)
    else:
        _show(sheet)
    return end(0, stored.altered)


def _show(sheet: Sheet) -> None:
    from bench.cli.show_run import as_wide_as
    from bench.report.status_words import status_lines, status_table

    console = as_wide_as(_WIDTH)
    console.print(status_table(sheet, console.width), highlight=False)
    for line in status_lines(sheet):
        console.print(line, highlight=False, soft_wrap=True, markup=False)


def _told(sheet: Sheet, result: RunResult, out: Path | None) -> StatusTold:
    from bench.report.status import COLUMNS
    from bench.report.told.stored import CellTold, GoalStatus, StatusTold

    def cells(named: Iterable[tuple[str, SheetCell]]) -> tuple[CellTold, ...]:
        return tuple(CellTold(name=name, text=one.text, no=one.no or None) for name, one in named)

    return StatusTold(
        run=result.run_id,
        firmware_identity=result.firmware_identity,
        evidence=result.evidence_class,
        summary=sheet.words,
        facts=cells((one.name, one.cell) for one in sheet.facts),
        grounds=cells((one.name, one.cell) for one in sheet.grounds),
        goals=tuple(
            GoalStatus(
                safety_goal=row.goal.safety_goal,
                asil=row.goal.asil,
                ftti_ns=row.goal.ftti_ns,
                shown=sheet.green(row),
                cells=cells(zip(COLUMNS, row.cells, strict=True)),
                requirements=row.requirements,
            )
            for row in sheet.rows
        ),
        texts=dict(sheet.texts),
        altered=sheet.altered,
        written=None if out is None else str(out),
    )
