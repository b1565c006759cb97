"""`hil qualify`: measure delays that are known, and show how far off the bench is, beside a naive script."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.command import Command
from bench.cli.json_mode import JsonOption, say
from bench.cli.options import DEFAULT_CONFIG, ConfigOption
from bench.cli.show_run import as_wide_as
from bench.timing.clock import Timebase
from bench.units import NS_PER_MS, NS_PER_US

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.proof.qualify import RulerSeries
    from bench.report.told.bench import QualificationTold, RulerTold


EVIDENCE = "evidence for a qualification, reviewed by nobody (`hil qualify --review NAME`)"


def qualify(
    config: ConfigOption = DEFAULT_CONFIG,
    time: Annotated[str, typer.Option("--time", help="simulated, real or both.")] = "both",
    shots: Annotated[int, typer.Option("--shots", min=1, max=10_000, help="Shots per condition.")] = 200,
    seed: Annotated[int, typer.Option("--seed", help="The jitter of the delays derives from it.")] = 1,
    load: Annotated[
        int, typer.Option("--load", min=0, help="Other traffic in the second real condition, frames/s.")
    ] = 8000,
    as_json: JsonOption = False,
    full: Annotated[
        bool, typer.Option("--full", help="Also mutants and negative tests; write the evidence file.")
    ] = False,
    usage: Annotated[
        Path, typer.Option("--usage", help="Use cases and known malfunctions, for --full.")
    ] = Path("scenarios/tool_usage.toml"),
    review: Annotated[
        str | None, typer.Option("--review", help="Seal that NAME has reviewed the newest evidence.")
    ] = None,
    of: Annotated[Path | None, typer.Option("--of", help="The evidence that --review is of.")] = None,
) -> None:
    """Measure programmed delays: every measured interval must contain the truth, else exit code 1.

    Evidence for a qualification (--full) takes 200 shots of each condition at least, idle and loaded. It qualifies
    nothing before somebody has reviewed it (--review NAME).
    """
    from bench.errors import ConfigError
    from bench.proof.qualification import load_usage
    from bench.proof.qualify import failures
    from bench.proof.qualify_simulated import SIMULATED_LOAD, qualify_simulated

    if time not in ("simulated", "real", "both"):
        raise ConfigError(f"--time: found '{time}'; expected simulated, real or both")
    if of is not None and review is None:
        raise ConfigError("--of: names what --review NAME is of; expected --review, too")
    if review is not None:
        raise _reviewed(config, review, of, as_json)
    if full:
        load_usage(usage)  # a mistake in it is told before the ruler takes its time
    if full or time != "simulated":
        _refuse_stopped(config)
    series: list[RulerSeries] = []
    if time != "real":
        series.extend(qualify_simulated(shots, seed, one) for one in ((0, SIMULATED_LOAD) if load else (0,)))
    if time != "simulated":
        series.extend(_in_real_time(config, shots, seed, load))
    if not as_json:
        _show(series)
    for line in (line for one in series for line in failures(one)):
        typer.echo(line, err=True)
    made = _qualify_fully(config, usage, series, seed, as_json) if full else ()
    good = all(one.sound for one in series) and all(one.complete for one in made)
    code = 0 if good else 1
    if as_json:
        from bench.report.told.bench import QualifyTold

        raise say(QualifyTold(series=tuple(map(_told, series)), qualifications=made, reviews=()), code)
    raise typer.Exit(code)


def _in_real_time(config: Path, shots: int, seed: int, load: int) -> list[RulerSeries]:
    """Idle, and under load where some is asked for. The rig is this process's meanwhile."""
    from bench.config.bench_file import load_bench
    from bench.links.can_options import refuse_wrong_options
    from bench.proof.qualify_real import qualify_real
    from bench.record.rig_hold import rig_held
    from bench.wiring.safety import safety_inputs

    bench = load_bench(config)
    refuse_wrong_options(bench)
    can = bench.can["vehicle"]
    loads = (0, load) if load else (0,)
    contacts = partial(safety_inputs, bench)
    with rig_held(bench):
        return qualify_real(can.interface, can.options, can.bitrate, shots, seed, loads, contacts=contacts)


def _refuse_stopped(config: Path) -> None:
    """As a run: a rig that is stopped is not driven. The simulated ruler alone has none."""
    from bench.config.bench_file import load_bench
    from bench.record.latch import refuse_if_latched
    from bench.record.poison import refuse_if_poisoned

    rig = load_bench(config).record.rig
    refuse_if_poisoned(rig)
    refuse_if_latched(rig)


def _reviewed(config: Path, reviewer: str, of: Path | None, as_json: bool) -> typer.Exit:
    from bench.cli.qualify_review import seal_reviews
    from bench.report.told.bench import QualifyTold

    reviews = seal_reviews(config, reviewer, of, quiet=as_json)
    if as_json:
        return say(QualifyTold(series=(), qualifications=(), reviews=reviews), 0)
    return typer.Exit(0)


def _qualify_fully(
    config: Path, usage: Path, series: Sequence[RulerSeries], seed: int, quiet: bool
) -> tuple[QualificationTold, ...]:
    """One sealed folder for each timebase that the ruler was tried in."""
    from bench.confidence.sealed import FOLDER
    from bench.proof.qualification import (
        load_usage,
        qualify_fully,
        write_qualification,
    )
    from bench.report.told.bench import QualificationTold
    from bench.running.load import load_rig, load_scenarios

    uses = load_usage(usage)
    told = (lambda _: None) if quiet else typer.echo
    made: list[QualificationTold] = []
    for timebase in dict.fromkeys(one.timebase for one in series):
        wired = load_rig(config, "simulated" if timebase is Timebase.SIMULATED else "real", None, None)
        # Mutants and negative tests run in simulated time always: one matrix serves both timebases.
        virtual = load_rig(config, "simulated", None, None)
        prepared, _ = load_scenarios(virtual, None, None)
        content = qualify_fully(
            wired,
            prepared,
            uses,
            series,
            seed,
            told,
            kept_in=wired.config.record.folder / FOLDER,
            virtual=virtual,
        )
        path = write_qualification(content, wired.config.record.folder, [usage])
        against = tuple(f"{one['name']}: {one['why']}" for one in content["parts"] if not one["shown"])
        complete = bool(content["complete"])
        made.append(QualificationTold(file=str(path), complete=complete, not_shown=against))
        if not quiet:
            typer.echo(f"{EVIDENCE if complete else 'NOT SHOWN'}  {path}")
        for why in against:
            typer.echo(f"not shown: {why}", err=quiet)
    return tuple(made)


def _told(series: RulerSeries) -> RulerTold:
    from bench.report.told.bench import RulerShotTold, RulerTold

    return RulerTold(
        timebase=series.timebase,
        condition=series.condition,
        asked=series.asked,
        contained=series.contained,
        sound=series.sound,
        enough=series.enough,
        undecided=series.undecided,
        spread_p=series.spread_p,
        u_ns=series.u_ns,
        load_per_s=round(series.load_per_s, 1),
        errors=tuple(series.errors),
        shots=tuple(
            RulerShotTold(
                shot=shot.number,
                truth_ns=shot.truth_ns,
                low_ns=shot.measured.low_ns,
                high_ns=shot.measured.high_ns,
                contained=shot.contained,
                error_ns=shot.error_ns,
                naive_error_ns=shot.naive_error_ns,
            )
            for shot in series.shots
        ),
    )


def _show(series: Sequence[RulerSeries]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from bench.proof.qualify import bunched_words, quantile_ns, too_few_words
    from bench.verdict.result import FEWEST_FOR_P99

    def sizes(values: list[int]) -> list[str]:
        found = [quantile_ns(values, share) for share in (0.5, 0.99, 1.0)]
        if len(values) < FEWEST_FOR_P99:
            found[1] = None
        return [
            "–" if value is None else f"{value / NS_PER_US:.{1 if value < NS_PER_MS else 0}f}"
            for value in found
        ]

    table = Table(title="Ruler: |measured − truth| in µs", box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("condition", "measured by", "inside"):
        table.add_column(heading, no_wrap=True)
    for heading in ("p50", "p99", "max"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for one in series:
        bench, naive = one.error_sizes_ns(), one.naive_error_sizes_ns()
        word = "[green]ok[/]" if one.sound else f"[bold red]{'ERROR' if one.errors else 'MISSED'}[/]"
        by = f"bench ±{one.u_ns / NS_PER_US:g}"
        condition = f"{one.timebase.value} {one.condition}"
        table.add_row(condition, by, f"{one.contained}/{one.asked}", *sizes(bench), word)
        if one.timebase is Timebase.HOST:
            share, name = (0.99, "p99") if min(map(len, (bench, naive))) >= FEWEST_FOR_P99 else (1.0, "max")
            ours, theirs = quantile_ns(bench, share), quantile_ns(naive, share)
            ratio = f"{name} {theirs / ours:.0f}x" if ours and theirs else "–"
            table.add_row("", "naive script", f"of {len(naive)}", *sizes(naive), ratio)
    console = as_wide_as()
    console.print(table)
    if series and (few := too_few_words(min(one.asked for one in series))):
        console.print(f"a look, no evidence for a qualification: {few}", highlight=False)
    for one in series:
        if copies := bunched_words(one.spread_p):
            told = f"{one.timebase} {one.condition}: no evidence for a qualification: {copies}"
            console.print(told, highlight=False, soft_wrap=True)
        if one.undecided:
            where = f"{one.timebase} {one.condition}"
            told = f"{where}: {one.undecided} shot(s) fired again, the ruler was interrupted while it sent"
            console.print(told, highlight=False, soft_wrap=True)


COMMAND = Command(name="qualify", call=qualify, place=200)
