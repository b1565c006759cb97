"""All shots of a run: on worker processes in simulated time, one after the other in real time."""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from bench.campaign.crash import crashes_kept_in
from bench.campaign.shots import Watch, shoot, watched_over
from bench.campaign.workers import on_workers
from bench.record.folder import RunFolder
from bench.scenario.prepare import Prepared
from bench.verdict.result import ShotResult
from bench.wiring.common import Wired

_CHUNK = 6  # shots a worker takes at once: amortises the hand-over, keeps the progress display moving


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What is to be run. `repeat` overrides the scenarios' own number of shots where it is not None.

    watch: called with every rig before its shot, also in worker processes.
    """

    wired: Wired
    prepared: Sequence[Prepared]
    run_seed: int
    repeat: int | None
    folder: RunFolder | None
    workers: int
    watch: Watch | None = None

    def repeats(self, one: Prepared) -> int:
        return self.repeat if self.repeat is not None else one.scenario.sweep.repeat


OnShot = Callable[[str, ShotResult], None]


def run_all(campaign: Campaign, on_shot: OnShot) -> None:
    """Run every shot, calling `on_shot(scenario_id, result)` as they finish. KeyboardInterrupt stops at once."""
    if not campaign.wired.config.simulated or campaign.workers <= 1:
        _run_here(campaign, on_shot)
        return
    with on_workers(partial(_run_chunk, campaign), campaign.workers) as workers:
        for _, results in workers.as_finished(_chunks(campaign)):
            for scenario_id, result in results:
                on_shot(scenario_id, result)


def workers_by_default() -> int:
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _run_here(campaign: Campaign, on_shot: OnShot) -> None:
    with watched_over(campaign.wired, campaign.folder) as wired:  # one guard for the whole run
        for one in campaign.prepared:
            repeat = campaign.repeats(one)
            for index in range(repeat):
                result = shoot(wired, one, index, repeat, campaign.run_seed, campaign.folder, campaign.watch)
                on_shot(one.scenario.id, result)


Chunk = tuple[int, list[int]]


def chunks_of(campaign: Campaign) -> int:
    """How many pieces of work there are: more workers than that have nothing to do."""
    return sum(-(-campaign.repeats(one) // _CHUNK) for one in campaign.prepared)


def _chunks(campaign: Campaign) -> Iterator[Chunk]:
    for number, one in enumerate(campaign.prepared):
        indices = list(range(campaign.repeats(one)))
        for first in range(0, len(indices), _CHUNK):
            yield number, indices[first : first + _CHUNK]


def _run_chunk(campaign: Campaign, chunk: Chunk) -> list[tuple[str, ShotResult]]:
    number, indices = chunk
    one = campaign.prepared[number]
    repeat = campaign.repeats(one)
    kept = crashes_kept_in(campaign.folder.path) if campaign.folder is not None else contextlib.nullcontext()
    with kept:  # here, where the traceback is: not every exception gets whole from one process to another
        return [
            (
                one.scenario.id,
                shoot(campaign.wired, one, index, repeat, campaign.run_seed, campaign.folder, campaign.watch),
            )
            for index in indices
        ]
