"""How a run is put on the terminal, live or stored: its tables as wide as they go, and one last line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from bench.verdict.result import RunResult


def show_tables(result: RunResult) -> None:
    from rich.console import Console
    from rich.table import Table

    from bench.report.terminal import FILE_WIDTH, natural_width, summary

    console = Console()
    shown = summary(result, console.width if console.is_terminal else None)
    if not console.is_terminal:
        tables = [natural_width(one) for one in shown if isinstance(one, Table)]
        console = Console(width=max([FILE_WIDTH, *tables]))
    for one in shown:
        console.print(one, highlight=False)


def show_last_line(result: RunResult) -> None:
    """The run in one line, the last that is said."""
    from rich.console import Console
    from rich.text import Text

    from bench.report.terminal import STYLES, last_line

    console: Console = Console()
    text = Text(last_line(result))
    text.highlight_words([result.verdict.name], STYLES[result.verdict])
    console.print(text, highlight=False, soft_wrap=True)
