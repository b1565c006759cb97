"""`hil run`: fire the scenarios, show progress, write evidence, JUnit, HTML and the results database."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
    exit_code,
    load_rig,
    selection_words,
)
from bench.cli.show_run import show_last_line, show_tables, tell_qualified
from bench.report.junit_style import JUnitStyle

if TYPE_CHECKING:
    from bench.live.feed import LiveFeed
    from bench.report.told.stored import RunTold
    from bench.running.local import Campaign
    from bench.running.results import Collector, Covered
    from bench.scenario.library import Library
    from bench.scenario.prepare import Prepared
    from bench.timing.hold import Hold
    from bench.verdict.result import RunResult, ShotResult
    from bench.wiring.common import Wired


def register(app: typer.Typer) -> None:
    app.command(name="run")(run)


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
    from bench.confidence.stamp_worth import with_measured_stamps
    from bench.errors import BenchError
    from bench.links.can_options import refuse_wrong_options
    from bench.proof.qualification import find_covering
    from bench.record.asked_database import refuse_unusable_url
    from bench.record.latch import refuse_if_latched
    from bench.record.poison import refuse_if_poisoned
    from bench.record.targets import try_files
    from bench.running.load import select_scenarios, whole_library

    wired = load_rig(config, time, firmware, chemistry, firmware_chemistry)
    refuse_wrong_options(wired.config)
    refuse_unusable_url(wired.config)
    covered = find_covering(wired, wired.config.record.folder)
    wired = with_measured_stamps(wired, covered)
    if out is not None:
        wired = _recording_into(out, wired)
    refuse_if_poisoned(wired.config.record.rig)
    refuse_if_latched(wired.config.record.rig)
    selected = select_scenarios(wired, scenarios, only, long=long, mismatches=True)
    prepared, budgets_file = selected.prepared, selected.budgets_file
    if repeat is None and not wired.config.simulated:
        repeat = 1
    if wired.config.mqtt is not None:
        from bench.live.feed import check_live, in_the_clear

        check_live(wired.config.mqtt)
        if told := in_the_clear(wired.config.mqtt):
            typer.echo(told, err=True)
    try_files({"--junit": junit, "--report": report})
    library = whole_library(wired, [one.scenario.file for one in prepared])
    asked = Asked(
        covered=covered,
        library=library,
        selection=selection_words(scenarios, only),
        seed=seed,
        repeat=repeat,
        operator=operator,
        workers=workers,
        junit=junit,
        junit_style=junit_style,
        report=report,
        shown=not as_json,
    )
    tell_left_out(wired)
    fired = fire(wired, prepared, budgets_file, asked)
    result = fired.result
    code = 3 if fired.troubles else exit_code(result)
    if as_json:
        raise say(_told(fired, selected.left_out), code)
    _show(result, fired.files)
    if selected.left_out:
        typer.echo(f"not run, {LONG_LANE}: {', '.join(selected.left_out)}")
    with suppress(BenchError):  # what cannot be read back has been warned of
        tell_qualified(fired.folder)
    show_last_line(result)
    raise typer.Exit(code)


def _told(fired: Fired, left_out: Iterable[str]) -> RunTold:
    from bench.report.told.stored import RunTold
    from bench.verdict.family import at_once
    from bench.verdict.uncertainty import uncertainty_of_run

    return RunTold(
        run=fired.result,
        verdict=fired.result.verdict,
        files={name: str(path) for name, path in fired.files.items()},
        troubles=fired.troubles,
        left_out=tuple(left_out),
        at_once=at_once(fired.result.scenarios),
        uncertainty=uncertainty_of_run(fired.result),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How a run is to be made and told. None: by default."""

    covered: Covered
    library: Library
    selection: str
    seed: int = 1
    repeat: int | None = None
    operator: str = ""
    workers: int | None = None
    junit: Path | None = None
    junit_style: JUnitStyle = JUnitStyle.FULL
    report: Path | None = None
    shown: bool = True


def tell_left_out(wired: Wired) -> None:
    """One line on stderr: messages that no scenario needs, and that a file describes wrongly."""
    left = [
        one.message
        for db in wired.databases.values()
        for one in db.troubles
        if one.message and not one.usable
    ]
    if left:
        named = ", ".join(left[:3]) + (f" and {len(left) - 3} more" if len(left) > 3 else "")
        typer.echo(
            f"warning: left out, as their files describe them wrongly: {named}; hil check says why", err=True
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """A run and where its parts are. troubles: what of it could not be written, the database apart."""

    result: RunResult
    folder: Path
    files: dict[str, Path]
    troubles: tuple[str, ...]


def fire(wired: Wired, prepared: list[Prepared], budgets_file: Path, asked: Asked) -> Fired:
    """One run with all its evidence. A stop by the user keeps what had finished; so does whatever else ends it."""
    from bench.record.held import held
    from bench.record.targets import try_folder
    from bench.running.crash import crashes_kept_in
    from bench.running.local import Campaign, chunks_of
    from bench.running.order import ordered
    from bench.running.results import Collector, open_evidence
    from bench.running.workers import bounded
    from bench.stored.finish import try_database
    from bench.timing.hold import Hold
    from bench.timing.host import host_now_ns

    record = wired.config.record
    try_folder("run folders", record.folder)
    if trouble := try_database(record.database):
        _warn(f"{trouble}; the run goes on, and its folder will be complete all the same")
    folder, run_id, started_utc, hashes = open_evidence(
        wired,
        prepared,
        budgets_file,
        asked.seed,
        asked.covered,
        asked.library,
        asked.selection,
        asked.repeat,
        asked.operator,
    )
    hold = Hold(partial(_unfinished, folder.path))
    with crashes_kept_in(folder.path), held(folder.path, wait=True):
        try:
            campaign = Campaign(
                wired=wired,
                prepared=ordered(prepared),
                run_seed=asked.seed,
                repeat=asked.repeat,
                folder=folder,
                workers=1,
            )
            count, line = bounded(asked.workers, chunks_of(campaign))
            if line is not None and wired.config.simulated:
                typer.echo(line, err=True)
            campaign = dataclasses.replace(campaign, workers=count)
            feed = _live(wired, run_id)
            collector = Collector(campaign=campaign, run_id=run_id, started_utc=started_utc, hashes=hashes)
            began_ns = host_now_ns()
            aborted = _shoot(campaign, collector, feed, hold, shown=asked.shown)
            took_ns = host_now_ns() - began_ns
            result = dataclasses.replace(collector.result(aborted), took_ns=took_ns)
            return _end(campaign, result, feed, asked)
        finally:
            hold.off()


def _end(campaign: Campaign, result: RunResult, feed: LiveFeed | None, asked: Asked) -> Fired:
    """The folder first, complete; then who listens; then the database, which only lists it."""
    from bench.stored.finish import complete, store_last

    folder, record = campaign.folder, campaign.wired.config.record
    assert folder is not None  # noqa: S101 - made by `fire`
    written = complete(result, folder, asked.junit, asked.report, asked.junit_style)
    if feed is not None:
        written.attempt("MQTT", partial(feed.finish, result), folder.path)
    for line in written.troubles:
        _warn(line)
    if (folder.path / "footer.json").is_file():
        if trouble := store_last(record.database, result, folder.path):
            _warn(trouble)
        elif isinstance(record.database, Path):
            written.files["results"] = record.database
    return Fired(result=result, folder=folder.path, files=written.files, troubles=tuple(written.troubles))


def _unfinished(folder: Path) -> str:
    from bench.record.chain import FOOTER

    whole = (folder / FOOTER).is_file()
    return f"{folder} is {'complete' if whole else 'not complete'}: hil store {folder}"


def _warn(line: str) -> None:
    typer.echo(f"warning: {line}", err=True)


def _recording_into(out: Path, wired: Wired) -> Wired:
    """The same bench, whose run folders go to `out`."""
    record = dataclasses.replace(wired.config.record, folder=out.resolve())
    return dataclasses.replace(wired, config=dataclasses.replace(wired.config, record=record))


def _shoot(
    campaign: Campaign, collector: Collector, feed: LiveFeed | None, hold: Hold, *, shown: bool
) -> str | None:
    """All shots, told to whoever looks on. Why it ended early; None when it did not. Signals are held afterwards."""
    from bench.cli.progress import Progress
    from bench.errors import BenchError
    from bench.report.safety_tables import seconds
    from bench.report.words import banner
    from bench.running.crash import crash_line
    from bench.running.local import run_all
    from bench.running.order import predicted_s
    from bench.running.results import evidence_class

    prepared = campaign.prepared
    repeats = {one.scenario.id: campaign.repeats(one) for one in prepared}
    must_fail = {one.scenario.id for one in prepared if one.scenario.mismatch is not None}
    if feed is not None:
        campaign = dataclasses.replace(campaign, watch=feed.watch)
        feed.start(repeats)
    if shown:
        clock = "simulated" if campaign.wired.config.simulated else "real"
        typer.echo(banner(evidence_class(campaign.wired)), err=True)
        total_s = sum(predicted_s(one, repeats[one.scenario.id]) for one in prepared)
        typer.echo(f"{len(prepared)} scenarios, at most about {seconds(total_s)} of {clock} time", err=True)
    caught = dict.fromkeys(must_fail, "all failed, as they must")
    with Progress(repeats, shown=shown, good=caught) as progress:

        def on_shot(scenario_id: str, result: ShotResult) -> None:
            collector.add(scenario_id, result)
            if feed is not None:
                feed.shot(scenario_id, result)
            verdict = result.judgement.verdict.name
            good = verdict == "FAIL" and scenario_id in must_fail
            progress.advance(scenario_id, "PASS" if good else verdict)

        try:
            hold.armed()
            run_all(campaign, on_shot)
            hold.on()
        except KeyboardInterrupt:
            hold.on()  # first of all: a second signal must not cost what is written now
            return "stopped by the user or by a signal"
        except BenchError as error:
            hold.on()
            told = str(error)
        except BaseException as crash:  # noqa: BLE001 - what had finished is kept, whatever it was
            hold.on()
            told = crash_line(crash, collector.folder)
        else:
            return None
    typer.echo(told, err=True)
    return told


def _live(wired: Wired, run_id: str) -> LiveFeed | None:
    """What tells an MQTT broker of the run, where the bench file names one."""
    config = wired.config.mqtt
    if config is None:
        return None
    from bench.live.feed import LiveFeed
    from bench.running.results import evidence_class, timebase_of

    return LiveFeed(
        config, run_id, timebase_of(wired).value, wired.config.dut.firmware, evidence_class(wired).evidence
    )


def _show(result: RunResult, written: dict[str, Path]) -> None:
    from rich.console import Console

    console = Console()
    show_tables(result, written.get("evidence"))
    for name, path in written.items():
        console.print(f"{name:>9}  {path}", highlight=False, soft_wrap=True)
    if result.aborted is not None:
        console.print(f"[bold red]aborted:[/] {result.aborted}; what had finished is kept", highlight=False)
