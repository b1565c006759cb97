"""`hil safety`: hazard analysis and FMEA with ratings that runs have earned, chemistries side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli.options import DEFAULT_CONFIG, ConfigOption, FirmwareOption, load_rig, load_scenarios

if TYPE_CHECKING:
    from bench.campaign.safety import Cell


def register(app: typer.Typer) -> None:
    app.command(name="safety")(safety)


def safety(
    config: ConfigOption = DEFAULT_CONFIG,
    fmea: Annotated[Path, typer.Option("--fmea", help="Failure modes.")] = Path("scenarios/fmea.toml"),
    runs: Annotated[
        Path | None, typer.Option("--runs", help="Where run folders are (default: as configured).")
    ] = None,
    firmware: FirmwareOption = None,
    time: Annotated[
        str, typer.Option("--time", help="simulated or real; never both in one table.")
    ] = "simulated",
    only: Annotated[
        str | None, typer.Option("-k", help="Only failure modes whose id or safety goal contains this text.")
    ] = None,
    chemistry: Annotated[
        list[str] | None, typer.Option("--chemistry", help="Only this chemistry; repeat it (default: all).")
    ] = None,
    hazard: Annotated[
        Path | None,
        typer.Option("--hazard", help="Output of `hil hazard --json`: time from fault to hazard."),
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="All tables as Markdown.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """HARA and FMEA: monitoring ratings earned by data, action priorities, what is still missing."""
    import json

    from bench.campaign.load import whole_library
    from bench.campaign.safety import cells, coverage_by_goal, gaps, load_fmea, load_hazards, newest_runs
    from bench.errors import ConfigError
    from bench.plant.chemistry import Chemistry
    from bench.record.codable import encode
    from bench.report.traceability import denominator
    from bench.timing.clock import Timebase
    from bench.verdict.budgets import load_budgets

    if time not in ("simulated", "real"):
        raise ConfigError(f"--time: found '{time}'; expected simulated or real")
    wired = load_rig(config, None, firmware, None)
    _, budgets_file = load_scenarios(wired, None, None)  # says what is wrong with a file
    library = whole_library(wired)
    goals = denominator(load_budgets(budgets_file), library.lent)
    modes = load_fmea(fmea, goals, library)
    open_points = gaps(modes, library, goals)
    if only is not None:
        modes = tuple(one for one in modes if only in one.id or only in one.safety_goal)
        if not modes:
            raise ConfigError(f"-k '{only}': no failure mode or safety goal of {fmea} contains it")
    known = [*Chemistry.shipped()]
    timebase = Timebase.SIMULATED if time == "simulated" else Timebase.HOST
    results = newest_runs(runs or wired.config.record.folder, wired.config.dut.firmware, timebase)
    found = cells(modes, results, chemistry or known, load_hazards(hazard))
    coverage = coverage_by_goal(found)
    if as_json:
        typer.echo(json.dumps([{**encode(cell), "margin_s": cell.margin_s} for cell in found]))
        return
    told = [*_notes(found, coverage, time), *open_points]
    if markdown:
        _markdown(goals, found, told)
    else:
        _show(goals, found, told)


def _rows(found: tuple[Cell, ...]) -> list[tuple[str, ...]]:
    from bench.report.safety_tables import fmea_row

    return [
        fmea_row(c.mode, c.chemistry, c.earned, c.rated, (c.hazard_s, c.fhti_s, c.margin_s), c.missing)
        for c in found
    ]


def _standing(found: tuple[Cell, ...]) -> list[tuple[str, ...]]:
    from bench.campaign.safety import standings
    from bench.report.safety_tables import seconds, standing_rows

    def least(one: Any) -> str:
        if one.least is None:
            return "not known"
        over = f"; none left in {', '.join(one.exceeded)}" if one.exceeded else ""
        return f"{seconds(one.least[1])} in {one.least[0]}{over}"

    return standing_rows(
        [(one.chemistry, one.earned, one.assumed, one.without, least(one)) for one in standings(found)]
    )


def _notes(found: tuple[Cell, ...], coverage: Any, time: str) -> list[str]:
    from bench.verdict.fmea import DC_CAVEAT, coverage_class
    from bench.verdict.tables import MSR_CAVEAT

    lines = [
        f"{time} time. M from the exact 95 % lower bound of the share handled inside the FHTI (29 clean attempts for "
        "5, 99 for 4, 299 for 3, 2995 for 2; never 1); the worst operating point counts, undecided is not handled.",
        "In brackets, with '?': rests on an assumption, earns no reduction; (SFO?): which of severity, frequency and "
        "occurrence are assumed. AP, RPN: without detection → as earned "
        "(D taken equal to M: a test rating, not an in-service one).",
        f"* FMEA-MSR priority {MSR_CAVEAT}.",
    ]
    for (goal, chemistry), (share, weighted) in coverage.items():
        if share > 0:
            how = "weighted by failure rates" if weighted else "worst failure mode, no failure rates given"
            lines.append(
                f"diagnostic coverage {goal}, {chemistry}: {share:.1%} ({coverage_class(share)}; {how})"
            )
    sources = {
        f"{c.mode.id}: {c.mode.monitoring_source}" for c in found if c.mode.monitoring_assumed is not None
    }
    lines += [f"diagnostic coverage is an {DC_CAVEAT}.", *(f"assumption {text}" for text in sorted(sources))]
    return lines


def _markdown(goals: Any, found: tuple[Cell, ...], told: list[str]) -> None:
    from bench.report.safety_tables import FMEA, HARA, STANDING, hara_rows, markdown_table

    typer.echo(f"## Hazard analysis\n\n{markdown_table(HARA, hara_rows(goals))}\n")
    typer.echo(f"## Chemistries\n\n{markdown_table(STANDING, _standing(found))}\n")
    typer.echo(f"## Failure modes\n\n{markdown_table(FMEA, _rows(found))}\n")
    sources = [
        (
            m.id,
            m.title,
            ", ".join(m.faults),
            ", ".join(m.scenarios),
            f"{m.severity}: {m.severity_source}",
            f"{m.frequency}: {m.frequency_source}",
            f"{m.occurrence}: {m.occurrence_source}",
        )
        for m in dict.fromkeys(c.mode for c in found)
    ]
    headings = ("failure mode", "title", "faults", "scenarios", "S", "F", "O")
    typer.echo(f"## Inputs\n\n{markdown_table(headings, sources)}\n")
    typer.echo("\n".join(f"- {line}" for line in told))


def _show(goals: Any, found: tuple[Cell, ...], told: list[str]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from bench.report.safety_tables import FMEA, HARA, STANDING, hara_rows

    console = Console()
    if not console.is_terminal:
        console = Console(width=170)
    used = {c.mode.safety_goal for c in found}
    shown = {goal: budget for goal, budget in goals.items() if goal in used}
    for title, headings, rows in (
        ("Hazard analysis (goals of the FMEA)", HARA, hara_rows(shown)),
        ("Failure modes, chemistries side by side", FMEA, _rows(found)),
        ("Chemistries: what the failure modes above have earned", STANDING, _standing(found)),
    ):
        table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
        for name in headings:
            table.add_column(name, no_wrap=name in ("goal", "failure mode", "chemistry", "RPN", "AP"))
        last = ""
        for row in rows:
            cells = (row[0] if row[0] != last else "", *row[1:])
            table.add_row(*cells, style="dim" if headings is FMEA and row[7].startswith("(") else "")
            last = row[0]
        console.print(table)
    if not any(cell.earned for cell in found):
        console.print(
            "no finished run of this firmware yet: `hil run --chemistry C` for each chemistry first"
        )
    for line in told:
        console.print(line, highlight=False, soft_wrap=True, markup=False)
