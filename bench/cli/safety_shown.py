"""What `hil safety` shows: tables on the terminal or in Markdown, and its notes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bench.cli.safety_claims import Claimed, markdown_claims

if TYPE_CHECKING:
    from bench.safety.failure_modes import Cell
    from bench.timing.evidence_class import EvidenceClass
    from bench.verdict.fmea import FailureMode
    from bench.verdict.result import Budget


def fmea_rows(found: tuple[Cell, ...]) -> list[tuple[str, ...]]:
    """A row of text for each failure mode and chemistry."""
    from bench.report.safety_tables import fmea_row

    return [
        fmea_row(c.mode, c.chemistry, c.earned, c.rated, (c.hazard_s, c.fhti_s, c.margin_s), c.missing)
        for c in found
    ]


def standing(found: tuple[Cell, ...]) -> list[tuple[str, ...]]:
    """A row of text for each chemistry: counts and its worst rating."""
    from bench.report.safety_tables import seconds, standing_rows
    from bench.safety.failure_modes import standings

    def least(one: Any) -> str:
        if one.least is None:
            return "not known"
        over = f"; none left in {', '.join(one.exceeded)}" if one.exceeded else ""
        return f"{seconds(one.least[1])} in {one.least[0]}{over}"

    return standing_rows(
        [(one.chemistry, one.earned, one.assumed, one.without, least(one)) for one in standings(found)]
    )


def notes(found: tuple[Cell, ...], counted: Any, evidence: EvidenceClass) -> list[str]:
    """The lines below the tables: what the ratings rest on, and what is not verified."""
    from bench.report.handled_words import handled_lines
    from bench.report.words import EVIDENCE_WORTH
    from bench.verdict.tables import AP_CAVEAT, MSR_CAVEAT

    lines = [
        f"{EVIDENCE_WORTH[evidence].capitalize()}.",
        "M from the exact 95 % lower bound of the share handled inside the FHTI (29 clean attempts for "
        "5, 99 for 4, 299 for 3, 2995 for 2; never 1); the worst operating point counts, undecided is not handled. "
        "Each rating holds on its own: of 100 such bounds five may be too good.",
        "Attempts sample the phase of the DUT's cycle, the spread of the pack's cells and the boot, at one operating "
        "point each: no sample of life (age, temperature, longer uptimes). At bunched phases they count as one.",
        "AP, RPN: without detection → as earned, where hardware earned M and a source states S and O (D taken equal to "
        "M: a test rating, not an in-service one). In brackets: what less than that gives, which earns no reduction; "
        "'?': assumed; (SFO?): which of severity, frequency and occurrence are assumed.",
        f"† action priority (AP) table {AP_CAVEAT}.",
        f"* FMEA-MSR priority {MSR_CAVEAT}.",
    ]
    sources = {
        f"{c.mode.id}: {c.mode.monitoring_source}" for c in found if c.mode.monitoring_assumed is not None
    }
    return [*lines, *handled_lines(counted), *(f"assumption {text}" for text in sorted(sources))]


def show_markdown(goals: Any, found: tuple[Cell, ...], told: list[str], shown: Claimed | None = None) -> None:
    """Print hazard analysis, FMEA and chemistries as Markdown. told: lines below the tables."""
    from bench.report.markdown import text
    from bench.report.safety_tables import FMEA, HARA, STANDING, alike_together, hara_rows, markdown_table

    typer.echo(f"## Hazard analysis\n\n{markdown_table(HARA, hara_rows(goals))}\n")
    typer.echo(f"## Chemistries\n\n{markdown_table(STANDING, standing(found))}\n")
    if shown is not None:
        markdown_claims(shown)
    typer.echo(f"## Failure modes\n\n{markdown_table(FMEA, alike_together(fmea_rows(found)))}\n")
    alike: dict[FailureMode, list[str]] = {}
    for one in found:
        alike.setdefault(one.mode, []).append(one.chemistry)
    every = len({one.chemistry for one in found})
    sources = [
        (
            m.id + (f" on {', '.join(chemistries)}" if len(chemistries) < every else ""),
            m.title,
            ", ".join(m.faults),
            ", ".join(m.scenarios),
            f"{m.severity}: {m.severity_source}",
            f"{m.frequency}: {m.frequency_source}",
            f"{m.occurrence}: {m.occurrence_source}",
        )
        for m, chemistries in alike.items()
    ]
    headings = ("failure mode", "title", "faults", "scenarios", "S", "F", "O")
    typer.echo(f"## Inputs\n\n{markdown_table(headings, sources)}\n")
    typer.echo("\n".join(f"- {text(line)}" for line in told))


_FILE_WIDTH = 170  # columns: a log file has no width of its own


def show_tables(goals: Any, found: tuple[Cell, ...], told: list[str], _: Claimed | None = None) -> None:
    """Print hazard analysis, FMEA and chemistries as tables. told: lines below the tables."""
    from rich.console import Console

    from bench.cli.show_run import show_sheet
    from bench.report.fitted import FittedRows
    from bench.report.safety_tables import FMEA, HARA, STANDING, alike_together, hara_rows

    for title, headings, rows in (
        ("Hazard analysis (goals of the FMEA)", HARA, hara_rows(goals)),
        ("Failure modes, chemistries side by side", FMEA, alike_together(fmea_rows(found))),
        ("Chemistries: what the failure modes above have earned", STANDING, standing(found)),
    ):
        listed = [[str(cell) for cell in row] for row in rows]
        show_sheet(
            FittedRows(
                title=title,
                headings=headings,
                rows=listed,
                styles=["dim" if headings is FMEA and row[7].startswith("(") else "" for row in listed],
                lead=(0, 1),
                flowing=frozenset(range(1, len(headings))),
            ),
            file_width=_FILE_WIDTH,
        )
    console = Console()
    if not console.is_terminal:
        console = Console(width=_FILE_WIDTH)
    if not any(cell.earned for cell in found):
        console.print(
            "no finished run of this firmware yet: `hil run --chemistry C` for each chemistry first"
        )
    for line in told:
        console.print(line, highlight=False, soft_wrap=True, markup=False)


def write_page(
    out: Path,
    firmware: str,
    evidence: EvidenceClass,
    goals: dict[str, Budget],
    found: tuple[Cell, ...],
    told: list[str],
    shown: Claimed,
    altered: Sequence[str],
) -> None:
    """All of it as one HTML file."""
    from bench.report.claim_words import HOW_TO_READ, need_lines
    from bench.report.safety_html import write_safety_html

    write_safety_html(
        out,
        firmware=firmware,
        evidence=evidence,
        goals=goals,
        rows=list(zip(found, fmea_rows(found))),
        standing=standing(found),
        notes=[*told, HOW_TO_READ, *need_lines(shown.claims)],
        claimed=shown,
        altered=altered,
    )
