"""`hil run`: fire the scenarios, show progress, write evidence, JUnit, HTML and the results database."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.command import Command
from bench.cli.json_mode import JsonOption, say
from bench.cli.options import (
    DEFAULT_CONFIG,
    LONG_LANE,
    ChemistryOption,
    ConfigOption,
    FilterOption,
    FirmwareChemistryOption,
    FirmwareOption,
    JUnitStyleOption,
    ScenariosArgument,
    TimeOption,
    selection_words,
)
from bench.cli.show_run import show_last_line, show_tables, tell_qualified
from bench.report.junit_style import JUnitStyle

if TYPE_CHECKING:
    from bench.cli.progress import Progress
    from bench.door.progress import Event, Planned
    from bench.door.run import Order, Run
    from bench.door.session import Bench
    from bench.report.told.stored import RunTold
    from bench.running.load import Selected


def run(
    scenarios: ScenariosArgument = None,
    config: ConfigOption = DEFAULT_CONFIG,
    time: TimeOption = None,
    firmware: FirmwareOption = None,
    chemistry: ChemistryOption = None,
    firmware_chemistry: FirmwareChemistryOption = None,
    only: FilterOption = None,
    repeat: Annotated[
        int | None,
        typer.Option(
            "--repeat", min=1, help="Shots per scenario (default: simulated as the file says, real 1)."
        ),
    ] = None,
    long: Annotated[
        bool, typer.Option("--long", help="With the scenarios of the long lane, which a run leaves out else.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", help="Everything random derives from it.")] = 1,
    operator: Annotated[
        str, typer.Option("--operator", help="Who runs it, for the head of its reports.", show_default=False)
    ] = "",
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes in simulated time.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Where run folders go (default: as configured).")
    ] = None,
    junit: Annotated[
        Path | None, typer.Option("--junit", help="JUnit XML (default: in the run folder).")
    ] = None,
    junit_style: JUnitStyleOption = JUnitStyle.FULL,
    report: Annotated[
        Path | None, typer.Option("--report", help="HTML report (default: in the run folder).")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run scenarios (default: all of scenarios/) and judge them."""
    from bench.door.choosing import chosen
    from bench.door.run import Order
    from bench.door.session import Bench
    from bench.errors import BenchError

    bench = Bench.open(
        config, time=time, firmware=firmware, chemistry=chemistry, firmware_chemistry=firmware_chemistry
    )
    selected = chosen(bench.wired, scenarios, only, long=long)
    order = Order(
        selection=selection_words(scenarios, only),
        seed=seed,
        repeat=repeat,
        operator=operator,
        workers=workers,
        out=out,
        junit=junit,
        junit_style=junit_style,
        report=report,
    )
    made = run_shown(bench, selected, order, shown=not as_json)
    if as_json:
        raise say(_told(made), made.exit_code)
    _show(made)
    if made.left_out:
        typer.echo(f"not run, {LONG_LANE}: {', '.join(made.left_out)}")
    with suppress(BenchError):  # what cannot be read back has been warned of
        tell_qualified(made.folder)
    show_last_line(made.result, whole=not made.troubles)
    raise typer.Exit(made.exit_code)


def run_shown(bench: Bench, selected: Selected, order: Order, *, shown: bool) -> Run:
    """Make a run and tell it on stderr. If a signal has ended it, tell what had finished. shown: more than warnings."""
    from bench.door.run import Stopped, make_run

    with _Display(shown=shown) as display:
        try:
            return make_run(bench.wired, selected, order, display.hear)
        except Stopped as stopped:  # the process ends by its signal all the same: see bench.cli.ending
            return stopped.run


def _told(made: Run) -> RunTold:
    from bench.report.told.stored import RunTold
    from bench.verdict.family import at_once
    from bench.verdict.uncertainty import uncertainty_of_run

    return RunTold(
        run=made.result,
        verdict=made.verdict,
        files={name: str(path) for name, path in made.files.items()},
        troubles=made.troubles,
        left_out=made.left_out,
        at_once=at_once(made.scenarios),
        uncertainty=uncertainty_of_run(made.result),
    )


class _Display:
    """Tells a run on stderr. shown: its banner and its bar too, else only what is worth a warning."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._bar: Progress | None = None
        self._must_fail: frozenset[str] = frozenset()

    def __enter__(self) -> _Display:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._take_down()

    def hear(self, event: Event) -> None:
        from bench.door.progress import Noted, Planned, ShotDone, ShotsEnded

        match event:
            case Planned():
                self._set_up(event)
            case ShotDone(scenario_id=scenario_id, result=result) if self._bar is not None:
                verdict = result.judgement.verdict.name
                good = verdict == "FAIL" and scenario_id in self._must_fail
                self._bar.advance(scenario_id, "PASS" if good else verdict)
            case ShotsEnded(aborted=aborted, by_user=by_user):
                self._take_down()
                if aborted is not None and not by_user:
                    typer.echo(aborted, err=True)
            case Noted():
                typer.echo(str(event), err=True)
            case _:
                pass

    def _set_up(self, planned: Planned) -> None:
        from bench.cli.progress import Progress
        from bench.report.safety_tables import seconds

        self._must_fail = planned.must_fail
        if self._shown:
            clock = "simulated" if planned.simulated else "real"
            typer.echo(planned.banner, err=True)
            lasts = f"at most about {seconds(planned.at_most_s)} of {clock} time"
            typer.echo(f"{len(planned.shots)} scenarios, {lasts}", err=True)
        caught = dict.fromkeys(planned.must_fail, "all failed, as they must")
        self._bar = Progress(dict(planned.shots), shown=self._shown, good=caught)
        self._bar.__enter__()

    def _take_down(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None


def _show(made: Run) -> None:
    from rich.console import Console

    console = Console()
    show_tables(made.result, made.files.get("evidence"))
    for name, path in made.files.items():
        console.print(f"{name:>9}  {path}", highlight=False, soft_wrap=True)
    if made.result.aborted is not None:
        console.print(
            f"[bold red]aborted:[/] {made.result.aborted}; what had finished is kept", highlight=False
        )


COMMAND = Command(name="run", call=run, place=10)
