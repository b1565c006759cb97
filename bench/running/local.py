"""All shots of a run: on worker processes in simulated time, one after the other in real time."""

import contextlib
import os
import random
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from bench.measure.finding.bench import WorkerDied
from bench.record.codable import decode
from bench.record.folder import RunFolder, open_run, read_shot, shot_folder
from bench.running.crash import crashes_kept_in
from bench.running.firing import Turn, firing_order, place_of, stratum_of
from bench.running.shots import OnRig, not_driven, shoot, shot_phase_ns, shot_seed, watched_over
from bench.running.workers import on_workers
from bench.scenario.prepare import Prepared
from bench.timing.stopping import noticing
from bench.verdict.result import Judgement, ShotResult, Verdict
from bench.wiring.common import Wired

WORKERS = "workers.txt"  # of a run folder: which workers died


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What is to be run. `repeat` overrides the scenarios' own number of shots where it is not None.

    watch: called with every rig before its shot, also in worker processes. apart: one worker is a process of its own,
    too, so that what ends it from within, as a crash of native code, costs its shot and not the run.
    """

    wired: Wired
    prepared: Sequence[Prepared]
    run_seed: int
    repeat: int | None
    folder: RunFolder | None
    workers: int
    watch: OnRig | None = None
    apart: bool = False

    def repeats(self, one: Prepared) -> int:
        return self.repeat if self.repeat is not None else one.scenario.sweep.repeat

    def order(self, one: Prepared) -> tuple[int, ...]:
        """The indices of its shots, as they are fired."""
        return firing_order(self.run_seed, one.scenario.id, self.repeats(one))

    def shoot(self, wired: Wired, one: Prepared, index: int) -> ShotResult:
        """The same shot whenever it is fired; its place is kept with it."""
        repeat = self.repeats(one)
        place = place_of(self.run_seed, one.scenario.id, index, repeat)
        return shoot(wired, one, index, repeat, self.run_seed, self.folder, self.watch, place=place)


OnShot = Callable[[str, ShotResult], None]


def run_all(campaign: Campaign, on_shot: OnShot) -> None:
    """Run every shot, calling `on_shot(scenario_id, result)` as they finish. KeyboardInterrupt stops at once."""
    if not campaign.wired.config.simulated or (campaign.workers <= 1 and not campaign.apart):
        _run_here(campaign, on_shot)
        return
    with on_workers(
        partial(_fired, campaign),
        campaign.workers,
        found=partial(_stored, campaign),
        lost=partial(_lost, campaign),
        tell=partial(_told, campaign),
        patient=True,
        apart=campaign.apart,
    ) as workers:
        for (number, _), result in workers.as_finished(_pieces(campaign)):
            on_shot(campaign.prepared[number].scenario.id, result)


def workers_by_default() -> int:
    """The number of processors that this process may use."""
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _run_here(campaign: Campaign, on_shot: OnShot) -> None:
    with (
        watched_over(campaign.wired, campaign.folder) as wired,  # one guard for the whole run
        noticing() as asked,  # a signal between a shot's end and its telling must not cost it
    ):
        for one in campaign.prepared:
            for index in campaign.order(one):
                if asked.stopped:
                    raise KeyboardInterrupt
                on_shot(one.scenario.id, campaign.shoot(wired, one, index))


_Piece = tuple[int, int]  # number of the scenario, index of the shot


def chunks_of(campaign: Campaign) -> int:
    """How many pieces of work there are: more workers than that have nothing to do."""
    return sum(campaign.repeats(one) for one in campaign.prepared)


def _pieces(campaign: Campaign) -> Iterator[_Piece]:
    """A hand-over costs a tenth of a millisecond: so a worker has one shot at a time, and what ends it costs one."""
    for number, one in enumerate(campaign.prepared):
        for index in campaign.order(one):
            yield number, index


def _fired(campaign: Campaign, piece: _Piece) -> ShotResult:
    number, index = piece
    one = campaign.prepared[number]
    kept = crashes_kept_in(campaign.folder.path) if campaign.folder is not None else contextlib.nullcontext()
    with kept:  # here, where the traceback is: not every exception gets whole from one process to another
        return campaign.shoot(campaign.wired, one, index)


# --- a worker that died ---------------------------------------------------------------------------------------


def _stored(campaign: Campaign, piece: _Piece) -> ShotResult | None:
    """The result of a shot whose evidence was whole before its worker died. What is there of it else is removed."""
    number, index = piece
    if campaign.folder is None:
        return None
    place = campaign.folder.path / shot_folder(campaign.prepared[number].scenario.id, index)
    if place in open_run(campaign.folder.path).shots():
        return decode(ShotResult, read_shot(place)[2])
    shutil.rmtree(place, ignore_errors=True)
    return None


def _lost(campaign: Campaign, piece: _Piece, how: str) -> ShotResult:
    """Two workers died at it: the bench could not tell, and the other shots are fired."""
    number, index = piece
    one = campaign.prepared[number]
    repeat = campaign.repeats(one)
    turn = Turn(
        index=index,
        seed=shot_seed(campaign.run_seed, one.scenario.id, index),
        stratum=stratum_of(index, repeat),
        place=place_of(campaign.run_seed, one.scenario.id, index, repeat),
    )
    phase_ns = shot_phase_ns(one, index, repeat, random.Random(turn.seed))
    return not_driven(turn, phase_ns, Judgement.of(Verdict.ERROR, WorkerDied(how=how)))


def _told(campaign: Campaign, line: str) -> None:
    """To the user, and into the evidence: that a shot was fired twice is part of how it came about."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"warning: {line}\n")
    if campaign.folder is not None:
        with (
            contextlib.suppress(OSError),
            (campaign.folder.path / WORKERS).open("a", encoding="utf-8") as file,
        ):
            file.write(f"{line}\n")
