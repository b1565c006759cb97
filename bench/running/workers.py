"""Pieces of work on worker processes, which end in order on Ctrl-C; none is left behind, whatever happens.

Nor when this process is killed: a worker that outlives it would hold its pipes open, and whoever reads them waits.

Workers are forked: a rig holds compiled codecs, which are functions and cannot be sent. Where there is no fork, or for
one worker that need not be apart, the pieces are done here, one after the other.
"""

import contextlib
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from bench.running.crew import Crew, Losses
from bench.timing.stopping import EndAsked, noticing

Piece = TypeVar("Piece")
Result = TypeVar("Result")


class Workers(Generic[Piece, Result]):
    """Those who do pieces of one kind of work, here (no crew) or in other processes."""

    def __init__(self, work: Callable[[Piece], Result], asked: EndAsked, crew: Crew | None = None) -> None:
        self._work, self._asked, self._crew = work, asked, crew

    def in_order(self, pieces: Iterable[Piece]) -> Iterator[Result]:
        """The results in the order of the pieces, so that the number of workers changes nothing."""
        if self._crew is None:
            for piece in pieces:
                yield self._done_here(piece)
            return
        early: dict[int, Result] = {}
        due = 0
        for task, result in self._crew.results(pieces):
            early[task.number] = result
            while due in early:
                yield early.pop(due)
                due += 1

    def as_finished(self, pieces: Iterable[Piece]) -> Iterator[tuple[Piece, Result]]:
        """Each piece with its result as soon as it has one. As many pieces run as keep all workers busy.

        A stop, and an exception of one piece, are raised after all results that existed by then.
        """
        if self._crew is None:
            for piece in pieces:
                yield piece, self._done_here(piece)
            return
        for task, result in self._crew.results(pieces):
            yield task.piece, result

    def _done_here(self, piece: Piece) -> Result:
        if self._asked.stopped:
            raise KeyboardInterrupt
        return self._work(piece)


def bounded(asked: int | None, pieces: int) -> tuple[int, str | None]:
    """(how many workers are useful for this number of pieces, a line where that is fewer than asked for)."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if asked is None or asked <= min(processors, pieces):
        return max(1, min(asked or processors, processors, pieces)), None
    why = f"{processors} processors" if processors <= pieces else f"{pieces} pieces of work"
    count = max(1, min(processors, pieces))
    return count, f"--workers {asked}: {count} used, there are {why}"


def _to_stderr(line: str) -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"{line}\n")


@contextlib.contextmanager
def on_workers(
    work: Callable[[Piece], Result],
    count: int,
    *,
    found: Callable[[Piece], Result | None] = lambda _: None,
    lost: Callable[[Piece, str], Result] | None = None,
    tell: Callable[[str], None] = _to_stderr,
    patient: bool = False,
    apart: bool = False,
) -> Iterator[Workers[Piece, Result]]:
    """`count` workers for the time of the block.

    One that dies (of want of memory, by a signal of its own) is replaced, and what it was at is given to another once.
    found: asked for its result first; lost: what stands for it where it cost two workers their lives, else BenchError
    is raised. tell: told of each death in a line. patient: pieces are so short that what is not in a run of its own is
    finished before a worker ends. apart: a single worker is a process, too.
    """
    forks = "fork" in multiprocessing.get_all_start_methods()
    with noticing() as asked:
        if (count <= 1 and not apart) or not forks:
            yield Workers(work, asked)
            return
        losses = Losses(found=found, lost=lost, tell=tell)
        crew = Crew(work, count, asked, losses, patient=patient)
        try:
            yield Workers(work, asked, crew or None)
        except BaseException:
            for _ in crew.end():  # in order: a shot in hand walks to its safe state
                pass
            raise
        finally:
            crew.kill()
