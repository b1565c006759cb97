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
    """Show which safety goals are served by which faults, and which are not. Exit code 1 where one is absent."""
    from rich.console import Console
    from rich.table import Table

    from bench.faults.find import kind
    from bench.record.codable import run_from_dict
    from bench.record.folder import open_run
    from bench.report.traceability import Mapped, denominator, rows
    from bench.scenario.model import Inject
    from bench.verdict.budgets import load_budgets

    wired = load_rig(config, None, None, None)
    prepared, budgets_file = load_scenarios(wired, None, None)
    mapped = [
        Mapped(
            scenario_id=one.scenario.id,
            safety_goal=one.scenario.safety_goal,
            fault_classes=tuple(
                kind(s.kind).fault_class for s in reversed(one.steps) if isinstance(s, Inject)
            ),
        )
        for one in prepared
        if not one.scenario.twin_of and one.scenario.expect is not None
    ]
    results = run_from_dict(open_run(run).result or {}).scenarios if run is not None else ()
    lent = [one.scenario.budget for one in prepared if one.scenario.budget is not None]
    found = rows(mapped, denominator(load_budgets(budgets_file), lent), results)
    table = Table(title="Safety goals and what serves them", title_justify="left")
    for column in ("goal", "ASIL", "fault class", "mapped", "run", "passed", "not passed"):
        table.add_column(column, no_wrap=column != "not passed")
    for row in found:
        table.add_row(
            row.safety_goal,
            row.asil,
            row.fault_class or "[red]absent[/]",
            str(row.mapped),
            str(row.run),
            str(row.passed),
            ", ".join(row.not_passed),
        )
    console = Console()
    console.print(table)
    goals = {row.safety_goal for row in found}
    absent = sorted(row.safety_goal for row in found if row.absent)
    console.print(
        f"{len(goals) - len(absent)} of {len(goals)} goals served by {len(mapped)} must-trip scenarios"
        + (f"; absent: {', '.join(absent)}" if absent else ""),
        highlight=False,
    )
    raise typer.Exit(1 if absent else 0)
