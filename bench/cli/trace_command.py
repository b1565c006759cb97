"""`hil trace`: safety goal × fault class × ASIL, with mapped, run, passed and absent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.options import DEFAULT_CONFIG, ConfigOption, load_rig, load_scenarios


def register(app: typer.Typer) -> None:
    app.command(name="trace")(trace)


def trace(
    run: Annotated[
        Path | None, typer.Argument(help="A stored run's folder: what was run, and passed.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Show which safety goals are served by which faults, and which are not. Exit 1: one is absent, 3: altered."""
    from rich.console import Console
    from rich.table import Table

    from bench.campaign.builds import load_checked
    from bench.campaign.load import whole_library
    from bench.cli.altered import end, tell_altered
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
    for column in ("goal", "ASIL", "fault class", "mapped", "run", "passed", "quiet twins", "not passed"):
        table.add_column(column, no_wrap=column != "not passed")
    for row in found:
        table.add_row(
            row.safety_goal,
            row.asil,
            row.fault_class or "[red]absent[/]",
            str(row.mapped),
            str(row.run),
            str(row.passed),
            f"{row.quiet_passed} of {row.quiet}" if row.quiet else "–",
            ", ".join(row.not_passed),
        )
    console = Console()
    console.print(table)
    console.print(
        denominator_words(found),
        highlight=False,
    )
    raise end(1 if any(row.absent for row in found) else 0, altered)
