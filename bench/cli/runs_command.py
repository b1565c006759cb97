"""`hil runs` and `hil clean`: which runs are stored, and which of them may go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.command import Command
from bench.cli.json_mode import JsonOption, say
from bench.cli.options import DEFAULT_CONFIG, ConfigOption
from bench.cli.the_run import record_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rich.table import Table

    from bench.report.told.runs import RunsTold
    from bench.stored.clean import Fate
    from bench.stored.run_list import RunListed

RunsOption = Annotated[
    Path | None,
    typer.Option("--runs", help="Where run folders are (default: as configured).", show_default=False),
]
_BYTES_PER_MB = 1_000_000


def runs(
    build: Annotated[
        str | None, typer.Option("--build", help="Only of this firmware build.", show_default=False)
    ] = None,
    verdict: Annotated[
        str | None,
        typer.Option("--verdict", help="Only with this one, as FAIL or 'cut short'.", show_default=False),
    ] = None,
    rig: Annotated[
        str | None, typer.Option("--rig", help="Only on the rig of this name.", show_default=False)
    ] = None,
    label: Annotated[
        str | None, typer.Option("--label", help="Only those called so.", show_default=False)
    ] = None,
    newest: Annotated[int, typer.Option("-n", min=1, help="So many of the newest.")] = 20,
    folder: RunsOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """List the stored runs, the newest first. `hil report last` shows the first of them again."""
    from bench.stored.run_list import run_list

    where = folder or record_folder(config)
    every = run_list(where)
    wanted = {"build": build, "verdict": _known_verdict(verdict), "rig": rig, "label": label}
    found = [one for one in every if _fits(one, wanted)]
    if as_json:
        raise say(_told(where, found[:newest], len(every)), 0)
    if found:
        _show(found[:newest])
    shown = min(len(found), newest)
    left = f"; -n {len(found)} shows {len(found) - shown} older" if len(found) > shown else ""
    typer.echo(f"{shown} of {len(every)} runs in {where}{left}")


def _told(where: Path, found: Sequence[RunListed], of: int) -> RunsTold:
    from dataclasses import asdict

    from bench.report.told.runs import ListedTold, RunsTold

    told = (ListedTold(**{**asdict(one), "folder": str(one.folder)}) for one in found)
    return RunsTold(folder=str(where), runs=tuple(told), of=of)


def _known_verdict(verdict: str | None) -> str | None:
    from bench.errors import ConfigError, choices, nearest
    from bench.stored.run_list import ALTERED, CUT_SHORT, RUNNING, UNREADABLE
    from bench.verdict.result import Verdict

    if verdict is None:
        return None
    known = [*(one.name for one in Verdict if one), RUNNING, CUT_SHORT, ALTERED, UNREADABLE]
    asked = verdict.upper()
    if asked not in known:
        raise ConfigError(
            f"--verdict: found '{verdict}'; expected one of {choices(asked, known)}{nearest(asked, known)}"
        )
    return asked


def _fits(one: RunListed, wanted: Mapping[str, str | None]) -> bool:
    has = {"build": one.firmware, "verdict": one.verdict, "rig": one.rig, "label": one.label}
    return all(asked in (None, has[key]) for key, asked in wanted.items())


# Heading and content of each column. The last ones go first where the terminal is narrow.
_COLUMNS: tuple[tuple[str, Callable[[RunListed], str]], ...] = (
    ("run", lambda one: one.run_id),
    ("verdict", lambda one: one.verdict),
    ("scenarios", lambda one: str(one.scenarios or "–")),
    ("label", lambda one: one.label),
    ("by", lambda one: one.by),
    ("rig", lambda one: one.rig),
    ("DUT serial", lambda one: one.dut_serial),
    ("signed", lambda one: "yes" if one.signed else ""),
    ("note", lambda one: one.note),
)
_ALWAYS = 3


def _show(found: Sequence[RunListed]) -> None:
    from rich.console import Console

    from bench.cli.show_run import as_wide_as, show_sheet
    from bench.report.fitted import FittedRows
    from bench.report.terminal import natural_width

    columns = [(name, of) for n, (name, of) in enumerate(_COLUMNS) if n < _ALWAYS or any(map(of, found))]
    terminal = Console()
    table = _table(found, columns)
    left_out: list[str] = []
    while terminal.is_terminal and len(columns) > _ALWAYS and natural_width(table) > terminal.width:
        left_out.insert(0, columns.pop()[0])
        table = _table(found, columns)
    if terminal.is_terminal and natural_width(table) > terminal.width:
        rows = [[of(one) for _, of in columns] for one in found]
        show_sheet(FittedRows(title="", headings=[name for name, _ in columns], rows=rows, lead=(1, 0)))
    else:
        as_wide_as(natural_width(table)).print(table)
    if left_out:
        typer.echo(f"left out for the width: {', '.join(left_out)}; a wider terminal or --json shows them")


def _table(found: Iterable[RunListed], columns: Sequence[tuple[str, Callable[[RunListed], str]]]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from bench.report.terminal import STYLES
    from bench.verdict.result import Verdict

    styles = {verdict.name: style for verdict, style in STYLES.items() if verdict is not Verdict.NONE}
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name, _ in columns:
        table.add_column(name, no_wrap=True, justify="right" if name == "scenarios" else "left")
    for one in found:
        cells = (of(one) for _, of in columns)
        table.add_row(*(Text(cell, style=styles.get(cell, "")) for cell in cells))
    return table


def clean(
    keep: Annotated[int, typer.Option("--keep", min=0, help="So many of the newest stay.")] = 20,
    failing: Annotated[bool, typer.Option("--failing", help="Those that did not pass may go, too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Take them away; else only show which.")] = False,
    folder: RunsOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Show which stored runs may go, and what that would free; take them away with --yes only.

    The newest stay, and what is signed, labelled or noted on, what is being written, what was altered, and what did
    not pass unless --failing is given.
    """
    from bench.stored.clean import fates
    from bench.stored.run_list import run_list

    where = folder or record_folder(config)
    found = list(fates(run_list(where), keep, failing=failing))
    going = [one for one in found if not one.stays]
    for one in found:
        if one.stays and not one.stays.startswith("among the newest"):
            typer.echo(f"stays  {one.run.run_id}: {one.stays}")
    for one in going:
        typer.echo(f"goes   {one.run.run_id}: {one.run.verdict}, {_megabytes(one)}")
    total = sum(one.bytes for one in going) / _BYTES_PER_MB
    told = f"{len(going)} of {len(found)} runs in {where}, {total:,.1f} MB"
    if not yes:
        typer.echo(f"would free {told}" + ("; --yes takes them away" if going else ""))
        return
    raise typer.Exit(_free(going, where, config, told))


def _free(going: Sequence[Fate], where: Path, config: Path, told: str) -> int:
    """0, or 3 where one could not be taken away."""
    from bench.errors import BenchError, RecordError
    from bench.record.database import ResultsDatabase
    from bench.stored.clean import free

    beside = where / "results.sqlite"
    database: ResultsDatabase | None = None
    if config.is_file():
        from bench.config.bench_file import load_bench

        try:
            database = ResultsDatabase(load_bench(config).record.database)
        except BenchError as error:
            typer.echo(f"warning: {error}", err=True)
    elif beside.is_file():
        database = ResultsDatabase(beside)
    code = 0
    for one in going:
        try:
            free(one.run, database)
        except RecordError as error:
            typer.echo(str(error), err=True)
            code = 3
    typer.echo(f"freed {told}" if code == 0 else "not all of them could be taken away")
    return code


def _megabytes(one: Fate) -> str:
    return f"{one.bytes / _BYTES_PER_MB:,.1f} MB"


RUNS = Command(name="runs", call=runs, place=85)
CLEAN = Command(name="clean", call=clean, place=245)
