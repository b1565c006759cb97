"""`hil safety`: hazard analysis and FMEA with ratings that runs have earned, chemistries side by side."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.command import Command
from bench.cli.json_mode import JsonOption, say
from bench.cli.options import DEFAULT_CONFIG, ConfigOption, FirmwareOption, load_rig, load_scenarios
from bench.cli.safety_claims import Claimed, show_claims
from bench.cli.safety_earn import Wanted, earn_on_each
from bench.cli.safety_shown import notes, show_markdown, show_tables, write_page

if TYPE_CHECKING:
    from bench.report.told.physics import SafetyTold
    from bench.safety.failure_modes import Cell
    from bench.safety.hazard_file import HazardFile
    from bench.timing.evidence_class import EvidenceClass
    from bench.verdict.claims import ClaimFound
    from bench.verdict.fmea import FailureMode


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
        list[str] | None,
        typer.Option(
            "-k", help="Only failure modes whose id or safety goal contains this text. May be repeated."
        ),
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
    from bench.record.targets import try_file
    from bench.report.traceability import denominator
    from bench.running.load import whole_library
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
    from bench.verdict.budgets import load_budgets

    evidence = _evidence(time)
    try_file("--out", out)
    wired = load_rig(config, None, firmware, None)
    _, budgets_file = load_scenarios(wired, None, None)  # says what is wrong with a file
    library = whole_library(wired)
    goals = denominator(load_budgets(budgets_file), library.lent)
    asked = _known(chemistry)
    against = next(iter(_known([against], "--against")))
    every_mode = load_fmea(fmea, goals, library, (*asked, against))
    open_points = gaps(every_mode, library, goals)
    modes = _chosen(every_mode, only, fmea)
    folder = runs or wired.config.record.folder
    hazards = load_hazards(hazard := _hazard_file(hazard, folder))
    read = newest_runs(folder, wired.config.dut.firmware, evidence)
    if earn is not None:
        wanted = Wanted(
            config=config, time=time, firmware=firmware, folder=folder, attempts=earn, quiet=as_json
        )
        earn_on_each(wanted, asked, modes, read.by_chemistry, not_for(library))
        read = newest_runs(folder, wired.config.dut.firmware, evidence)
    tell_altered("among these runs, which earn nothing", read.altered, err=as_json)
    every = dict.fromkeys((*asked, against))
    all_cells = cells(modes, read.by_chemistry, tuple(every), hazards.earliest(), not_for(library), goals)
    found = tuple(one for one in all_cells if one.chemistry in asked)
    here = {one: load_budgets(budgets_file, one) for one in asked}
    used = {one.safety_goal for one in modes}
    hara = beside_each_other({goal: one for goal, one in goals.items() if markdown or goal in used}, here)
    shown = Claimed(
        claims=_claims(all_cells, hazards, against, asked),
        ftti=ftti_bounds({goal: goals[goal] for goal in goals if goal in used}, here, hazards),
    )
    altered = [f"ALTERED, earns nothing: {line}" for line in read.altered]
    told = [
        *altered,
        *notes(found, handled_by_goal(found), evidence),
        *_of_hazard(hazard, hazards),
        *open_points,
        *_of_misfits(read.misfits),
    ]
    if out is not None:
        used_hara = {goal: one for goal, one in hara.items() if one.safety_goal in used}
        write_page(out, wired.config.dut.firmware, evidence, used_hara, found, told, shown, read.altered)
    if as_json:
        raise say(_told(found, shown, evidence, told, read.altered), ended_with(0, read.altered))
    if claimed and not markdown:
        show_claims(shown, [*altered, *_of_hazard(hazard, hazards)])
    else:
        (show_markdown if markdown else show_tables)(hara, found, told, shown if claimed else None)
    if not markdown and out is not None:
        typer.echo(f"report  {out}")
    raise end(0, read.altered)


def _claims(
    cells: Sequence[Cell], hazards: HazardFile, against: str, asked: Collection[str]
) -> tuple[ClaimFound, ...]:
    """The claims on the chemistries that were asked for."""
    from bench.safety.claims import claims

    return tuple(one for one in claims(cells, hazards, against) if one.chemistry in asked)


def _evidence(time: str) -> EvidenceClass:
    from bench.errors import ConfigError
    from bench.timing.evidence_class import BY_OPTION

    if time not in BY_OPTION:
        raise ConfigError(f"--time: found '{time}'; expected {' or '.join(BY_OPTION)}")
    return BY_OPTION[time]


def _chosen(modes: tuple[FailureMode, ...], only: list[str] | None, fmea: Path) -> tuple[FailureMode, ...]:
    from bench.errors import ConfigError

    if not only:
        return modes
    chosen = tuple(one for one in modes if any(text in one.id or text in one.safety_goal for text in only))
    if not chosen:
        raise ConfigError(f"-k '{' '.join(only)}': no failure mode or safety goal of {fmea} contains it")
    return chosen


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


def _known(asked: list[str] | None, option: str = "--chemistry") -> dict[str, str]:
    """Id → as asked for: shipped ones (default: all) by their id, the user's own by the path of their file."""
    from bench.errors import ConfigError, choices, nearest
    from bench.plant.chemistry import Chemistry

    known = Chemistry.known()
    found: dict[str, str] = {}
    for one in asked or [name for name in Chemistry.shipped() if name in known]:
        if one.endswith(".toml"):
            found[Chemistry.load(one).id] = one
        elif one in known:
            found[one] = one
        else:
            raise ConfigError(
                f"{option}: found '{one}'; expected one of {choices(one, known)}, or a chemistry's .toml file"
                f"{nearest(one, known)}"
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


COMMAND = Command(name="safety", call=safety, place=220)
