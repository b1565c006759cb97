"""`hil doctor`: what is wired, reachable and permitted, and what this machine's timing is worth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.json_mode import JsonOption, say
from bench.cli.options import DEFAULT_CONFIG, ConfigOption, FirmwareOption, TimeOption, load_rig

if TYPE_CHECKING:
    from bench.doctor.finding import Finding
    from bench.report.told.bench import DoctorTold


def register(app: typer.Typer) -> None:
    app.command(name="doctor")(doctor)


def doctor(
    config: ConfigOption = DEFAULT_CONFIG,
    time: TimeOption = None,
    firmware: FirmwareOption = None,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.2, max=600, help="How long each timing is measured.")
    ] = 2.0,
    out: Annotated[
        Path | None, typer.Option("--out", help="The record folder, where `hil run --out` named another.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what is wired, reachable and permitted, measure this machine's timing, and name the mend for what is not.

    A poisoned rig (a fault could not be cleared, `hil run` refuses) is switched off, read back and given free again.
    Exit code 0: the configured bench is usable; 3: it is not; 2: a file is wrong.
    """
    import dataclasses

    from bench.doctor.examine import examine, usable

    wired = load_rig(config, time, firmware, None)
    if out is not None:
        record = dataclasses.replace(wired.config.record, folder=out.resolve())
        wired = dataclasses.replace(wired, config=dataclasses.replace(wired.config, record=record))
    found: list[Finding] = []
    for finding in examine(wired, seconds):
        found.append(finding)
        if not as_json:
            _show(finding)
    good = usable(found)
    code = 0 if good else 3
    if as_json:
        raise say(_told(found, good), code)
    typer.echo("usable as configured" if good else "not usable as configured: mend what is marked BAD")
    raise typer.Exit(code)


def _show(finding: Finding) -> None:
    colour = {"ok": typer.colors.GREEN, "note": typer.colors.YELLOW, "bad": typer.colors.RED}[finding.state]
    word = typer.style(f"{finding.state.upper():4}", fg=colour, bold=finding.state == "bad")
    typer.echo(f"{word} {finding.area}: {finding.text}")
    if finding.mend:
        typer.echo(f"     → {finding.mend}")


def _told(found: list[Finding], good: bool) -> DoctorTold:
    from bench.report.told.bench import DoctorFound, DoctorState, DoctorTold

    return DoctorTold(
        usable=good,
        findings=tuple(
            DoctorFound(
                area=one.area,
                state=DoctorState(one.state),
                text=one.text,
                mend=one.mend,
                figures_us=dict(one.figures_us),
            )
            for one in found
        ),
    )
