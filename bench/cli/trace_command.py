"""`hil trace`: safety goal × fault class × ASIL, with mapped, run, passed and absent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.options import DEFAULT_CONFIG, ConfigOption, load_rig, load_scenarios
from bench.cli.show_run import as_wide_as

if TYPE_CHECKING:
    from bench.report.goals import Shown


def register(app: typer.Typer) -> None:
    app.command(name="trace")(trace)


def trace(
    run: Annotated[
        Path | None, typer.Argument(help="A stored run's folder: what was run, and passed.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Show which safety goals are served by which faults, and which are not. Exit 1: one is absent, 3: altered."""
    from rich.table import Table

    from bench.campaign.builds import load_checked
    from bench.campaign.load import whole_library
    from bench.cli.altered import end, tell_altered
    from bench.report.goals import NOT_SHOWN, not_shown
    from bench.report.traceability import denominator, denominator_words, rows
    from bench.verdict.budgets import load_budgets

    wired = load_rig(config, None, None, None)
    _, budgets_file = load_scenarios(wired, None, None)  # says what is wrong with a file
    library = whole_library(wired)
    stored = None if run is None else load_checked(run)
    results, altered = ((), ()) if stored is None else (stored.result.scenarios, stored.altered)
    tell_altered(run, altered)
    found = rows(library, denominator(load_budgets(budgets_file), library.lent), results)
    table = Table(title="Safety goals and what serves them", title_justify="left")
    counts = ("mapped", "run", "passed", "quiet\ntwins")
    for column in ("goal", "ASIL", "fault class", *counts, "by own\ntimes", "not passed"):
        table.add_column(column, no_wrap=column != "not passed", overflow="fold")
    for row in found:
        table.add_row(
            row.safety_goal,
            row.asil,
            row.fault_class or "[red]absent[/]",
            str(row.mapped),
            str(row.run),
            str(row.passed),
            f"{row.quiet_passed} of {row.quiet}" if row.quiet else "–",
            _shown(row.shown),
            ", ".join(f"{one} (GAP)" if one in row.gaps else one for one in row.not_passed),
        )
    console = as_wide_as()
    console.print(table)
    console.print(
        denominator_words(found),
        highlight=False,
    )
    for one in not_shown(shown for shown in {row.safety_goal: row.shown for row in found}.values() if shown):
        console.print(
            f"{NOT_SHOWN} {one.words}", style="red" if one.over else "", highlight=False, soft_wrap=True
        )
    raise end(1 if any(row.absent for row in found) else 0, altered)


def _shown(shown: Shown | None) -> str:
    if shown is None:
        return "–"
    return f"[red]{shown.word}[/]" if shown.over else shown.word
