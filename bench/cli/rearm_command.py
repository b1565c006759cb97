"""`hil rearm`: give a rig free that an emergency stop or an interlock has stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.command import Command
from bench.cli.options import DEFAULT_CONFIG, ConfigOption, TimeOption, load_rig

if TYPE_CHECKING:
    from bench.config.bench_file import BenchConfig
    from bench.record.latch import Latch


def rearm(
    operator: Annotated[
        str, typer.Option("--operator", help="Who gives it free; is kept.", show_default=False)
    ],
    config: ConfigOption = DEFAULT_CONFIG,
    time: TimeOption = None,
) -> None:
    """Release a stopped rig by hand. After an emergency stop or an open interlock nothing is driven before that.

    First every contact of [safety] is read, and real contacts whatever --time says. Exit 3: a contact is open, the
    bench file does not name the contact that stopped the rig, another process drives the rig, or the latch cannot be
    taken off.
    """
    from bench.confidence.reviewed import why_no_name
    from bench.errors import ConfigError
    from bench.record.latch import read_latch
    from bench.record.latch import rearm as take_off
    from bench.record.rig_hold import rig_held
    from bench.wiring.safety import utc_now

    if why_no_name(operator) is not None:
        raise ConfigError(
            f"--operator: found {operator!r}; expected the name of whoever gives the rig free, in printable characters"
        )
    bench = load_rig(config, time, None, None).config
    found = read_latch(bench.record.rig)
    if found is None:
        typer.echo("not stopped: nothing to give free")
        return
    typer.echo(f"stopped: {found.why}")
    with rig_held(bench):  # what drives it meanwhile reads the same contacts
        _refuse_unread(bench, found)
        take_off(bench.record.rig, operator, utc_now())
    typer.echo(f"given free by {operator}: `hil run` drives this rig again")


def _refuse_unread(bench: BenchConfig, found: Latch) -> None:
    from bench.config.safety import Source
    from bench.record.latch import latch_of
    from bench.wiring.safety import look

    real = [one.place for one in bench.safety if one.source is not Source.PLAYED]
    if (why := found.why_not_free([one.place for one in bench.safety], real)) is not None:
        typer.echo(f"stays stopped: {latch_of(bench.record.rig)}: {why}", err=True)
        raise typer.Exit(3)
    shut = True
    for one, said, closed in look(bench, in_any_time=True):
        typer.echo(f"{one.words}: {said}")
        shut = shut and closed
    if not shut:
        typer.echo("stays stopped: close every contact first", err=True)
        raise typer.Exit(3)


COMMAND = Command(name="rearm", call=rearm, place=210)
