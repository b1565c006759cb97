"""How a run is put on the terminal, live or stored: its tables as wide as they go, and one last line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from bench.report.fitted import FittedRows
    from bench.verdict.result import RunResult


def show_tables(result: RunResult, folder: Path | None = None, *, every: bool = True) -> None:
    """folder: the run's folder, which names all scenarios that there were to run. every: as `summary`."""
    from rich.console import Console
    from rich.table import Table

    from bench.report.terminal import natural_width, summary

    terminal = Console()
    shown = summary(result, terminal.width if terminal.is_terminal else None, every=every)
    console = as_wide_as(*[natural_width(one) for one in shown if isinstance(one, Table)])
    if folder is not None and (said := _said(folder)):
        console.print(said, highlight=False, soft_wrap=True, markup=False)
    for one in shown:
        console.print(one, highlight=False)
    if folder is not None and (partly := _partly(result, folder)):
        console.print(f"[yellow]PASS[/] {partly}", highlight=False, soft_wrap=True)


def _said(folder: Path) -> str:
    """Rig, people and names of a run in one line; "" where its header cannot be read."""
    from bench.errors import BenchError, clear
    from bench.record.folder import HEADER
    from bench.record.said import said_of
    from bench.record.shot import read_json

    try:
        said = said_of(read_json(folder / HEADER))
    except BenchError:
        return ""
    return " · ".join(f"{name}: {clear(text)}" for name, text in said.items())


def _partly(result: RunResult, folder: Path) -> str:
    """Goals that passed by a part of their scenarios; "" where the folder does not say what there was."""
    from bench.report.goals import partly_words, shown_goals
    from bench.stored.own_inputs import library_of

    return partly_words(shown_goals(result, library=library_of(folder)).values())


def as_wide_as(*widths: int) -> Console:
    """The terminal as it is; a file or a pipe has no width of its own, and is at least so wide."""
    from rich.console import Console

    from bench.report.terminal import FILE_WIDTH

    console = Console()
    return console if console.is_terminal else Console(width=max([FILE_WIDTH, *widths]))


def show_sheet(sheet: FittedRows, file_width: int | None = None) -> None:
    """A table, or lines where the terminal is too narrow. file_width: of what is no terminal (columns); None: any."""
    from rich.console import Console
    from rich.table import Table

    from bench.report.fitted import fitted
    from bench.report.terminal import natural_width

    terminal = Console()
    shown = fitted(sheet, terminal.width if terminal.is_terminal else file_width)
    console = as_wide_as(natural_width(shown)) if isinstance(shown, Table) else terminal
    console.print(shown, highlight=False)


def show_last_line(result: RunResult, *, altered: bool = False, whole: bool = True) -> None:
    """The run in one line, the last one printed. If the run was altered, the line says that first.

    whole: False where not all of its evidence is written.
    """
    from rich.console import Console
    from rich.text import Text

    from bench.report.terminal import STYLES, last_line
    from bench.verdict.result import Verdict

    console: Console = Console()
    if altered:
        text = Text(f"ALTERED, no evidence; it says: {last_line(result)}")
        text.highlight_words(["ALTERED"], STYLES[Verdict.FAIL])
    elif not whole:
        text = Text(f"INCOMPLETE, not all evidence is written; it says: {last_line(result)}")
        text.highlight_words(["INCOMPLETE"], STYLES[Verdict.FAIL])
    else:
        text = Text(last_line(result))
        text.highlight_words([result.verdict.name], STYLES[result.verdict])
    console.print(text, highlight=False, soft_wrap=True)


def tell_qualified(run: Path) -> None:
    """Which qualification of the bench covers a stored run, or why none does."""
    from bench.confidence.covered_again import qualified_by
    from bench.record.folder import open_run

    of = qualified_by(open_run(run))
    if of is None or of.trouble is not None:
        _mind(f"bench not qualified for this run: {'none is known to it' if of is None else of.trouble}")
    else:
        _tell(f"bench qualified by {of.by}")


def tell_rules(result: RunResult) -> None:
    """That a stored run was judged by older rules, where it was."""
    from bench.report.words import rules_words

    if told := rules_words(result):
        _mind(told)


def _mind(line: str) -> None:
    _tell(line, "yellow")


def _tell(line: str, style: str = "") -> None:
    from rich.console import Console
    from rich.text import Text

    Console().print(Text(line, style=style), highlight=False, soft_wrap=True)
