"""All shots of a run: on worker processes in simulated time, one after the other in real time."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass

from bench.campaign.shots import Watch, shoot, watched_over
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
    # Workers are forked: compiled codecs are functions and cannot be sent. Where there is no fork, one process does it.
    forks = "fork" in multiprocessing.get_all_start_methods()
    if not campaign.wired.config.simulated or campaign.workers <= 1 or not forks:
        with watched_over(campaign.wired, campaign.folder) as wired:  # one guard for the whole run
            for one in campaign.prepared:
                repeat = campaign.repeats(one)
                for index in range(repeat):
                    result = shoot(
                        wired, one, index, repeat, campaign.run_seed, campaign.folder, campaign.watch
                    )
                    on_shot(one.scenario.id, result)
        return
    _run_on_workers(campaign, on_shot)


def workers_by_default() -> int:
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _run_on_workers(campaign: Campaign, on_shot: OnShot) -> None:
    pool = ProcessPoolExecutor(
        campaign.workers,
        mp_context=multiprocessing.get_context("fork"),
        initializer=_begin_worker,
        initargs=(campaign,),
    )
    waiting = iter(list(_chunks(campaign)))
    running: set[Future[list[tuple[str, ShotResult]]]] = set()
    try:
        for chunk in waiting:
            running.add(pool.submit(_run_chunk, chunk))
            if len(running) >= 2 * campaign.workers:
                running = _collect(running, on_shot)
        while running:
            running = _collect(running, on_shot)
    except BaseException:
        for process in list((pool._processes or {}).values()):
            process.terminate()  # SIGTERM: the worker's shot goes to its safe state and is recorded as aborted
        pool.shutdown(wait=True, cancel_futures=True)
        raise
    pool.shutdown()


def _collect(
    running: set[Future[list[tuple[str, ShotResult]]]], on_shot: OnShot
) -> set[Future[list[tuple[str, ShotResult]]]]:
    done, left = wait(running, return_when=FIRST_COMPLETED)
    for future in done:
        for scenario_id, result in future.result():
            on_shot(scenario_id, result)
    return left


Chunk = tuple[int, list[int]]


def _chunks(campaign: Campaign) -> Iterator[Chunk]:
    for number, one in enumerate(campaign.prepared):
        indices = list(range(campaign.repeats(one)))
        for first in range(0, len(indices), _CHUNK):
            yield number, indices[first : first + _CHUNK]


_campaign: Campaign | None = None


def _begin_worker(campaign: Campaign) -> None:
    global _campaign
    _campaign = campaign
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which ends the workers in order
    signal.signal(signal.SIGTERM, _stop)


def _stop(signum: int, frame: object) -> None:  # noqa: ARG001
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def _run_chunk(chunk: Chunk) -> list[tuple[str, ShotResult]]:
    campaign = _campaign
    if campaign is None:
        raise RuntimeError("a worker was used before it was begun")
    number, indices = chunk
    one = campaign.prepared[number]
    repeat = campaign.repeats(one)
    return [
        (
            one.scenario.id,
            shoot(campaign.wired, one, index, repeat, campaign.run_seed, campaign.folder, campaign.watch),
        )
        for index in indices
    ]
