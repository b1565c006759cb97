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
    CoreOption,
    FiltersOption,
    FirmwareChemistryOption,
    FirmwareOption,
    JUnitStyleOption,
    ScenariosArgument,
    TimeOption,
    VerboseOption,
    selection_words,
    take_core,
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
    core: CoreOption = None,
    firmware: FirmwareOption = None,
    chemistry: ChemistryOption = None,
    firmware_chemistry: FirmwareChemistryOption = None,
    asked: FiltersOption = None,
    exact: Annotated[bool, typer.Option("--exact", help="-k names whole ids: without their twins.")] = False,
    last_failed: Annotated[
        bool, typer.Option("--last-failed", help="Only what did not pass in the newest run.")
    ] = False,
    first: Annotated[bool, typer.Option("-x", help="End the run when a scenario fails.")] = False,
    max_fail: Annotated[
        int | None,
        typer.Option(
            "--max-fail", min=1, help="End the run when so many scenarios failed.", show_default=False
        ),
    ] = None,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Also where the DUT has not come up once.")
    ] = False,
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
    label: Annotated[
        str, typer.Option("--label", help="A name by which commands find the run.", show_default=False)
    ] = "",
    note: Annotated[
        str, typer.Option("--note", help="Why it is made, for the head of its reports.", show_default=False)
    ] = "",
    dut_serial: Annotated[
        str, typer.Option("--dut-serial", help="Which device is on the rig.", show_default=False)
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
    verbose: VerboseOption = False,
    as_json: JsonOption = False,
) -> None:
    """Run scenarios (default: all of scenarios/) and judge them."""
    from bench.door.choosing import chosen
    from bench.door.ending_early import EndRule
    from bench.door.run import Order
    from bench.door.session import Bench
    from bench.errors import BenchError
    from bench.running.filter_words import joined

    if core is not None:
        take_core(core)
    bench = Bench.open(
        config, time=time, firmware=firmware, chemistry=chemistry, firmware_chemistry=firmware_chemistry
    )
    only = joined(asked, exact=exact)
    selected = chosen(bench.wired, scenarios, only, long=long or last_failed)
    selection = selection_words(scenarios, only)
    if last_failed:
        selected, selection = _failed_last(bench, selected)
    order = Order(
        selection=selection,
        rule=EndRule(keep_going=keep_going, most_failed=1 if first else max_fail),
        seed=seed,
        repeat=repeat,
        operator=operator,
        label=label,
        note=note,
        dut_serial=dut_serial,
        workers=workers,
        out=out,
        junit=junit,
        junit_style=junit_style,
        report=report,
    )
    made = run_shown(bench, selected, order, shown=not as_json)
    if as_json:
        raise say(_told(made), made.exit_code)
    _show(made, every=verbose)
    if made.left_out:
        typer.echo(f"not run, {LONG_LANE}: {', '.join(made.left_out)}")
    with suppress(BenchError):  # what cannot be read back has been warned of
        tell_qualified(made.folder)
    show_last_line(made.result, whole=not made.troubles)
    raise typer.Exit(made.exit_code)


def _failed_last(bench: Bench, selected: Selected) -> tuple[Selected, str]:
    """What of the selection did not pass in the newest run, and how the record says so. Raises ScenarioError."""
    from bench.errors import ScenarioError
    from bench.running.load import BY_ID, Selected
    from bench.stored.last_failed import last_failed

    folder, failed = last_failed(bench.wired.config.record.folder)
    prepared = [one for one in selected.prepared if one.scenario.id in failed]
    if not prepared:
        raise ScenarioError(
            f"--last-failed: found none of what is asked for among the {len(failed)} that did not pass in "
            f"{folder}; expected one at least"
        )
    kept = Selected(prepared=prepared, budgets_file=selected.budgets_file, left_out=())
    return kept, BY_ID + " ".join(one.scenario.id for one in prepared)


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
            lasts = f"about {seconds(planned.about_s)} of {clock} time, at most {seconds(planned.at_most_s)}"
            typer.echo(f"{len(planned.shots)} scenarios, {lasts}", err=True)
            if planned.long:
                told = ", ".join(f"{name} {seconds(lasts_s)}" for name, lasts_s in planned.long.items())
                typer.echo(f"long: {told}", err=True)
        caught = dict.fromkeys(planned.must_fail, "all failed, as they must")
        self._bar = Progress(dict(planned.shots), shown=self._shown, good=caught)
        self._bar.__enter__()

    def _take_down(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None


def _show(made: Run, *, every: bool) -> None:
    from rich.console import Console

    from bench.running.load import ENDED_EARLY

    console = Console()
    show_tables(made.result, made.files.get("evidence"), every=every)
    for name, path in made.files.items():
        console.print(f"{name:>9}  {path}", highlight=False, soft_wrap=True)
    if made.result.aborted is not None and not made.result.aborted.startswith(ENDED_EARLY):
        console.print(
            f"[bold red]aborted:[/] {made.result.aborted}; what had finished is kept", highlight=False
        )


COMMAND = Command(name="run", call=run, place=10)
