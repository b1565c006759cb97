"""`hil doctor`: what is wired, reachable and permitted, and what this machine's timing is worth."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.command import Command
from bench.cli.json_mode import JsonOption, say
from bench.cli.options import DEFAULT_CONFIG, ConfigOption, FirmwareOption, TimeOption, load_rig

if TYPE_CHECKING:
    from bench.doctor.finding import Checkup
    from bench.report.told.bench import DoctorTold
    from bench.wiring.common import Wired


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
    forget: Annotated[
        list[str] | None,
        typer.Option(
            "--forget", metavar="RUN_ID", help="Take a run off the database whose folder is gone for good."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what is wired, reachable and permitted, measure this machine's timing, and name the mend for what is not.

    A poisoned rig (a fault could not be cleared, `hil run` refuses) is switched off, read back and given free again.
    The results database is made to say what the run folders say.
    Exit code 0: the configured bench is usable; 3: it is not; 2: a file is wrong.
    """
    import dataclasses

    from bench.doctor.examine import examine, usable

    wired = load_rig(config, time, firmware, None)
    if out is not None:
        record = dataclasses.replace(wired.config.record, folder=out.resolve())
        wired = dataclasses.replace(wired, config=dataclasses.replace(wired.config, record=record))
    if forget:
        raise _forget(wired, forget, as_json)
    found: list[Checkup] = []
    for finding in chain(examine(wired, seconds), _records(wired)):
        found.append(finding)
        if not as_json:
            _show(finding)
    good = usable(found)
    code = 0 if good else 3
    if as_json:
        raise say(_told(found, good), code)
    typer.echo("usable as configured" if good else "not usable as configured: mend what is marked BAD")
    raise typer.Exit(code)


def _records(wired: Wired) -> Iterator[Checkup]:
    """A note at most, for a run is complete without a database; but with a URL that nothing opens none begins."""
    from bench.doctor.finding import Checkup, Health
    from bench.errors import UnusableUrl
    from bench.stored.listed import examine_listed

    area, record = "results database", wired.config.record
    try:
        for one in examine_listed(record.database, record.folder):
            yield Checkup(
                area=area, state=Health.OK if one.good else Health.NOTE, text=one.text, mend=one.mend
            )
    except UnusableUrl as error:
        yield Checkup(area=area, state=Health.BAD, text=str(error), mend="correct [record] database")


def _forget(wired: Wired, run_ids: list[str], as_json: bool) -> typer.Exit:
    """What to raise: 0 where every run is off the database."""
    from bench.doctor.finding import Checkup, Health
    from bench.stored.listed import forget

    record = wired.config.record
    lines = list(forget(record.database, record.folder, run_ids))
    code = 0 if all(good for good, _ in lines) else 3
    for _, line in lines:
        typer.echo(line, err=True)
    if not as_json:
        return typer.Exit(code)
    found = [
        Checkup(area="results database", state=Health.OK if good else Health.BAD, text=line)
        for good, line in lines
    ]
    return say(_told(found, code == 0), code)


def _show(finding: Checkup) -> None:
    colour = {"ok": typer.colors.GREEN, "note": typer.colors.YELLOW, "bad": typer.colors.RED}[finding.state]
    word = typer.style(f"{finding.state.upper():4}", fg=colour, bold=finding.state == "bad")
    typer.echo(f"{word} {finding.area}: {finding.text}")
    if finding.mend:
        typer.echo(f"     → {finding.mend}")


def _told(found: list[Checkup], good: bool) -> DoctorTold:
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


COMMAND = Command(name="doctor", call=doctor, place=40)
