"""`hil note`: what a person says of a finished run: this anomaly is closed, and why; I approve it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.command import Command
from bench.cli.the_run import RunArgument

if TYPE_CHECKING:
    from bench.stored.notes import RunNotes
    from bench.verdict.result import RunResult


def note(
    run: RunArgument,
    close: Annotated[
        str | None,
        typer.Option("--close", help="An anomaly's id, as this command lists them.", show_default=False),
    ] = None,
    approve: Annotated[bool, typer.Option("--approve", help="The run as a whole.")] = False,
    by: Annotated[str | None, typer.Option("--by", help="Who says so.", show_default=False)] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why.", show_default=False)] = "",
) -> None:
    """List a run's anomalies and who closed them; close one, or approve the run. Exit 3: altered.

    Notes lie beside the run's folder, in <run>.notes.jsonl, each chained to the run and to the one before it.
    """
    from bench.cli.altered import end, tell_altered
    from bench.errors import ConfigError, RecordError
    from bench.stored.builds import load_checked
    from bench.stored.notes import add_note, notes_file, read_notes

    asked = close is not None or approve
    if (
        (close is not None and approve)
        or (asked and by is None)
        or (not asked and (by is not None or reason))
    ):
        raise ConfigError("hil note: expected nothing, or --close ID or --approve, each with --by NAME")
    stored = load_checked(run)
    tell_altered(run, stored.altered)
    if asked and stored.altered:
        raise RecordError(f"{run}: is not as it was written; nothing is noted on it")
    if asked and by is not None:
        add_note(run, stored.result, by=by, reason=reason, anomaly=close or "")
        typer.echo(f"noted in {notes_file(run)}")
    kept = read_notes(run)
    _show(stored.result, kept)
    raise typer.Exit(3) if kept.trouble else end(0, stored.altered)


def _show(result: RunResult, kept: RunNotes) -> None:
    from bench.report.anomalies import anomalies
    from bench.report.finding_words import finding_words
    from bench.report.notes import of_anomaly

    if kept.trouble:
        typer.echo(kept.trouble, err=True)
    closed = {one.anomaly: one for one in kept.notes if one.anomaly}
    found = anomalies(result.scenarios)
    for one in found:
        name = of_anomaly(one)
        shots = "1 shot" if one.shots == 1 else f"{one.shots} shots"
        typer.echo(
            f"{name} {'closed' if name in closed else 'open  '} {finding_words(one.finding)} ({shots})"
        )
        if name in closed:
            typer.echo(f"       by {closed[name].by}, {closed[name].utc}: {closed[name].reason}")
    for note in (each for each in kept.notes if not each.anomaly):
        typer.echo(f"approved by {note.by}, {note.utc}{': ' + note.reason if note.reason else ''}")
    typer.echo(
        f"{len([one for one in found if of_anomaly(one) not in closed])} of {len(found)} anomalies open"
    )


COMMAND = Command(name="note", call=note, place=120)
