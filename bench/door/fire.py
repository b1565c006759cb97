"""One run with all its evidence: shots, JUnit, HTML, the results database and whoever listens by MQTT."""

from __future__ import annotations

import dataclasses
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.door.ending_early import TO_THE_END, EarlyEnd, EndRule
from bench.door.progress import CallbackFailed, Planned, ShotDone, ShotsEnded, Teller
from bench.errors import BenchError
from bench.record.chain import FOOTER
from bench.record.held import held
from bench.record.said import NOTHING_SAID, About
from bench.record.targets import try_folder
from bench.report.junit_style import JUnitStyle
from bench.report.words import banner
from bench.running.crash import crash_line, crashes_kept_in
from bench.running.local import Campaign, chunks_of, run_all
from bench.running.order import LONG_S, REAL_LIMIT_S, REAL_S, longest_s, ordered, predicted_s
from bench.running.results import Collector, Covered, evidence_class, open_evidence, timebase_of
from bench.running.workers import bounded
from bench.stored.finish import complete, store_last, try_database
from bench.timing.hold import Hold
from bench.timing.host import host_now_ns
from bench.wiring.core import chosen_core, slower_in_python

if TYPE_CHECKING:
    from bench.live.feed import LiveFeed
    from bench.scenario.library import Library
    from bench.scenario.prepare import Prepared
    from bench.verdict.result import RunResult, ShotResult
    from bench.wiring.common import Wired

STOPPED = "stopped by the user or by a signal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How a run is to be made. None: by default."""

    covered: Covered
    library: Library
    selection: str
    seed: int = 1
    repeat: int | None = None
    said: About = NOTHING_SAID
    workers: int | None = None
    rule: EndRule = TO_THE_END
    junit: Path | None = None
    junit_style: JUnitStyle = JUnitStyle.FULL
    report: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """A run and where its parts are. troubles: what of it could not be written, the database apart.

    by_user: a signal or Ctrl-C has ended it early.
    """

    result: RunResult
    folder: Path
    files: dict[str, Path]
    troubles: tuple[str, ...]
    by_user: bool


def fire(wired: Wired, prepared: list[Prepared], budgets_file: Path, asked: Asked, tell: Teller) -> Fired:
    """Fire all shots and keep the evidence, also where a stop by the user or a crash ends the run early."""
    record = wired.config.record
    try_folder("run folders", record.folder)
    if trouble := try_database(record.database):
        tell.note(f"{trouble}; the run goes on, and its folder will be complete all the same")
    folder, run_id, started_utc, hashes = open_evidence(
        wired,
        prepared,
        budgets_file,
        asked.seed,
        asked.covered,
        asked.library,
        asked.selection,
        asked.repeat,
        asked.said,
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
                tell.note(line, warning=False)
            apart = wired.config.simulated and chosen_core().file is not None
            campaign = dataclasses.replace(campaign, workers=count, apart=apart)
            collector = Collector(campaign=campaign, run_id=run_id, started_utc=started_utc, hashes=hashes)
            feed = _live(wired, run_id)
            began_ns = host_now_ns()
            aborted = _shoot(campaign, collector, feed, hold, tell, asked.rule)
            took_ns = host_now_ns() - began_ns
            result = dataclasses.replace(collector.result(aborted), took_ns=took_ns)
            return _end(campaign, result, feed, asked, tell)
        finally:
            hold.off()


def _shoot(
    campaign: Campaign, collector: Collector, feed: LiveFeed | None, hold: Hold, tell: Teller, rule: EndRule
) -> str | None:
    """All shots, told to whoever looks on. Why it ended early; None when it did not. Signals are held afterwards."""
    plan = told_before(campaign)
    of = sum(plan.shots.values())
    excused = frozenset(one.scenario.id for one in campaign.prepared if one.scenario.known_gap is not None)
    end = EarlyEnd(rule, plan.must_fail | excused, of)
    if feed is not None:
        campaign = dataclasses.replace(campaign, watch=feed.watch)
        feed.start(dict(plan.shots))

    def on_shot(scenario_id: str, result: ShotResult) -> None:
        collector.add(scenario_id, result)
        if feed is not None:
            feed.shot(scenario_id, result)
        done = sum(map(len, collector.shots.values()))
        tell(ShotDone(scenario_id=scenario_id, result=result, done=done, of=of))
        end.look(scenario_id, result)

    aborted = None
    try:
        tell(plan)
        for line in slower_in_python(campaign.wired.config):
            tell.note(line)
        hold.armed()
        run_all(campaign, on_shot)
        hold.on()
    except KeyboardInterrupt:
        hold.on()  # first of all: a second signal must not cost what is written now
        aborted = STOPPED
    except BenchError as error:
        hold.on()
        aborted = str(error)
    except BaseException as crash:  # noqa: BLE001 - what had finished is kept, whatever it was
        hold.on()
        aborted = crash_line(crash, collector.folder)
    with suppress(CallbackFailed):
        tell(ShotsEnded(aborted=aborted, by_user=aborted == STOPPED))
    return aborted


def told_before(campaign: Campaign) -> Planned:
    """How many shots of what, and how long they take."""
    prepared = campaign.prepared
    shots = {one.scenario.id: campaign.repeats(one) for one in prepared}
    about = {one.scenario.id: predicted_s(one, shots[one.scenario.id]) for one in prepared}
    waits = campaign.wired.profile.waits
    fired = 0 if campaign.wired.config.simulated else sum(shots.values())
    return Planned(
        shots=shots,
        must_fail=frozenset(one.scenario.id for one in prepared if one.scenario.mismatch is not None),
        banner=banner(evidence_class(campaign.wired)),
        about_s=sum(about.values()) + REAL_S * fired,
        at_most_s=sum(longest_s(one, shots[one.scenario.id], waits) for one in prepared)
        + REAL_LIMIT_S * fired,
        long={name: lasts_s for name, lasts_s in about.items() if lasts_s / shots[name] > LONG_S},
        simulated=campaign.wired.config.simulated,
    )


def _end(campaign: Campaign, result: RunResult, feed: LiveFeed | None, asked: Asked, tell: Teller) -> Fired:
    """The folder first, complete; then who listens; then the database, which only lists it."""
    folder, record = campaign.folder, campaign.wired.config.record
    assert folder is not None  # noqa: S101 - made by `fire`
    written = complete(result, folder, asked.junit, asked.report, asked.junit_style)
    if feed is not None:
        written.attempt("MQTT", partial(feed.finish, result), folder.path)
    for line in written.troubles:
        tell.note(line)
    if (folder.path / FOOTER).is_file():
        if trouble := store_last(record.database, result, folder.path):
            tell.note(trouble)
        elif isinstance(record.database, Path):
            written.files["results"] = record.database
    return Fired(
        result=result,
        folder=folder.path,
        files=written.files,
        troubles=tuple(written.troubles),
        by_user=result.aborted == STOPPED,
    )


def _unfinished(folder: Path) -> str:
    whole = (folder / FOOTER).is_file()
    return f"{folder} is {'complete' if whole else 'not complete'}: hil store {folder}"


def _live(wired: Wired, run_id: str) -> LiveFeed | None:
    """What tells an MQTT broker of the run, where the bench file names one."""
    config = wired.config.mqtt
    if config is None:
        return None
    from bench.live.feed import LiveFeed

    return LiveFeed(
        config, run_id, timebase_of(wired).value, wired.config.dut.firmware, evidence_class(wired).evidence
    )


def recording_into(out: Path, wired: Wired) -> Wired:
    """The same bench, whose run folders go to `out`; elsewhere, they are no runs of this project.

    So a results database that lies among the project's run folders does not list them: one beside them does.
    """
    record, folder = wired.config.record, out.resolve()
    project = record.folder.resolve()
    elsewhere = folder != project and project not in folder.parents
    database = record.database
    if elsewhere and isinstance(database, Path) and project in database.resolve().parents:
        database = folder / database.name
    record = dataclasses.replace(record, folder=folder, database=database)
    return dataclasses.replace(wired, config=dataclasses.replace(wired.config, record=record))
