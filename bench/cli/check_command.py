"""`hil check` and `hil list`: what this bench is, and whether its files fit together. Nothing is driven."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import found as found_commands
from bench.cli.command import Command
from bench.cli.json_mode import JsonOption, say
from bench.cli.list_chemistries import list_chemistries
from bench.cli.list_kinds import list_kinds
from bench.cli.options import (
    DEFAULT_CONFIG,
    ChemistryOption,
    ConfigOption,
    FiltersOption,
    FirmwareChemistryOption,
    FirmwareOption,
    ScenariosArgument,
    TimeOption,
    load_rig,
    load_scenarios,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.table import Table

    from bench.report.told.bench import ListTold
    from bench.scenario.prepare import Prepared
    from bench.wiring.common import Wired


def check(
    scenarios: ScenariosArgument = None,
    config: ConfigOption = DEFAULT_CONFIG,
    time: TimeOption = None,
    firmware: FirmwareOption = None,
    chemistry: ChemistryOption = None,
    firmware_chemistry: FirmwareChemistryOption = None,
    asked: FiltersOption = None,
    as_json: JsonOption = False,
) -> None:
    """Dry-check bench file, profile, DBC, budgets and scenarios against each other."""
    from bench.door.checked import check_files
    from bench.report.told.bench import CheckKind, CheckLine, CheckTold
    from bench.running.filter_words import joined

    made = check_files(config, (time, firmware, chemistry, firmware_chemistry), scenarios, joined(asked))
    of_commands = [
        CheckLine(kind=CheckKind.WARNING, about="", text=text) for text in found_commands.troubles()
    ]
    found = CheckTold(
        config=str(config),
        bench=made.bench,
        profile=made.profile,
        chemistry=made.chemistry,
        scenarios=len(made.scenarios),
        messages=made.messages,
        lines=(*made.lines, *of_commands),
    )
    code = 0 if made.ok else 3
    if as_json:
        raise say(found, code)
    for line in made.of_budgets:
        typer.echo(line.text)
    for line in (*made.of_scenarios, *of_commands):
        typer.echo(f"warning: {line.text}" if line.kind is CheckKind.WARNING else line.text)
    typer.echo(
        f"{config}: {found.scenarios} scenarios fit this bench ({found.bench}, {found.profile}, "
        f"{found.chemistry}, {found.messages} messages)"
    )
    raise typer.Exit(code)


def list_rig(
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    what: Annotated[
        str | None,
        typer.Argument(
            help="'faults': what this rig can do of the catalogue; 'kinds': of instruments; 'chemistries': of cells."
        ),
    ] = None,
    time: TimeOption = None,
) -> None:
    """Show scenarios, firmware builds, chemistries and capabilities of this bench."""
    if what == "kinds":
        list_kinds(as_json)
        return
    if what == "chemistries":
        list_chemistries(as_json)
        return
    wired = load_rig(config, time, None, None)
    if what is not None:
        if what != "faults":
            raise typer.BadParameter(f"found '{what}'; expected 'faults', 'kinds', 'chemistries' or nothing")
        _list_faults(wired, as_json)
        return
    prepared, _ = load_scenarios(wired, None, None, long=True, mismatches=True)
    if as_json:
        raise say(_facts(wired, prepared), 0)
    console = _console()
    console.print(_scenarios(prepared, console.width >= _WIDE))
    for table in _things(wired):
        console.print(table)
    console.print(f"this rig can do: {', '.join(sorted(wired.capabilities))}", highlight=False)


def _console() -> Console:
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=_FILE_WIDTH)


def _facts(wired: Wired, prepared: list[Prepared]) -> ListTold:
    from bench.plant.chemistry import Chemistry
    from bench.report.told.bench import InstrumentListed, ListTold, ScenarioListed
    from bench.wiring.dut_builds import builds_of

    return ListTold(
        scenarios=tuple(
            ScenarioListed(
                id=one.scenario.id,
                title=one.scenario.title,
                aim=str(one.scenario.aim),
                safety_goal=one.budget.safety_goal,
                asil=one.budget.asil,
                repeat=one.scenario.sweep.repeat,
            )
            for one in prepared
        ),
        firmware=builds_of(wired.config.dut),
        chemistries={name: Chemistry.load(name).name for name in Chemistry.known()},
        instruments={
            name: InstrumentListed(kind=one.kind, role=one.facts.role, ports=tuple(one.ports))
            for name, one in wired.config.instruments.items()
        },
        capabilities=tuple(sorted(wired.capabilities)),
    )


def _scenarios(prepared: list[Prepared], wide: bool) -> Table:
    """Twins are counted: they are made, and have no file."""
    from collections import Counter

    twins = Counter(one.scenario.twin_of for one in prepared)
    title = (
        "Scenarios, the must-not-trip twins made from them, and must-reach ones made from the profile's modes"
    )
    table = _table(title, "scenario", wide)
    table.add_column("goal")
    table.add_column("shots", justify="right")
    table.add_column("twins", justify="right")
    if wide:
        table.add_column("title")
    for one in (one for one in prepared if not one.scenario.twin_of):
        title = _AIMS.get(str(one.scenario.aim), "") + one.scenario.title
        goal = f"{one.budget.safety_goal} {one.budget.asil}"
        row = (goal, str(one.scenario.sweep.repeat), str(twins[one.scenario.id] or "–"))
        if wide:
            table.add_row(one.scenario.id, *row, title)
        else:
            table.add_row(f"{one.scenario.id}\n{title}", *row)
    return table


def _things(wired: Wired) -> Iterator[Table]:
    """Firmware builds, chemistries, instruments."""
    from bench.plant.chemistry import Chemistry
    from bench.wiring.dut_builds import builds_of

    known = {name: Chemistry.load(name).name for name in Chemistry.known()}
    for title, first, named in (
        ("Firmware builds (--firmware)", "build", builds_of(wired.config.dut)),
        ("Chemistries (--chemistry)", "chemistry", known),
    ):
        table = _table(title, first)
        table.add_column("what it is")
        for row in named.items():
            table.add_row(*row)
        yield table
    fitted = _table("Instruments (docs/instruments.md)", "name")
    for column in ("instrument", "role", "port"):
        fitted.add_column(column)
    for name, unit in wired.config.instruments.items():
        units = unit.units(wired.config.pack.cells)
        title = f"{units} x {unit.facts.title}" if units > 1 else unit.facts.title
        fitted.add_row(name, f"{title} ({unit.kind})", unit.facts.role, ", ".join(unit.ports))
    yield fitted


_FILE_WIDTH = 150  # columns: a log file has no width of its own
_WIDE = 110  # columns of a terminal; below, a title stands under its id
_AIMS = {
    "must_not_trip": "must not trip: ",
    "must_reach": "must be reached: ",
    "bench_must_refuse": "must be refused: ",
}


def _table(title: str, first: str, whole: bool = True) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, no_wrap=whole)
    return table


def _list_faults(wired: Wired, as_json: bool) -> None:
    """The catalogue by class: what each fault needs, and whether this rig has it; why not where it has not."""
    from bench.cli.show_run import show_sheet
    from bench.faults.find import kinds
    from bench.faults.port import FAULT_CLASSES
    from bench.report.fitted import FittedRows
    from bench.report.told.bench import FaultListed, FaultsTold
    from bench.wiring.offers import lacks, offers, providers_of

    offered = offers(wired.config, wired.profile)
    listed = [
        (kind, capability, text)
        for kind in sorted(kinds(), key=lambda one: (FAULT_CLASSES.index(one.fault_class), one.name))
        for capability, text in kind.variants.items()
    ]
    if as_json:
        entries = [
            FaultListed(
                fault=kind.name,
                fault_class=kind.fault_class,
                capability=str(capability),
                what=text,
                onset=kind.onset,
                lacks=lacks(kind, capability, offered, wired.profile),
                provided_by=providers_of(kind, capability, offered),
            )
            for kind, capability, text in listed
        ]
        raise say(FaultsTold(faults=tuple(entries)), 0)
    rows: list[tuple[str, ...]] = []
    for kind, capability, text in listed:
        by = "; ".join(
            f"{name} by {who}"
            for name, who in providers_of(kind, capability, offered).items()
            if who is not None
        )
        lacking = lacks(kind, capability, offered, wired.profile)
        rows.append((kind.fault_class, kind.name, str(capability), text, lacking or by))
    show_sheet(
        FittedRows(
            title=f"Faults, and what this rig can do ({wired.config.name})",
            headings=("class", "fault", "needs", "what it is", "this rig"),
            rows=rows,
            lead=(1, 0),
            flowing=frozenset({3, 4}),
        ),
        file_width=_FILE_WIDTH,
    )


CHECK = Command(name="check", call=check, place=20)
LIST = Command(name="list", call=list_rig, place=30)
