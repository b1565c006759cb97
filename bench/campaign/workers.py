"""Pieces of work on worker processes, which end in order on Ctrl-C; none is left behind, whatever happens.

Nor when this process is killed: a worker that outlives it would hold its pipes open, and whoever reads them waits.

Workers are forked: a rig holds compiled codecs, which are functions and cannot be sent. Where there is no fork, or for
one worker, the pieces are done here, one after the other.
"""

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Generic, TypeVar

from bench.errors import BenchError
from bench.timing.parent import end_with
from bench.timing.stopping import ENDING, stop_run, stopped_by

_GRACE_S = 30.0  # for the shots in hand to reach their safe state

Piece = TypeVar("Piece")
Result = TypeVar("Result")


class Workers(Generic[Piece, Result]):
    """Those who do pieces of one kind of work, here (no pool) or in other processes."""

    def __init__(
        self, work: Callable[[Piece], Result], pool: ProcessPoolExecutor | None = None, count: int = 1
    ) -> None:
        self._work, self._pool, self._count = work, pool, count

    def in_order(self, pieces: Iterable[Piece]) -> Iterator[Result]:
        """The results in the order of the pieces, so that the number of workers changes nothing."""
        if self._pool is None:
            yield from map(self._work, pieces)
            return
        # One piece per hand-over costs under a millisecond, and nobody waits for the end of another's second one.
        yield from self._pool.map(_do, pieces)

    def as_finished(self, pieces: Iterable[Piece]) -> Iterator[tuple[Piece, Result]]:
        """Each piece with its result as soon as it has one; as many in hand as keep all workers busy."""
        if self._pool is None:
            for piece in pieces:
                yield piece, self._work(piece)
            return
        running: dict[Future[Result], Piece] = {}
        for piece in pieces:
            running[self._pool.submit(_do, piece)] = piece
            if len(running) >= 2 * self._count:
                yield from _finished(running)
        while running:
            yield from _finished(running)


def _finished(running: dict[Future[Result], Piece]) -> Iterator[tuple[Piece, Result]]:
    done, _ = wait(running, return_when=FIRST_COMPLETED)
    for future in done:
        yield running.pop(future), _result(future)


def _result(future: Future[Result]) -> Result:
    try:
        return future.result()
    except KeyboardInterrupt:
        # A worker that got a signal of its own: nobody stopped the run.
        if isinstance(future.exception(), KeyboardInterrupt) and stopped_by() is None:
            raise BenchError(
                "a worker process was told to end by a signal from outside; expected it to be left alone. "
                "What it was doing has no verdict"
            ) from None
        raise


def bounded(asked: int | None, pieces: int) -> tuple[int, str | None]:
    """(how many workers are worth having for so many pieces, a line where that is fewer than asked for)."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if asked is None or asked <= min(processors, pieces):
        return max(1, min(asked or processors, processors, pieces)), None
    why = f"{processors} processors" if processors <= pieces else f"{pieces} pieces of work"
    count = max(1, min(processors, pieces))
    return count, f"--workers {asked}: {count} used, there are {why}"


@contextlib.contextmanager
def on_workers(work: Callable[[Piece], Result], count: int) -> Iterator[Workers[Piece, Result]]:
    """`count` workers for the time of the block. Raises BenchError where one of them dies (of want of memory)."""
    if count <= 1 or "fork" not in multiprocessing.get_all_start_methods():
        yield Workers(work)
        return
    pool = ProcessPoolExecutor(
        count,
        mp_context=multiprocessing.get_context("fork"),
        initializer=_begin,
        initargs=(work, os.getpid()),
    )
    try:
        yield Workers(work, pool, count)
    except BaseException as ended:
        _end_now(pool)
        if isinstance(ended, BrokenProcessPool):
            raise BenchError(
                "a worker process died, killed from outside or for want of memory; expected it to live. "
                "What it was doing has no verdict; fewer --workers need less memory"
            ) from ended
        raise
    pool.shutdown(cancel_futures=True)


def _end_now(pool: ProcessPoolExecutor) -> None:
    """Whoever stops a bench may signal twice, and all its processes at once: nothing cuts this short."""
    before = {signum: signal.signal(signum, signal.SIG_IGN) for signum in ENDING}
    try:
        processes = list((pool._processes or {}).values())
        for process in processes:
            process.terminate()
        pool.shutdown(wait=False, cancel_futures=True)
        until_s = time.monotonic() + _GRACE_S
        for process in processes:
            process.join(max(0.0, until_s - time.monotonic()))
            if process.is_alive():
                process.kill()
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


# --- in the worker process -------------------------------------------------------------------------------------

_work: Callable[[Any], Any] | None = None
_busy = False
_ending = False


def _begin(work: Callable[[Any], Any], parent: int) -> None:
    global _work
    _work = work
    # Ctrl-C and a closed terminal reach the parent too, which ends the workers in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _stop)
    end_with(parent)


def _stop(signum: int, frame: object) -> None:  # noqa: ARG001
    """The shot in hand goes to its safe state and is recorded as aborted; pieces still queued are not begun."""
    global _ending
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _ending = True
    if _busy and not stop_run():
        raise KeyboardInterrupt


def _do(piece: Any) -> Any:
    global _busy
    if _work is None:
        raise RuntimeError("a worker was used before it was begun")
    try:
        _busy = True
        if _ending:
            raise KeyboardInterrupt
        return _work(piece)
    finally:
        _busy = False
