"""`hil run`: fire the scenarios, show progress, write evidence, JUnit, HTML and the results database."""

from __future__ import annotations

import dataclasses
import json
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.options import (
    DEFAULT_CONFIG,
    LONG_LANE,
    ChemistryOption,
    ConfigOption,
    FilterOption,
    FirmwareChemistryOption,
    FirmwareOption,
    ScenariosArgument,
    TimeOption,
    exit_code,
    load_rig,
    load_scenarios,
    matches,
    selection_words,
)

if TYPE_CHECKING:
    from bench.campaign.local import Campaign
    from bench.campaign.run import Collector, Covered
    from bench.live.feed import LiveFeed
    from bench.record.folder import RunFolder
    from bench.scenario.library import Library
    from bench.scenario.prepare import Prepared
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
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes in simulated time.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Where run folders go (default: as configured).")
    ] = None,
    junit: Annotated[
        Path | None, typer.Option("--junit", help="JUnit XML (default: in the run folder).")
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="HTML report (default: in the run folder).")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON instead of a table.")
    ] = False,
) -> None:
    """Run scenarios (default: all of scenarios/) and judge them."""
    from bench.campaign.load import whole_library
    from bench.campaign.qualification import find_covering
    from bench.record.poison import refuse_if_poisoned

    wired = load_rig(config, time, firmware, chemistry, firmware_chemistry)
    covered = find_covering(wired, wired.config.record.folder)
    if out is not None:
        wired = _recording_into(out, wired)
    refuse_if_poisoned(wired.config.record.rig)
    prepared, budgets_file = load_scenarios(wired, scenarios, only, long=long, mismatches=True)
    if repeat is None and not wired.config.simulated:
        repeat = 1
    if wired.config.mqtt is not None:
        from bench.live.feed import check_live

        check_live(wired.config.mqtt)
    library = whole_library(wired, [one.scenario.file for one in prepared])
    asked = Asked(
        covered=covered,
        library=library,
        selection=selection_words(scenarios, only),
        seed=seed,
        repeat=repeat,
        workers=workers,
        junit=junit,
        report=report,
        shown=not as_json,
    )
    tell_left_out(wired)
    result, written = fire(wired, prepared, budgets_file, asked)
    if as_json:
        from bench.record.codable import run_to_dict

        typer.echo(json.dumps(run_to_dict(result)))
    else:
        _show(result, written)
        here = {one.scenario.id for one in prepared}
        left = [
            one.scenario_id
            for one in library.entries
            if one.long
            and one.scenario_id not in here
            and matches(only or "", one.scenario_id, Path(one.file))
        ]
        if left and not scenarios:
            typer.echo(f"not run, {LONG_LANE}: {', '.join(left)}")
    raise typer.Exit(exit_code(result))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How a run is to be made and told. None: by default."""

    covered: Covered
    library: Library
    selection: str
    seed: int = 1
    repeat: int | None = None
    workers: int | None = None
    junit: Path | None = None
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


def fire(
    wired: Wired, prepared: list[Prepared], budgets_file: Path, asked: Asked
) -> tuple[RunResult, dict[str, Path]]:
    """One run with all its evidence, and where that is. A stop by the user keeps what had finished."""
    from bench.campaign.local import Campaign, workers_by_default
    from bench.campaign.order import ordered
    from bench.campaign.run import Collector, open_evidence

    folder, run_id, started_utc, hashes = open_evidence(
        wired, prepared, budgets_file, asked.seed, asked.covered, asked.library, asked.selection
    )
    campaign = Campaign(
        wired=wired,
        prepared=ordered(prepared),
        run_seed=asked.seed,
        repeat=asked.repeat,
        folder=folder,
        workers=asked.workers or workers_by_default(),
    )
    feed = _live(wired, run_id)
    collector = Collector(campaign=campaign, run_id=run_id, started_utc=started_utc, hashes=hashes)
    aborted = _shoot(campaign, collector, feed, shown=asked.shown)
    result = collector.result(aborted)
    if feed is not None:
        feed.finish(result)
    return result, _write(result, folder, wired, asked.junit, asked.report)


def _recording_into(out: Path, wired: Wired) -> Wired:
    """The same bench, whose run folders go to `out`."""
    record = dataclasses.replace(wired.config.record, folder=out.resolve())
    return dataclasses.replace(wired, config=dataclasses.replace(wired.config, record=record))


def _shoot(campaign: Campaign, collector: Collector, feed: LiveFeed | None, *, shown: bool) -> str | None:
    """All shots, told to whoever looks on. Why it ended early; None when it did not."""
    from bench.campaign.local import run_all
    from bench.campaign.order import predicted_s
    from bench.cli.progress import Progress
    from bench.record.poison import PoisonedRig
    from bench.report.safety_tables import seconds
    from bench.timing.stopping import interrupt

    prepared = campaign.prepared
    repeats = {one.scenario.id: campaign.repeats(one) for one in prepared}
    must_fail = {one.scenario.id for one in prepared if one.scenario.mismatch is not None}
    if feed is not None:
        campaign = dataclasses.replace(campaign, watch=feed.watch)
        feed.start(repeats)
    if shown:
        clock = "simulated" if campaign.wired.config.simulated else "real"
        total_s = sum(predicted_s(one, repeats[one.scenario.id]) for one in prepared)
        typer.echo(f"{len(prepared)} scenarios, at most about {seconds(total_s)} of {clock} time", err=True)
    signal.signal(signal.SIGTERM, interrupt)
    with Progress(repeats, shown=shown) as progress:

        def on_shot(scenario_id: str, result: ShotResult) -> None:
            collector.add(scenario_id, result)
            if feed is not None:
                feed.shot(scenario_id, result)
            verdict = result.judgement.verdict.name
            good = verdict == "FAIL" and scenario_id in must_fail
            progress.advance(scenario_id, "PASS" if good else verdict)

        try:
            run_all(campaign, on_shot)
        except KeyboardInterrupt:
            for signum in (signal.SIGINT, signal.SIGTERM):  # a second one must not cost what is written now
                signal.signal(signum, signal.SIG_IGN)
            return "stopped by the user or by a signal"
        except PoisonedRig as poisoned:
            return str(poisoned)
    return None


def _live(wired: Wired, run_id: str) -> LiveFeed | None:
    """What tells an MQTT broker of the run, where the bench file names one."""
    config = wired.config.mqtt
    if config is None:
        return None
    from bench.campaign.run import timebase_of
    from bench.live.feed import LiveFeed

    return LiveFeed(config, run_id, timebase_of(wired).value, wired.config.dut.firmware)


def _write(
    result: RunResult, folder: RunFolder, wired: Wired, junit: Path | None, report: Path | None
) -> dict[str, Path]:
    """Database, JUnit, HTML, then the footer that completes the evidence. An aborted run gets no footer."""
    from bench.campaign.equipment import answered
    from bench.campaign.report import gather
    from bench.record.codable import run_to_dict
    from bench.record.database import ResultsDatabase
    from bench.record.folder import open_run
    from bench.report.html import write_html
    from bench.report.junit import write_junit

    junit = junit or folder.path / "junit.xml"
    report = report or folder.path / "report.html"
    database = wired.config.record.database
    database.parent.mkdir(parents=True, exist_ok=True)
    ResultsDatabase(database).append(result)
    write_junit(result, junit)
    opened = open_run(folder.path)
    folder.add_equipment(answered(opened.equipment(), opened.shots()))
    write_html(result, report, extras=gather(result, folder.path))
    if result.aborted is None:
        folder.finish(run_to_dict(result))
    return {"evidence": folder.path, "results": database, "JUnit": junit, "report": report}


def _show(result: RunResult, written: dict[str, Path]) -> None:
    from rich.console import Console

    from bench.report.terminal import summary_tables

    console = Console()
    if not console.is_terminal:
        console = Console(width=130)  # a log file has no width of its own
    for table in summary_tables(result):
        console.print(table)
    for name, path in written.items():
        console.print(f"{name:>9}  {path}", highlight=False, soft_wrap=True)
    if result.aborted is not None:
        console.print(f"[bold red]aborted:[/] {result.aborted}; what had finished is kept", highlight=False)
