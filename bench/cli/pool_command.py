"""`hil pool`: what the runs of several rigs and labs say together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.command import Command
from bench.cli.json_mode import JsonOption, say

if TYPE_CHECKING:
    from bench.pooling.effects import PooledMean
    from bench.pooling.merge import Merged
    from bench.pooling.pooled import LabPart, Pooled, PooledFault
    from bench.report.told.pool import LabTold, PooledFaultTold, PooledTimeTold, PoolTold


def pool(
    places: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[RUN|DIR]…", help="Run folders, or folders that hold some.", show_default=False
        ),
    ] = None,
    into: Annotated[Path, typer.Option("--into", help="The pool: a folder with one file a run.")] = Path(
        "pool"
    ),
    out: Annotated[
        Path | None, typer.Option("--out", help="Also as one HTML file, with a picture.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Merge runs of rigs and labs, each once, and say per chemistry, fault and build what all of them show.

    Exit 3: a run was not taken, as it is altered, unfinished, or another one of the same id.
    """
    from bench.pooling.merge import merge
    from bench.pooling.pooled import pool_of
    from bench.record.targets import try_file
    from bench.report.pool_html import write_pool_html

    try_file("--out", out)
    given = merge(into, places or ())
    for one in given:
        _tell(one)
    told = _told(into, given, pool_of(into))
    code = 3 if any(one.why is not None for one in given) else 0
    if out is not None:
        write_pool_html(told, out)
    if as_json:
        raise say(told, code)
    _show(told)
    raise typer.Exit(code)


def _tell(one: Merged) -> None:
    if one.why is not None:
        typer.echo(f"not pooled: {one.folder}: {one.words}", err=True)


def _told(into: Path, given: list[Merged], pooled: Pooled) -> PoolTold:
    from bench.report.told.pool import DifferingTold, MergedTold, PoolTold

    return PoolTold(
        pool=str(into),
        runs=pooled.runs,
        labs=pooled.labs,
        shots=pooled.shots,
        again=pooled.again,
        given=tuple(
            MergedTold(
                folder=str(one.folder), run_id=one.run_id, shots=one.shots, added=one.added,
                why=None if one.why is None else one.why.value, words=one.words,
            )
            for one in given
        ),
        faults=tuple(map(_fault, pooled.faults)),
        differing=tuple(
            DifferingTold(scenario=scenario, seed=seed, runs=runs) for scenario, seed, runs in pooled.differing
        ),
    )  # fmt: skip


def _fault(one: PooledFault) -> PooledFaultTold:
    from dataclasses import asdict

    from bench.report.told.pool import PooledFaultTold, PooledShareTold

    return PooledFaultTold(
        chemistry=one.chemistry,
        scenario=one.scenario,
        scenario_hash=one.scenario_hash,
        goal=one.goal,
        build=one.build,
        evidence=one.evidence,
        tried=one.tried,
        handled=one.handled,
        undecided=one.undecided,
        handled_at_least=one.handled_at_least,
        over_labs=None if one.over_labs is None else PooledShareTold(**asdict(one.over_labs)),
        fdti=_time(one.fdti_s),
        fhti=_time(one.fhti_s),
        contradicts=one.contradicts,
        labs=tuple(map(_lab, one.labs)),
    )


def _time(one: PooledMean | None) -> PooledTimeTold | None:
    from bench.report.told.pool import PooledTimeTold

    if one is None:
        return None
    return PooledTimeTold(
        mean_s=one.mean,
        low_s=one.low,
        high_s=one.high,
        between_s=one.between,
        inconsistency=one.inconsistency,
        differ_p=one.differ_p,
        labs=one.labs,
    )


def _lab(one: LabPart) -> LabTold:
    from bench.report.told.pool import LabTold

    fdti, fhti = one.fdti_s or (None, None), one.fhti_s or (None, None)
    return LabTold(
        lab=one.lab,
        rigs=one.rigs,
        tried=one.tried,
        handled=one.handled,
        undecided=one.undecided,
        fdti_mean_s=fdti[0],
        fdti_uncertainty_s=fdti[1],
        fhti_mean_s=fhti[0],
        fhti_uncertainty_s=fhti[1],
    )


def _show(told: PoolTold) -> None:
    from bench.cli.show_run import show_sheet
    from bench.report.fitted import FittedRows
    from bench.report.pool_html import CONTRADICTS
    from bench.units import NS_PER_S, format_ns

    def time(one: PooledTimeTold | None) -> str:
        if one is None:
            return "–"
        return f"{format_ns(round(one.low_s * NS_PER_S))} … {format_ns(round(one.high_s * NS_PER_S))}"

    rows = [
        [
            one.scenario, one.chemistry, one.build, str(len(one.labs)), f"{one.handled} of {one.tried}",
            f"{100 * one.handled_at_least:.2f} %", time(one.fdti), time(one.fhti),
            ", ".join(CONTRADICTS[name] for name in one.contradicts),
        ]
        for one in told.faults
    ]  # fmt: skip
    headings = (
        "fault",
        "chemistry",
        "build",
        "labs",
        "handled",
        "at least",
        "FDTI",
        "FHTI",
        "labs contradict in",
    )
    styles = ["yellow" if one.contradicts or one.handled < one.tried else "" for one in told.faults]
    show_sheet(FittedRows(title="", headings=headings, rows=rows, styles=styles, lead=(0, 1, 2)))
    for one in told.differing:
        typer.echo(
            f"frames differ: {one.scenario}, seed {one.seed}, in {one.runs}, though all else is the same"
        )
    new = sum(one.added for one in told.given)
    again = f"; {told.again} of them are the same shot again and count once" if told.again else ""
    typer.echo(
        f"{told.runs} runs of {told.labs} labs ({new} new), {told.shots} shots{again}; pool: {told.pool}"
    )
    typer.echo("handled at least: in these labs, exact, 95 %; times: the mean over labs, 95 %")


COMMAND = Command(name="pool", call=pool, place=205)
