"""`hil safety --earn`: one run of what the failure modes lack on a chemistry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bench.cli.json_mode import note_trouble
from bench.cli.options import load_scenarios

if TYPE_CHECKING:
    from bench.safety.failure_modes import NotFor
    from bench.verdict.fmea import FailureMode
    from bench.verdict.result import RunResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What `--earn` asks of a chemistry, and on which bench."""

    config: Path
    time: str
    firmware: str | None
    folder: Path
    attempts: int
    quiet: bool


def earn_lacking(
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


def earn_on_each(
    wanted: Wanted,
    chemistries: Mapping[str, str],
    modes: Sequence[FailureMode],
    had: Mapping[str, Sequence[RunResult]],
    excused: NotFor,
) -> None:
    """chemistries: id, as asked for."""
    for one, asked in chemistries.items():
        earn_lacking(wanted, asked, modes, had.get(one, []), excused)
