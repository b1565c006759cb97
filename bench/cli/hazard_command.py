"""`hil hazard`: how much time physics leaves between a fault and its harm, per chemistry."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.command import Command
from bench.cli.json_mode import JsonOption, say


def hazard(
    chemistry: Annotated[
        list[str] | None,
        typer.Option(
            "--chemistry", help="Chemistry or its file; repeat it (default: all).", show_default=False
        ),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option("--fault", help="Only this fault; repeat it (default: all).", show_default=False),
    ] = None,
    samples: Annotated[
        int,
        typer.Option(
            "--samples", min=1, max=10_000, help="The file's own figures, and draws: 59 of them make a bound."
        ),
    ] = 60,
    seed: Annotated[int, typer.Option("--seed", help="Of the draws.")] = 1,
    horizon: Annotated[str, typer.Option("--horizon", help="Where to stop looking.")] = "3 h",
    budgets: Annotated[Path, typer.Option("--budgets", help="Safety goals with their FTTI.")] = Path(
        "scenarios/budgets.toml"
    ),
    results: Annotated[
        str | None,
        typer.Option(
            "--results",
            help="Results database with measured FHTI, a path or a URL (default: runs/results.sqlite, if there).",
            show_default=False,
        ),
    ] = None,
    run: Annotated[
        str | None, typer.Option("--run", help="Take the FHTI of this run.", show_default=False)
    ] = None,
    firmware: Annotated[
        str,
        typer.Option(
            "--firmware", help="Whose measured FHTI counts: NAME (its newest build), or NAME@BUILD."
        ),
    ] = "reference",
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="Processes (default: one per core).", show_default=False),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="The report with picture and assumptions.")] = Path(
        "runs/hazard.html"
    ),
    as_json: JsonOption = False,
) -> None:
    """Time from fault to limit, damage, venting, runaway and the next cell; margins against FTTI and FHTI."""
    from rich.console import Console

    from bench.config.bench_file import database_of
    from bench.errors import ConfigError
    from bench.hazard.margin import margin_of, measured_fhti
    from bench.hazard.study import chosen_cases, study
    from bench.plant.chemistry import Chemistry
    from bench.record.targets import try_file
    from bench.report.hazard_beside import beside_lines
    from bench.report.hazard_html import write_hazard_html
    from bench.report.hazard_json import hazard_told
    from bench.report.hazard_terminal import hazard_table
    from bench.report.told.document import text_of
    from bench.running.workers import bounded
    from bench.units import NS_PER_S, parse_duration_ns
    from bench.verdict.budgets import load_budgets

    try:
        horizon_s = parse_duration_ns(horizon) / NS_PER_S
    except ValueError as error:
        raise ConfigError(f"--horizon: {error}") from None
    if not 60 <= horizon_s <= 172_800:
        raise ConfigError(f"--horizon: found '{horizon}'; expected 1 min to 48 h")
    if not as_json:
        try_file("--out", out)
    cases = chosen_cases(fault or ())
    chemistries = [Chemistry.load(one) for one in dict.fromkeys(chemistry or _of_the_house())]
    goals = load_budgets(budgets)
    default = Path("runs/results.sqlite")
    wanted = (
        database_of(results, Path()) if results is not None else default if default.is_file() or run else None
    )
    measured = {} if wanted is None else measured_fhti(wanted, run, firmware)
    workers, line = bounded(workers, len(chemistries))
    if line is not None:
        typer.echo(line, err=True)
    console = Console(width=None if Console().is_terminal else 200)
    found = study(chemistries, cases, samples=samples, seed=seed, horizon_s=horizon_s, workers=workers)
    margins = {(one.chemistry, one.case): margin_of(one, goals, measured) for one in found.results}
    told = hazard_told(found, margins)
    if as_json:
        raise say(told, 0)
    write_hazard_html(found, margins, out)
    out.with_suffix(".json").write_text(text_of(told, indent=1) + "\n", encoding="utf-8")
    console.print(hazard_table(found, margins))
    for line in beside_lines(found):
        console.print(line, highlight=False, soft_wrap=True)
    for one in sorted({(m.fhti.firmware, m.fhti.run_id) for m in margins.values() if m.fhti is not None}):
        console.print(f"FHTI of {one[0]}, of no other build, from run {one[1]}", highlight=False)
    if not measured:
        console.print(f"no FHTI of '{firmware}' measured yet: `hil run` gives one", highlight=False)
    console.print(f"report  {out}", highlight=False, soft_wrap=True)
    console.print(f"figures {out.with_suffix('.json')}, for `hil safety`", highlight=False, soft_wrap=True)


def _of_the_house() -> list[str]:
    """Every chemistry of the house; one that cannot be used is told, and left out."""
    from bench.plant.chemistry import Chemistry

    wrong = {one: why for one in Chemistry.shipped() if (why := Chemistry.trouble(one))}
    for one, why in wrong.items():
        typer.echo(f"{one} is left out: {why}", err=True)
    return [one for one in Chemistry.shipped() if one not in wrong]


COMMAND = Command(name="hazard", call=hazard, place=180)
