"""`hil migrate`: scenario files of format 1 into format 2, with the `also` lists that were seen."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.command import Command
from bench.cli.options import (
    DEFAULT_CONFIG,
    ChemistryOption,
    ConfigOption,
    FiltersOption,
    FirmwareOption,
    ScenariosArgument,
    TimeOption,
    load_rig,
    load_scenarios,
)

if TYPE_CHECKING:
    from bench.running.migrate import Migrated, SeenReports
    from bench.scenario.prepare import Prepared
    from bench.verdict.result import ShotResult
    from bench.wiring.common import Wired


def migrate(
    scenarios: ScenariosArgument = None,
    config: ConfigOption = DEFAULT_CONFIG,
    time: TimeOption = None,
    firmware: FirmwareOption = None,
    chemistry: ChemistryOption = None,
    asked: FiltersOption = None,
    seen_in: Annotated[
        list[Path] | None,
        typer.Option("--from", help="A finished run to read in place of running; repeat it."),
    ] = None,
    long: Annotated[bool, typer.Option("--long", help="With the scenarios of the long lane.")] = False,
    repeat: Annotated[int, typer.Option("--repeat", min=1, help="Shots per scenario and twin.")] = 5,
    seed: Annotated[int, typer.Option("--seed", help="Everything random derives from it.")] = 1,
    write: Annotated[
        bool, typer.Option("--write", help="Write the files, after you have seen the diff.")
    ] = False,
) -> None:
    """Bring scenario files into format 2: run them, and add to `also` what the DUT reported beside. For review.

    Exit 3: a file could not be edited, or a shot did not pass, so that its list is not whole.
    """
    from bench.running.filter_words import joined
    from bench.running.migrate import migrate as migrated

    wired = load_rig(config, time, firmware, chemistry)
    prepared, _ = load_scenarios(wired, scenarios, joined(asked), long=long, mismatches=True)
    old = [one for one in prepared if one.scenario.format == 1]
    if not old:
        typer.echo(f"nothing to do: {len(prepared)} scenarios and twins, none of them of format 1")
        return
    seen = _read(seen_in) if seen_in else _run(wired, old, repeat, seed)
    files = list(migrated(old, seen, wired.profile))
    for one in files:
        _show(one)
        if write and one.new is not None:
            one.file.write_text(one.new, encoding="utf-8")
    changed = sum(one.new is not None for one in files)
    done = "written; review them" if write else "to be written; `--write` does it, for your review"
    typer.echo(f"{changed} of {len(files)} files {done}")
    if any(one.doubts or one.new is None for one in files):
        raise typer.Exit(3)


def _show(one: Migrated) -> None:
    import difflib

    name = str(one.file)
    if one.new is not None:
        lines = difflib.unified_diff(one.old.splitlines(), one.new.splitlines(), name, name, lineterm="", n=2)
        for line in lines:
            typer.echo(line)
    else:
        typer.echo(f"{name}: {one.problem}")
    for doubt in one.doubts:
        typer.echo(f"look at {doubt}")


def _read(runs: list[Path]) -> SeenReports:
    """Raises RecordError for a run that kept no wrong reports, or that is not as it was written."""
    from bench.errors import RecordError
    from bench.running.migrate import SeenReports
    from bench.stored.builds import load_checked, refuse_altered

    seen = SeenReports()
    for run in runs:
        stored = load_checked(run)
        refuse_altered(stored, "read")
        if stored.result.rules < 2:
            raise RecordError(
                f"{run}: found a run judged by rules {stored.result.rules}, which looked for no wrong reports; "
                "expected rules 2 or later: run it again"
            )
        for scenario in stored.result.scenarios:
            for shot in scenario.shots:
                seen.add(scenario.scenario_id, shot)
    return seen


def _run(wired: Wired, prepared: list[Prepared], repeat: int, seed: int) -> SeenReports:
    """Nothing is recorded: what counts is written into the files."""
    from bench.cli.progress import Progress
    from bench.running.local import Campaign, chunks_of, run_all
    from bench.running.migrate import SeenReports
    from bench.running.workers import bounded

    seen = SeenReports()
    campaign = Campaign(wired=wired, prepared=prepared, run_seed=seed, repeat=repeat, folder=None, workers=1)
    count, line = bounded(None, chunks_of(campaign))
    if line is not None and wired.config.simulated:
        typer.echo(line, err=True)
    with Progress({one.scenario.id: repeat for one in prepared}, shown=True) as progress:

        def on_shot(scenario_id: str, result: ShotResult) -> None:
            seen.add(scenario_id, result)
            progress.advance(scenario_id, result.judgement.verdict.name)

        run_all(dataclasses.replace(campaign, workers=count), on_shot)
    return seen


COMMAND = Command(name="migrate", call=migrate, place=100)
