"""`hil safety`: hazard analysis and FMEA with ratings that runs have earned, chemistries side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli.command import Command
from bench.cli.json_mode import JsonOption, note_trouble, say
from bench.cli.options import DEFAULT_CONFIG, ConfigOption, FirmwareOption, load_rig, load_scenarios
from bench.cli.safety_claims import Claimed, markdown_claims, show_claims

if TYPE_CHECKING:
    from bench.report.told.physics import SafetyTold
    from bench.safety.failure_modes import Cell, NotFor
    from bench.safety.hazard_file import HazardFile
    from bench.timing.evidence_class import EvidenceClass
    from bench.verdict.fmea import FailureMode
    from bench.verdict.result import RunResult


def safety(
    config: ConfigOption = DEFAULT_CONFIG,
    fmea: Annotated[Path, typer.Option("--fmea", help="Failure modes.")] = Path("scenarios/fmea.toml"),
    runs: Annotated[
        Path | None, typer.Option("--runs", help="Where run folders are (default: as configured).")
    ] = None,
    firmware: FirmwareOption = None,
    time: Annotated[
        str, typer.Option("--time", help="simulated, real (no board) or hardware; never two in one table.")
    ] = "simulated",
    only: Annotated[
        str | None, typer.Option("-k", help="Only failure modes whose id or safety goal contains this text.")
    ] = None,
    chemistry: Annotated[
        list[str] | None, typer.Option("--chemistry", help="Only this chemistry; repeat it (default: all).")
    ] = None,
    hazard: Annotated[
        Path | None,
        typer.Option(
            "--hazard",
            help="Output of `hil hazard --json`: time from fault to hazard (default: runs/hazard.json, if there).",
            show_default=False,
        ),
    ] = None,
    earn: Annotated[
        int | None,
        typer.Option(
            "--earn",
            min=1,
            help="First run what the failure modes still lack, so many shots of each scenario: 29 for M 5, 99 for M 4.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Also as one HTML file, for reading and printing.", show_default=False),
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="All tables as Markdown.")] = False,
    claimed: Annotated[
        bool,
        typer.Option("--claims", help="Do the chemistries earn it? The four claims, and FTTI by chemistry."),
    ] = False,
    against: Annotated[
        str, typer.Option("--against", help="The chemistry that claims are held against.")
    ] = "nmc",
    as_json: JsonOption = False,
) -> None:
    """HARA and FMEA: monitoring ratings earned by data, action priorities, what is missing. Exit 3 if altered."""
    from bench.cli.altered import end, ended_with, tell_altered
    from bench.errors import ConfigError
    from bench.record.targets import try_file
    from bench.report.traceability import denominator
    from bench.running.load import whole_library
    from bench.safety.claims import claims
    from bench.safety.failure_modes import (
        cells,
        gaps,
        handled_by_goal,
        newest_runs,
        not_for,
    )
    from bench.safety.fmea_file import load_fmea
    from bench.safety.ftti_of_chemistry import beside_each_other, ftti_bounds
    from bench.safety.hazard_file import load_hazards
    from bench.timing.evidence_class import BY_OPTION
    from bench.verdict.budgets import load_budgets

    if time not in BY_OPTION:
        raise ConfigError(f"--time: found '{time}'; expected {' or '.join(BY_OPTION)}")
    try_file("--out", out)
    wired = load_rig(config, None, firmware, None)
    _, budgets_file = load_scenarios(wired, None, None)  # says what is wrong with a file
    library = whole_library(wired)
    goals = denominator(load_budgets(budgets_file), library.lent)
    asked = _known(chemistry)
    against = next(iter(_known([against], "--against")))
    modes = load_fmea(fmea, goals, library, (*asked, against))
    open_points = gaps(modes, library, goals)
    if only is not None:
        modes = tuple(one for one in modes if only in one.id or only in one.safety_goal)
        if not modes:
            raise ConfigError(f"-k '{only}': no failure mode or safety goal of {fmea} contains it")
    chemistries = [*asked]
    evidence = BY_OPTION[time]
    folder = runs or wired.config.record.folder
    hazard = _hazard_file(hazard, folder)
    hazards = load_hazards(hazard)
    read = newest_runs(folder, wired.config.dut.firmware, evidence)
    if earn is not None:
        for one in chemistries:
            _earn(
                Wanted(
                    config=config, time=time, firmware=firmware, folder=folder, attempts=earn, quiet=as_json
                ),
                asked[one],
                modes,
                read.by_chemistry.get(one, []),
                not_for(library),
            )
        read = newest_runs(folder, wired.config.dut.firmware, evidence)
    tell_altered("among these runs, which earn nothing", read.altered, err=as_json)
    every = (*chemistries, *(one for one in (against,) if one not in chemistries))
    all_cells = cells(modes, read.by_chemistry, every, hazards.earliest(), not_for(library), goals)
    found = tuple(one for one in all_cells if one.chemistry in chemistries)
    here = {one: load_budgets(budgets_file, one) for one in chemistries}
    used = {one.safety_goal for one in modes}
    hara = beside_each_other({goal: one for goal, one in goals.items() if markdown or goal in used}, here)
    shown = Claimed(
        claims=tuple(one for one in claims(all_cells, hazards, against) if one.chemistry in chemistries),
        ftti=ftti_bounds(
            {goal: one for goal, one in goals.items() if goal in used},
            here,
            hazards,
        ),
    )
    counted = handled_by_goal(found)
    altered = [f"ALTERED, earns nothing: {line}" for line in read.altered]
    told = [*altered, *_notes(found, counted, evidence), *_of_hazard(hazard, hazards), *open_points]
    told += _of_misfits(read.misfits)
    if out is not None:
        from bench.report.claim_words import HOW_TO_READ, need_lines
        from bench.report.safety_html import write_safety_html

        write_safety_html(
            out,
            firmware=wired.config.dut.firmware,
            evidence=evidence,
            goals={goal: one for goal, one in hara.items() if one.safety_goal in used},
            rows=list(zip(found, _rows(found))),
            standing=_standing(found),
            notes=[*told, HOW_TO_READ, *need_lines(shown.claims)],
            claims=shown.claims,
            ftti=shown.ftti,
            altered=read.altered,
        )
    if as_json:
        raise say(_told(found, shown, evidence, told, read.altered), ended_with(0, read.altered))
    if markdown:
        _markdown(hara, found, told, shown if claimed else None)
    elif claimed:
        show_claims(shown, [*altered, *_of_hazard(hazard, hazards)])
    else:
        _show(hara, found, told)
    if not markdown and out is not None:
        typer.echo(f"report  {out}")
    raise end(0, read.altered)


def _told(
    found: Sequence[Cell],
    shown: Claimed,
    evidence: EvidenceClass,
    notes: Sequence[str],
    altered: Sequence[str],
) -> SafetyTold:
    from bench.report.claim_words import need_words
    from bench.report.told.physics import ClaimTold, SafetyCell, SafetyTold

    cells = (
        SafetyCell(
            mode=one.mode,
            chemistry=one.chemistry,
            earned=one.earned,
            rated=one.rated,
            fhti_s=one.fhti_s,
            hazard_s=one.hazard_s,
            missing=one.missing,
            margin_s=one.margin_s,
            stands=one.stands,
        )
        for one in found
    )
    return SafetyTold(
        evidence=evidence,
        cells=tuple(cells),
        claims=tuple(
            ClaimTold(found=one, needed=tuple(need_words(need) for need in one.needs)) for one in shown.claims
        ),
        ftti=shown.ftti,
        notes=tuple(notes),
        altered=tuple(altered),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What `--earn` asks of a chemistry, and on which bench."""

    config: Path
    time: str
    firmware: str | None
    folder: Path
    attempts: int
    quiet: bool


def _earn(
    wanted: Wanted,
    chemistry: str,
    modes: Sequence[FailureMode],
    had: Sequence[RunResult],
    excused: NotFor,
) -> None:
    """One run of what these failure modes lack on a chemistry; nothing where nothing is lacking."""
    from bench.cli.run_command import run_shown
    from bench.door.run import Order
    from bench.door.session import Bench
    from bench.errors import ConfigError
    from bench.running.load import EARNED, Selected
    from bench.running.results import evidence_class
    from bench.safety.failure_modes import lacking
    from bench.timing.evidence_class import BY_OPTION, CLASS_WORDS

    names = set(lacking(modes, had, chemistry, wanted.attempts, excused))
    mode = "simulated" if wanted.time == "simulated" else "real"
    bench = Bench.open(wanted.config, time=mode, firmware=wanted.firmware, chemistry=chemistry)
    if (own := evidence_class(bench.wired)).evidence is not BY_OPTION[wanted.time]:
        raise ConfigError(
            f"--earn --time {wanted.time}: a run on this bench is {CLASS_WORDS[own.evidence]} "
            f"({'; '.join(own.why) or 'nothing speaks against it'}); expected a bench of the class that is asked for"
        )
    library, budgets = load_scenarios(bench.wired, None, None, long=True)
    prepared = [one for one in library if one.scenario.id in names]
    prepared = [one for one in prepared if not set(map(str, one.scenario.needs)) - bench.capabilities]
    if not prepared:
        return
    if not wanted.quiet:
        typer.echo(f"{chemistry}: {wanted.attempts} shots of each of {len(prepared)} scenario(s)", err=True)
    order = Order(selection=f"{EARNED}{wanted.attempts}", repeat=wanted.attempts, out=wanted.folder)
    selected = Selected(prepared=prepared, budgets_file=budgets, left_out=())
    made = run_shown(bench, selected, order, shown=not wanted.quiet)
    if not wanted.quiet:
        typer.echo(f"{chemistry}: {made.folder}", err=True)
    if made.result.aborted is not None or made.troubles:
        note_trouble(f"--earn: the run on {chemistry} did not come to its end, or was not written whole")
        raise typer.Exit(3)  # where a signal stopped it, the command ends by that


def _known(asked: list[str] | None, option: str = "--chemistry") -> dict[str, str]:
    """Id → as asked for: shipped ones (default: all) by their id, the user's own by the path of their file."""
    from bench.errors import ConfigError, nearest
    from bench.plant.chemistry import Chemistry

    shipped = Chemistry.shipped()
    found: dict[str, str] = {}
    for one in asked or shipped:
        if one.endswith(".toml"):
            found[Chemistry.load(one).id] = one
        elif one in shipped:
            found[one] = one
        else:
            raise ConfigError(
                f"{option}: found '{one}'; expected one of {', '.join(shipped)}, or a chemistry's .toml file"
                f"{nearest(one, shipped)}"
            )
    return found


def _hazard_file(asked: Path | None, runs: Path) -> Path | None:
    kept = runs / "hazard.json"
    return asked if asked is not None else kept if kept.is_file() else None


def _of_hazard(file: Path | None, hazards: HazardFile) -> list[str]:
    from bench.hazard.result import DRAWS_FOR_BOUND

    if file is None:
        return ["time to the hazard: not known; `hil hazard` computes it (a minute), then ask again"]
    source = f"from {file}, computed from cell models, not measured"
    if not hazards.bounded:
        draws = "of an older release" if hazards.draws is None else f"{hazards.draws} draws"
        return [f"time to the hazard: 5th percentile {source}; no bound: {draws}, {DRAWS_FOR_BOUND} make one"]
    return [
        f"time to the hazard: earliest of {hazards.draws} draws (95 % of all, with 95 % confidence) {source}"
    ]


def _of_misfits(runs: Sequence[str]) -> list[str]:
    what = "of a BMS made for another chemistry than its pack's, which say nothing of either"
    return [f"{len(runs)} runs {what}: {', '.join(runs[:3])}"] if runs else []


def _rows(found: tuple[Cell, ...]) -> list[tuple[str, ...]]:
    from bench.report.safety_tables import fmea_row

    return [
        fmea_row(c.mode, c.chemistry, c.earned, c.rated, (c.hazard_s, c.fhti_s, c.margin_s), c.missing)
        for c in found
    ]


def _standing(found: tuple[Cell, ...]) -> list[tuple[str, ...]]:
    from bench.report.safety_tables import seconds, standing_rows
    from bench.safety.failure_modes import standings

    def least(one: Any) -> str:
        if one.least is None:
            return "not known"
        over = f"; none left in {', '.join(one.exceeded)}" if one.exceeded else ""
        return f"{seconds(one.least[1])} in {one.least[0]}{over}"

    return standing_rows(
        [(one.chemistry, one.earned, one.assumed, one.without, least(one)) for one in standings(found)]
    )


def _notes(found: tuple[Cell, ...], counted: Any, evidence: EvidenceClass) -> list[str]:
    from bench.report.handled_words import handled_lines
    from bench.report.words import EVIDENCE_WORTH
    from bench.verdict.tables import AP_CAVEAT, MSR_CAVEAT

    lines = [
        f"{EVIDENCE_WORTH[evidence].capitalize()}.",
        "M from the exact 95 % lower bound of the share handled inside the FHTI (29 clean attempts for "
        "5, 99 for 4, 299 for 3, 2995 for 2; never 1); the worst operating point counts, undecided is not handled. "
        "Each rating holds on its own: of 100 such bounds five may be too good.",
        "Attempts sample the phase of the DUT's cycle, the spread of the pack's cells and the boot, at one operating "
        "point each: no sample of life (age, temperature, longer uptimes). At bunched phases they count as one.",
        "AP, RPN: without detection → as earned, where hardware earned M and a source states S and O (D taken equal to "
        "M: a test rating, not an in-service one). In brackets: what less than that gives, which earns no reduction; "
        "'?': assumed; (SFO?): which of severity, frequency and occurrence are assumed.",
        f"† action priority (AP) table {AP_CAVEAT}.",
        f"* FMEA-MSR priority {MSR_CAVEAT}.",
    ]
    sources = {
        f"{c.mode.id}: {c.mode.monitoring_source}" for c in found if c.mode.monitoring_assumed is not None
    }
    return [*lines, *handled_lines(counted), *(f"assumption {text}" for text in sorted(sources))]


def _markdown(goals: Any, found: tuple[Cell, ...], told: list[str], shown: Claimed | None = None) -> None:
    from bench.report.markdown import text
    from bench.report.safety_tables import FMEA, HARA, STANDING, alike_together, hara_rows, markdown_table

    typer.echo(f"## Hazard analysis\n\n{markdown_table(HARA, hara_rows(goals))}\n")
    typer.echo(f"## Chemistries\n\n{markdown_table(STANDING, _standing(found))}\n")
    if shown is not None:
        markdown_claims(shown)
    typer.echo(f"## Failure modes\n\n{markdown_table(FMEA, alike_together(_rows(found)))}\n")
    alike: dict[FailureMode, list[str]] = {}
    for one in found:
        alike.setdefault(one.mode, []).append(one.chemistry)
    every = len({one.chemistry for one in found})
    sources = [
        (
            m.id + (f" on {', '.join(chemistries)}" if len(chemistries) < every else ""),
            m.title,
            ", ".join(m.faults),
            ", ".join(m.scenarios),
            f"{m.severity}: {m.severity_source}",
            f"{m.frequency}: {m.frequency_source}",
            f"{m.occurrence}: {m.occurrence_source}",
        )
        for m, chemistries in alike.items()
    ]
    headings = ("failure mode", "title", "faults", "scenarios", "S", "F", "O")
    typer.echo(f"## Inputs\n\n{markdown_table(headings, sources)}\n")
    typer.echo("\n".join(f"- {text(line)}" for line in told))


def _show(goals: Any, found: tuple[Cell, ...], told: list[str]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from bench.report.safety_tables import FMEA, HARA, STANDING, alike_together, hara_rows

    console = Console()
    if not console.is_terminal:
        console = Console(width=170)
    for title, headings, rows in (
        ("Hazard analysis (goals of the FMEA)", HARA, hara_rows(goals)),
        ("Failure modes, chemistries side by side", FMEA, alike_together(_rows(found))),
        ("Chemistries: what the failure modes above have earned", STANDING, _standing(found)),
    ):
        table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
        for name in headings:
            table.add_column(name, no_wrap=name in ("goal", "failure mode", "RPN", "AP†"), overflow="fold")
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


COMMAND = Command(name="safety", call=safety, place=220)
