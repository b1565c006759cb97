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
    from bench.scenario.prepare import Prepared
    from bench.wiring.common import Wired


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
    wired = load_rig(config, time, firmware, chemistry, firmware_chemistry)
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
    for one in prepared:
        for note in loads_cut_off(one):
            typer.echo(f"{one.scenario.id}: {note}")
        if missing := why_not(wired, one.scenario.needs):
            typer.echo(f"{one.scenario.id}: will be BLOCKED, this rig cannot do {', '.join(missing)}")


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

    from rich.console import Console
    from rich.table import Table

    from bench.wiring.simulated import firmware_builds

    wired = load_rig(config, time, None, None)
    if what is not None:
        if what != "faults":
            raise typer.BadParameter(f"found '{what}'; expected 'faults' or nothing")
        _list_faults(wired, as_json)
        return
    prepared, _ = load_scenarios(wired, None, None, long=True, mismatches=True)
    if as_json:
        typer.echo(
            json.dumps(
                {
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
                    "instruments": {
                        name: {"kind": one.kind, "role": one.facts.role, "ports": list(one.ports)}
                        for name, one in wired.config.instruments.items()
                    },
                    "capabilities": sorted(wired.capabilities),
                }
            )
        )
        return
    console = Console()
    table = Table(title="Scenarios", title_justify="left")
    for column in ("scenario", "aim", "goal", "ASIL", "shots", "title"):
        table.add_column(column, no_wrap=column == "scenario")
    for one in prepared:
        table.add_row(
            one.scenario.id,
            str(one.scenario.aim).replace("_", " "),
            one.budget.safety_goal,
            one.budget.asil,
            str(one.scenario.sweep.repeat),
            one.scenario.title,
        )
    console.print(table)
    builds = Table(title="Firmware builds (--firmware)", title_justify="left")
    builds.add_column("build", no_wrap=True)
    builds.add_column("what it is")
    for name, text in firmware_builds().items():
        builds.add_row(name, text)
    console.print(builds)
    fitted = Table(title="Instruments (docs/instruments.md)", title_justify="left")
    for column in ("name", "instrument", "role", "port"):
        fitted.add_column(column)
    for name, unit in wired.config.instruments.items():
        units = unit.units(wired.config.pack.cells)
        title = f"{units} x {unit.facts.title}" if units > 1 else unit.facts.title
        fitted.add_row(name, f"{title} ({unit.kind})", unit.facts.role, ", ".join(unit.ports))
    console.print(fitted)
    console.print(f"this rig can do: {', '.join(sorted(wired.capabilities))}", highlight=False)


def _list_faults(wired: Wired, as_json: bool) -> None:
    """The catalogue by class: what each fault needs, and whether this rig has it; why not where it has not."""
    import json

    from rich.console import Console
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
    console = Console()
    if not console.is_terminal:
        console = Console(width=150)  # a log file has no width of its own
    console.print(table)
