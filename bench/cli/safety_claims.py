"""`hil safety --claims`: do the chemistries earn it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from bench.verdict.claims import ClaimFound
    from bench.verdict.ftti_bound import FttiBound


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What was found of the claims, and of each goal's FTTI on each chemistry."""

    claims: tuple[ClaimFound, ...]
    ftti: tuple[FttiBound, ...]


def markdown_claims(shown: Claimed) -> None:
    """Print the claims and FTTI bounds as Markdown."""
    from bench.report.claim_words import CLAIMS, FTTI, HOW_TO_READ, claim_rows, ftti_rows, need_lines
    from bench.report.markdown import text
    from bench.report.safety_tables import markdown_table

    typer.echo(f"## Do the chemistries earn it?\n\n{markdown_table(CLAIMS, claim_rows(shown.claims))}\n")
    typer.echo("\n".join(f"- {text(line)}" for line in (HOW_TO_READ, *need_lines(shown.claims))) + "\n")
    typer.echo(f"## FTTI by chemistry\n\n{markdown_table(FTTI, ftti_rows(shown.ftti))}\n")


def show_claims(shown: Claimed, notes: Sequence[str]) -> None:
    """Print the claims and FTTI bounds as tables, then the notes."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from bench.report.claim_words import CLAIMS, FTTI, HOW_TO_READ, claim_rows, ftti_rows, need_lines

    console = Console()
    if not console.is_terminal:
        console = Console(width=170)
    for title, headings, rows in (
        ("FTTI by chemistry", FTTI, ftti_rows(shown.ftti)),
        ("Do the chemistries earn it?", CLAIMS, claim_rows(shown.claims)),
    ):
        table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
        for name in headings:
            table.add_column(name, overflow="fold")
        last = ""
        for row in rows:
            table.add_row(row[0] if row[0] != last else "", *row[1:])
            last = row[0]
        console.print(table, markup=False)
    for line in (HOW_TO_READ, *notes, *need_lines(shown.claims, 3)):
        console.print(line, highlight=False, soft_wrap=True, markup=False)
