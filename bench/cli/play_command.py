"""`hil play`: a simulator behind a port, for trying a bench file as if the instrument stood on the desk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.command import Command
from bench.cli.options import DEFAULT_CONFIG, ConfigOption, load_rig


def play(
    name: Annotated[
        str,
        typer.Argument(
            help="The instrument's name in the bench file, such as 'cells'; 'power' is the supply of [dut.power]."
        ),
    ],
    config: ConfigOption = DEFAULT_CONFIG,
    tcp: Annotated[
        bool,
        typer.Option(
            "--tcp", help="On TCP ports of this machine instead, where the instrument has a network port."
        ),
    ] = False,
    log: Annotated[
        Path | None,
        typer.Option("--log", help="Cells: a file that gets a JSON line when outputs go on or off."),
    ] = None,
    linger: Annotated[
        float, typer.Option("--linger", help="Cells: seconds to live on after the port was closed.")
    ] = 600.0,
) -> None:
    """Play an instrument of the bench file on a pseudo-terminal; write the port it prints into [instrument.NAME].

    It says how to talk to it, then a line of JSON for its port and for each change.

    `cells` plays the emulator, virtual relay cards in its wires, and the analogue front end on the
    sense bus, so that a DUT sees its cells. A Bloomy BS1200 is played on its CAN bus: its port is
    "bus". Ctrl-C ends it.
    """
    import os

    from bench.wiring.by_hand import named, play_power, play_side, rack_words, say_json

    wired = load_rig(config, None, None, None)
    if name == "power":
        _tell_how("dut.power", tcp=tcp)
        play_power(wired.config, say_json, tcp=tcp)
        return
    one = named(wired.config, name)
    if one.facts.on_can:
        typer.echo('on its CAN bus: write port = "bus" into [instrument.cells]. Ctrl-C ends it.', err=True)
    else:
        _tell_how(f"instrument.{name}", tcp=tcp)
    if one.facts.role != "cells":
        play_side(one, say_json, tcp=tcp)
        return
    words = rack_words(wired, log=None if log is None else str(log), linger_s=linger, tcp=tcp)
    os.execv(words[0], words)


def _tell_how(table: str, *, tcp: bool) -> None:
    """On stderr, since stdout is for programs: a line of JSON each."""
    by_hand = "nc HOST PORT" if tcp else "python3 -m serial.tools.miniterm PORT (Ctrl-] leaves it)"
    typer.echo(
        f"The first line is its port: write it as `port` into [{table}] of the bench file, and `hil run` talks to it.\n"
        f"By hand: {by_hand}; docs/instruments.md has what it understands. Ctrl-C ends it.",
        err=True,
    )


COMMAND = Command(name="play", call=play, place=130)
