"""`hil mutants`: does the library catch every broken firmware, and does the good one pass?"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.command import Command
from bench.cli.json_mode import JsonOption, say
from bench.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    FiltersOption,
    ScenariosArgument,
    load_rig,
    load_scenarios,
)

if TYPE_CHECKING:
    from rich.console import Console

    from bench.proof.mutants import MatrixFound, MutantOutcome, Proof, Score
    from bench.report.told.builds import MutantsTold


def mutants(
    scenarios: ScenariosArgument = None,
    config: ConfigOption = DEFAULT_CONFIG,
    asked: FiltersOption = None,
    mutant: Annotated[
        list[str] | None,
        typer.Option("--mutant", "-m", help="Only these mutants or classes of mutants.", show_default=False),
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Seeds on which each must be caught.")] = 1,
    seed: Annotated[int, typer.Option("--seed", help="The first of them.")] = 1,
    full: Annotated[
        bool, typer.Option("--full", help="The whole matrix, also past the first scenario that catches.")
    ] = False,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Processes.")] = None,
    as_json: JsonOption = False,
    out: Annotated[Path | None, typer.Option("--out", help="Write the JSON there too.")] = None,
    machine: Annotated[
        bool, typer.Option("--machine", help="Mutants made by machine, of the firmware in C, instead.")
    ] = False,
    count: Annotated[
        int | None,
        typer.Option("--count", min=1, help="So many by machine, drawn by --seed.", show_default="all"),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option("--source", help="Only those by machine of this C source.", show_default=False),
    ] = None,
    at_least: Annotated[
        float,
        typer.Option("--at-least", min=0.0, max=1.0, help="Score by machine below which it ends with 1."),
    ] = 0.95,
    most_shots: Annotated[
        int | None,
        typer.Option(
            "--most-shots", min=1, help="Leave one by machine alone after so many.", show_default="no limit"
        ),
    ] = None,
    results: Annotated[
        Path | None,
        typer.Option(
            "--results", help="Where each by machine is kept and found again.", show_default="below runs/"
        ),
    ] = None,
) -> None:
    """Run the library against every mutant of the firmware. Exit code 1: one survives, or the good one fails."""
    from bench.running.filter_words import joined

    if machine:
        from bench.cli.mutants_machine import MachineAsked, by_machine

        _refuse("--machine leaves no room for", {"--mutant": mutant, "--full": full, "--seeds": seeds != 1})
        of_machine = MachineAsked(
            seed=seed,
            count=count,
            sources=tuple(source or ()),
            at_least=at_least,
            most_shots=most_shots,
            results=results,
            workers=workers,
            out=out,
        )
        code, document = by_machine(of_machine, config, scenarios, joined(asked), shown=not as_json)
        if as_json:
            raise say(document, code)
        raise typer.Exit(code)
    by_machine_only = {"--count": count, "--source": source, "--most-shots": most_shots, "--results": results}
    _refuse("without --machine nothing is asked by", by_machine_only)
    from bench.cli.progress import Progress
    from bench.errors import ConfigError
    from bench.proof.mutants import Proof, pieces_of, prove
    from bench.record.targets import try_file
    from bench.report.told.document import text_of
    from bench.running.workers import bounded
    from bench.wiring.mutants import further_mutant_classes, mutant_classes

    try_file("--out", out)
    wired = load_rig(config, "simulated", "reference", None)
    prepared, _ = load_scenarios(wired, scenarios, joined(asked))
    known = {**mutant_classes(), **(further_mutant_classes() if mutant else {})}
    classes = _chosen(known, mutant, ConfigError)
    runnable = [one for one in prepared if not set(map(str, one.scenario.needs)) - wired.capabilities]
    if not runnable:
        raise ConfigError("no scenario can run on this rig; expected one whose needs it meets")
    proof = Proof(
        wired=wired,
        prepared=runnable,
        classes=classes,
        reference="reference",
        seeds=range(seed, seed + seeds),
        workers=1,
        early=not full,
    )
    count, line = bounded(workers, pieces_of(proof))
    if line is not None:
        typer.echo(line, err=True)
    proof = dataclasses.replace(proof, workers=count)
    names = [name for table in classes.values() for name in table]
    progress = Progress(
        {"reference": len(runnable), **dict.fromkeys(names, 1)},
        shown=not as_json,
        good=dict.fromkeys(names, "caught"),
        bad=dict.fromkeys(names, "not caught"),
    )
    with progress:
        found = prove(proof, lambda name, outcomes: progress.advance(name, _word(name, outcomes)))
    code = 3 if found.unreached else 1 if found.survivors or found.false_alarms else 3 if found.unclear else 0
    if not as_json:
        _show(found, proof)
    if out is not None:
        out.write_text(text_of(_told(found), code, indent=1) + "\n", encoding="utf-8")
    if not (scenarios or asked or mutant):
        from bench.confidence.sealed import FOLDER
        from bench.proof.mutant_matrix import keep_matrix

        kept = keep_matrix(proof, found, wired.config.record.folder / FOLDER)
        if kept is not None and not as_json:
            typer.echo(f"kept for `hil qualify --full`: {kept}")
    if as_json:
        raise say(_told(found), code)
    raise typer.Exit(code)  # where a signal stopped it, the command ends by that


def _refuse(why: str, options: Mapping[str, object]) -> None:
    """Raises ConfigError for the first option that was given."""
    from bench.errors import ConfigError

    for name, value in options.items():
        if value:
            raise ConfigError(f"{name}: found it, but {why} it; expected one of the two")


def _word(name: str, outcomes: Sequence[MutantOutcome]) -> str:
    """For the progress bar: whether this piece went as it should."""
    if name == "reference":
        return "PASS" if all(one.verdict.expected for one in outcomes) else "FAIL"
    seeds = {one.seed for one in outcomes}
    return "PASS" if seeds == {one.seed for one in outcomes if one.catches} else "FAIL"


def _chosen(
    classes: dict[str, dict[str, str]], wanted: list[str] | None, mistake: type[Exception]
) -> dict[str, dict[str, str]]:
    from bench.errors import nearest

    if not wanted:
        return classes
    names = {name for table in classes.values() for name in table}
    for one in wanted:
        if one not in names and one not in classes:
            known = (*classes, *names)
            raise mistake(
                f"--mutant: found '{one}'; expected a mutant or a class of them{nearest(one, known)}"
            )
    kept = {
        kind: {name: text for name, text in table.items() if kind in wanted or name in wanted}
        for kind, table in classes.items()
    }
    return {kind: table for kind, table in kept.items() if table}


def _told(found: MatrixFound) -> MutantsTold:
    from bench.report.told.builds import FalseAlarmTold, MutantsTold, MutantTold, UnclearTold

    return MutantsTold(
        mutants=len(found.scores),
        caught=len(found.scores) - len(found.survivors),
        score=found.share,
        shots=found.shots,
        unreached=dict(found.unreached),
        survivors=tuple(score.firmware for score in found.survivors),
        false_alarms=tuple(
            FalseAlarmTold(scenario=one.scenario, seed=one.seed, reason=one.reason)
            for one in found.false_alarms
        ),
        unclear=tuple(
            UnclearTold(scenario=one.scenario, seed=one.seed, verdict=one.verdict, reason=one.reason)
            for one in found.unclear
        ),
        matrix={
            score.firmware: MutantTold(kind=score.kind, caught_by=score.by_scenario(), codes=_codes(score))
            for score in found.scores
        },
    )


def _codes(score: Score) -> dict[str, tuple[str, ...]]:
    """What caught it, by scenario: each code once, by name."""
    told = [(one.scenario, one.reason.finding.code) for one in score.fails if one.reason is not None]
    return {name: tuple(sorted({code for own, code in told if own == name})) for name in score.by_scenario()}


def _show(found: MatrixFound, proof: Proof) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not console.is_terminal:
        console = Console(width=130)
    table = Table(box=None, title=f"{len(found.scores)} mutants · {len(proof.prepared)} scenarios · "
                  f"{len(proof.seeds)} seed{'s' * (len(proof.seeds) > 1)}", title_justify="left")  # fmt: skip
    for heading in ("class", "mutant", "what is wrong with it", "caught by", "seeds"):
        table.add_column(heading, overflow="fold")
    for score in found.scores:
        by = score.by_scenario()
        names = list(by)
        told = "[bold red]survives[/]" if not score.caught else ""
        if names:
            told += (" · " if told else "") + names[0] + (f" and {len(names) - 1} more" if names[1:] else "")
        table.add_row(
            score.kind, score.firmware, score.description, told, f"{score.caught_seeds}/{score.seeds}"
        )
    console.print(table)
    _show_good(found, console)
    caught = len(found.scores) - len(found.survivors)
    if found.unreached:
        scenarios = found.unreached.get(proof.reference, 0)
        builds = len(found.unreached) - bool(scenarios)
        console.print(
            f"[bold]stopped[/]: {builds} mutants, and {scenarios} scenarios of the good firmware, were not reached; "
            "nothing is claimed of them"
        )
    told = (
        f"{caught} of {len(found.scores)} = {found.share:.1%}"
        if found.scores
        else "none, no mutant was reached"
    )
    console.print(
        f"score {told}; false alarms {len(found.false_alarms)} "
        f"in {len(found.good)} shots of the good firmware; {found.shots} shots in all"
    )


def _why(outcome: MutantOutcome) -> str:
    from bench.report.finding_words import reason_words

    return "" if outcome.reason is None else reason_words(outcome.reason)


def _show_good(found: MatrixFound, console: Console) -> None:
    for title, outcomes in (("false alarm", found.false_alarms), ("unclear", found.unclear)):
        for one in outcomes[:20]:
            console.print(
                f"[bold red]{title}[/] {one.scenario} seed {one.seed}: {one.verdict.name}: {_why(one)}"
            )


COMMAND = Command(name="mutants", call=mutants, place=110)
