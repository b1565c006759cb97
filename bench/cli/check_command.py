"""`hil check` and `hil list`: what this bench is, and whether its files fit together. Nothing is driven."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.options import (
    DEFAULT_CONFIG,
    ChemistryOption,
    ConfigOption,
    FilterOption,
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

    from bench.scenario.prepare import Prepared
    from bench.wiring.common import Wired


_MOST_FILES = 10


def register(app: typer.Typer) -> None:
    app.command(name="check")(check)
    app.command(name="list")(list_rig)


def check(
    scenarios: ScenariosArgument = None,
    config: ConfigOption = DEFAULT_CONFIG,
    time: TimeOption = None,
    firmware: FirmwareOption = None,
    chemistry: ChemistryOption = None,
    firmware_chemistry: FirmwareChemistryOption = None,
    only: FilterOption = None,
) -> None:
    """Dry-check bench file, profile, DBC, budgets and scenarios against each other."""
    from bench.campaign.load import mistakes_of_files
    from bench.errors import ConfigError

    try:
        wired = load_rig(config, time, firmware, chemistry, firmware_chemistry)
    except ConfigError as wrong:  # all there is to mend is told in one go
        lines = [*str(wrong).splitlines(), *mistakes_of_files(config, scenarios)]
        raise ConfigError("\n".join(dict.fromkeys(lines))) from None
    prepared, budgets_file = load_scenarios(wired, scenarios, only, long=True, mismatches=True)
    from bench.verdict.budgets import lint_budgets, load_budgets
    from bench.wiring.common import why_not

    lent = {one.scenario.budget for one in prepared if one.scenario.budget is not None}
    for line in lint_budgets(load_budgets(budgets_file), lent):
        typer.echo(f"{budgets_file.name} {line}")
    typer.echo(
        f"{config}: {len(prepared)} scenarios fit this bench ({wired.config.name}, {wired.profile.name}, "
        f"{wired.chemistry.id}, {sum(len(db.messages) for db in wired.databases.values())} messages)"
    )
    _tell_format_1(prepared)
    for warning in (line for one in wired.databases.values() for line in one.warnings()):
        typer.echo(f"warning: {warning}")
    for one in prepared:
        for note in loads_cut_off(one):
            typer.echo(f"{one.scenario.id}: {note}")
        if one.note is not None:
            typer.echo(f"{one.scenario.id}: {one.note}")
        if one.scenario.hint:
            typer.echo(f"warning: {one.scenario.hint}")
        if (gap := one.scenario.known_gap) is not None and not gap.of_twin:
            typer.echo(f"{one.scenario.id}: known gap until {gap.until}, {gap.owner} ({gap.bound.words})")
        if missing := why_not(wired, one.scenario.needs):
            typer.echo(f"{one.scenario.id}: will be BLOCKED, this rig cannot do {', '.join(missing)}")
    typer.echo(_idle_words(wired))
    if scenarios is None and only is None:
        _tell_no_must_reach(wired)
    at_fault = _tell_faults(wired, prepared)
    if _tell_uncarried(wired, prepared) or at_fault:
        raise typer.Exit(3)


def _tell_format_1(prepared: list[Prepared]) -> None:
    """One line for all files that are judged by the old rule."""
    old = list(dict.fromkeys(one.scenario.file.name for one in prepared if one.scenario.format == 1))
    if not old:
        return
    named = ", ".join(old[:_MOST_FILES]) + (
        f" and {len(old) - _MOST_FILES} more" if old[_MOST_FILES:] else ""
    )
    typer.echo(
        f"warning: {len(old)} scenario file{'s' if old[1:] else ''} of format 1: what the DUT reports beside what "
        f"they expect is no failure in this release, and will be in the next; `hil migrate` mends it: {named}"
    )


def _tell_no_must_reach(wired: Wired) -> None:
    """Modes of the profile of which nothing asks whether the DUT comes into them."""
    from bench.scenario.must_reach import why_none

    for mode in wired.profile.modes:
        if why := why_none(wired.profile, mode):
            typer.echo(f"mode '{mode}': no scenario asks whether the DUT reaches it, {why}")


def _idle_words(wired: Wired) -> str:
    from bench.units import format_ns
    from bench.wiring.virtual_signals import IDLE

    idle = [
        f"{one.channel}.{one.message.name} every {format_ns(one.cycle_ns)}"
        for one in wired.played
        if one.by == IDLE
    ]
    listed = ", ".join(idle) if idle else "nothing"
    return f'sent idle, at raw zero (unlisted = "{wired.profile.unlisted}"): {listed}'


def _tell_faults(wired: Wired, prepared: list[Prepared]) -> bool:
    """Tells of everything in the scenarios that no DUT can answer rightly; whether there is any."""
    from bench.wiring.at_fault import faults_of, unknown_limits

    for line in unknown_limits(wired):
        typer.echo(f"warning: {line}")
    lines = [line for one in prepared for line in faults_of(wired, one)]
    for line in dict.fromkeys(lines):
        typer.echo(f"{line} (will be ERROR)")
    return bool(lines)


def _tell_uncarried(wired: Wired, prepared: list[Prepared]) -> bool:
    """Tells of every scenario whose stimulus a signal cannot carry; whether there is one."""
    from bench.scenario.carried import shown_signals, uncarried

    known = shown_signals(wired.profile, wired.databases)
    found = [(one.scenario.id, lines) for one in prepared if (lines := uncarried(one.plan, known))]
    for scenario_id, (first, *more) in found:
        others = f" (and {len(more)} more)" if more else ""
        typer.echo(f"{scenario_id}: will be ERROR, {first}{others}")
    return bool(found)


def loads_cut_off(one: Prepared) -> list[str]:
    """What of its drive cycles this pack's limits do not allow, in words."""
    from bench.scenario.model import Follow

    return [f"{step.name}: {step.note}" for step in one.steps if isinstance(step, Follow) and step.note]


def list_rig(
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
    what: Annotated[
        str | None, typer.Argument(help="'faults': the catalogue, and what this rig can do of it.")
    ] = None,
    time: TimeOption = None,
) -> None:
    """Show scenarios, firmware builds, chemistries and capabilities of this bench."""
    import json

    wired = load_rig(config, time, None, None)
    if what is not None:
        if what != "faults":
            raise typer.BadParameter(f"found '{what}'; expected 'faults' or nothing")
        _list_faults(wired, as_json)
        return
    prepared, _ = load_scenarios(wired, None, None, long=True, mismatches=True)
    if as_json:
        typer.echo(json.dumps(_facts(wired, prepared)))
        return
    console = _console()
    console.print(_scenarios(prepared, console.width >= _WIDE))
    for table in _things(wired):
        console.print(table)
    console.print(f"this rig can do: {', '.join(sorted(wired.capabilities))}", highlight=False)


def _console() -> Console:
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=150)  # a log file has no width of its own


def _facts(wired: Wired, prepared: list[Prepared]) -> dict[str, object]:
    from bench.plant.chemistry import Chemistry
    from bench.wiring.simulated import firmware_builds

    return {
        "scenarios": [
            {
                "id": one.scenario.id,
                "title": one.scenario.title,
                "aim": str(one.scenario.aim),
                "safety_goal": one.budget.safety_goal,
                "asil": one.budget.asil,
                "repeat": one.scenario.sweep.repeat,
            }
            for one in prepared
        ],
        "firmware": firmware_builds(),
        "chemistries": {name: Chemistry.load(name).name for name in Chemistry.shipped()},
        "instruments": {
            name: {"kind": one.kind, "role": one.facts.role, "ports": list(one.ports)}
            for name, one in wired.config.instruments.items()
        },
        "capabilities": sorted(wired.capabilities),
    }


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
    from bench.wiring.simulated import firmware_builds

    known = {name: Chemistry.load(name).name for name in Chemistry.shipped()}
    for title, first, named in (
        ("Firmware builds (--firmware)", "build", firmware_builds()),
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
    import json

    from rich.markup import escape
    from rich.table import Table

    from bench.faults.find import kinds
    from bench.faults.port import FAULT_CLASSES
    from bench.wiring.common import abilities

    able = abilities(wired.profile, wired.config.simulated, wired.config.dut)
    for capability in able:
        if able[capability] is None and capability not in wired.capabilities:
            able[capability] = "no instrument of this bench does it"
    listed = [
        (kind, capability, text)
        for kind in sorted(kinds(), key=lambda one: (FAULT_CLASSES.index(one.fault_class), one.name))
        for capability, text in kind.variants.items()
    ]
    if as_json:
        entries = [
            {
                "fault": kind.name,
                "class": kind.fault_class,
                "capability": capability,
                "what": text,
                "onset": kind.onset,
                "lacks": able[capability],
            }
            for kind, capability, text in listed
        ]
        typer.echo(json.dumps(entries))
        return
    table = Table(title=f"Faults, and what this rig can do ({wired.config.name})", title_justify="left")
    for column in ("class", "fault", "needs", "what it is", "this rig"):
        table.add_column(column, no_wrap=column in ("class", "fault"))
    for kind, capability, text in listed:
        table.add_row(
            kind.fault_class, kind.name, capability, escape(text), escape(able[capability] or "can")
        )
    _console().print(table)
