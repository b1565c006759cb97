"""`hil rearm`: give a rig free that an emergency stop or an interlock has stopped."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.cli.command import Command
from bench.cli.options import DEFAULT_CONFIG, ConfigOption, TimeOption, load_rig


def rearm(
    operator: Annotated[
        str, typer.Option("--operator", help="Who gives it free; is kept.", show_default=False)
    ],
    config: ConfigOption = DEFAULT_CONFIG,
    time: TimeOption = None,
) -> None:
    """Give a stopped rig free, by hand: after an emergency stop or an open interlock nothing drives it before.

    Every contact of [safety] is read first. Exit 3: one of them is open, or the latch cannot be taken off.
    """
    from bench.record.latch import rearm as take_off
    from bench.record.latch import why_latched
    from bench.wiring.safety import look, utc_now

    bench = load_rig(config, time, None, None).config
    why = why_latched(bench.record.rig)
    if why is None:
        typer.echo("not stopped: nothing to give free")
        return
    typer.echo(f"stopped: {why}")
    shut = True
    for one, said, closed in look(bench):
        typer.echo(f"{one.words}: {said}")
        shut = shut and closed
    if not shut:
        typer.echo("stays stopped: close every contact first", err=True)
        raise typer.Exit(3)
    take_off(bench.record.rig, operator, utc_now())
    typer.echo(f"given free by {operator}: `hil run` drives this rig again")


COMMAND = Command(name="rearm", call=rearm, place=210)
