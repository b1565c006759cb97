"""The status sheet for a terminal and for Markdown."""

from collections.abc import Mapping

from rich.console import RenderableType

from bench.report import fitted
from bench.report import markdown as md
from bench.report.status import COLUMNS, Sheet, SheetCell, StatusRow, footnotes


def status_table(sheet: Sheet, width: int | None = None) -> RenderableType:
    """A row for each goal. A row is green if no cell of it is a no, and no fact of the whole run is one.

    width: of the terminal in columns; lines where the table does not fit.
    """
    notes = footnotes(sheet)
    shown = fitted.FittedRows(
        title=_title(sheet),
        headings=("goal", *COLUMNS),
        rows=[_cells(sheet, row, notes) for row in sheet.rows],
        styles=["green" if sheet.green(row) else "red" if row.over else "" for row in sheet.rows],
        flowing=frozenset(range(1, 1 + len(COLUMNS))),
    )
    return fitted.fitted(shown, width)


def status_lines(sheet: Sheet) -> list[str]:
    """What stands around the table: facts and grounds, then every reason once, by its number."""
    notes = footnotes(sheet)
    lines = [f"{one.name}: {said(one.cell, notes)}" for one in sheet.facts]
    lines += [f"{one.name}: {ground_words(one.cell)}" for one in sheet.grounds]
    lines += [f"[{number}] {why}" for why, number in notes.items()]
    lines += [f"{name}: {text}" for name, text in sheet.texts.items()]
    return [*lines, sheet.words]


def status_markdown(sheet: Sheet) -> str:
    """The status sheet as Markdown."""
    notes = footnotes(sheet)
    lines = [f"### {md.text(_title(sheet))}", ""]
    lines += [f"- {md.text(one.name)}: {md.text(said(one.cell, notes))}" for one in sheet.facts]
    lines += [f"- {md.text(one.name)}: {md.text(ground_words(one.cell))}" for one in sheet.grounds]
    lines += ["", *md.table(("goal", *COLUMNS), (_cells(sheet, row, notes) for row in sheet.rows)), ""]
    lines += [f"- \\[{number}\\] {md.text(why)}" for why, number in notes.items()]
    return "\n".join(lines) + "\n"


def ground_words(cell: SheetCell) -> str:
    """`simulated time; no: discharges no board's timing`."""
    return "; ".join(part for part in (cell.text, f"no: {cell.no}" if cell.no else "") if part)


def said(cell: SheetCell, notes: Mapping[str, int]) -> str:
    """`15.2 … 25.2 ms no [3]`; "–" for what is neither there nor missed."""
    no = f"no [{notes[cell.no]}]" if cell.no else ""
    return " ".join(part for part in (cell.text, no) if part) or "–"


def _cells(sheet: Sheet, row: StatusRow, notes: Mapping[str, int]) -> list[str]:
    shown = "\nSHOWN" if sheet.green(row) else ""
    return [f"{row.goal.safety_goal} {row.goal.asil}{shown}", *(said(one, notes) for one in row.cells)]


def _title(sheet: Sheet) -> str:
    altered = "ALTERED, no evidence: " if sheet.altered else ""
    return f"{altered}Status of {sheet.title}: {sheet.words}"
