"""The parent's side of worker processes: who has which piece, whose pipe has ended, and who takes it over.

No thread and no queue: the parent reads the pipes itself, so it knows of each piece whether it was answered. A piece
whose worker died is given to another, once, or again where the worker was told to end from outside. A signal is
noticed between two reads, so that no answer is cut in half.
"""

import contextlib
import multiprocessing
import os
import pickle
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from mmap import mmap
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from typing import Any

from bench.errors import BenchError
from bench.running.worker import DONE, NO_MORE, serve
from bench.timing.stopping import EndAsked

_GRACE_S = 4.0  # for the shots in hand to end; what a worker drives is simulated, so nothing real stays on
_IN_HAND = 2  # pieces a worker has: the one it is at, and the next, so that it never waits
_TRIES = 2
_MOST_SENT = 5  # workers told to end from outside at one piece: no trouble of the piece, but no end either
_SENT = frozenset(  # what a process is told to end by, and what no code of its own comes to
    getattr(signal, name)
    for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGALRM")
    if hasattr(signal, name)
)
_MOST_DEATHS = 20  # one after the other, without an answer of anybody: then it is no worker's own trouble


@dataclass(slots=True, kw_only=True, eq=False)
class Task:
    """A piece on its way. ended: how the workers ended that died at it; sent: how many of them were told to end."""

    number: int
    piece: Any
    ended: list[str] = field(default_factory=list)
    sent: int = 0

    @property
    def is_lost(self) -> bool:
        return len(self.ended) - self.sent >= _TRIES or self.sent >= _MOST_SENT


@dataclass(slots=True, kw_only=True, eq=False)
class _Worker:
    process: ForkProcess
    pipe: Connection
    tasks: deque[Task] = field(default_factory=deque)


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """What is to be done about a worker's death.

    found: the result of a piece that had one after all; lost: what stands for one that two workers died at, else
    BenchError is raised; tell: a line for the user.
    """

    found: Callable[[Any], Any] = lambda _: None
    lost: Callable[[Any, str], Any] | None = None
    tell: Callable[[str], None] = lambda _: None


class Crew:
    """So many workers, forked at once; one that dies is replaced."""

    def __init__(
        self, work: Callable[[Any], Any], count: int, asked: EndAsked, losses: Losses, *, patient: bool
    ) -> None:
        self._work, self._count, self._asked, self._losses = work, count, asked, losses
        self._patient = patient
        self._in_order = mmap(-1, 1)  # shared with all of them
        self._fork = multiprocessing.get_context("fork")
        self._workers: list[_Worker] = []
        self._deaths = 0
        self._hire()

    def __bool__(self) -> bool:
        return bool(self._workers)

    def results(self, pieces: Iterable[Any]) -> Iterator[tuple[Task, Any]]:
        """Each task with its result as soon as it has one.

        What ends it early (a stop, an exception of a piece) is raised when all that had finished was given.
        """
        source = (Task(number=number, piece=piece) for number, piece in enumerate(pieces))
        again: deque[Task] = deque()
        trouble: BaseException | None = None
        while trouble is None:
            if self._asked.stopped:
                trouble = KeyboardInterrupt()
                break
            self._hand_out(source, again)
            if not any(worker.tasks for worker in self._workers):
                return
            for worker in self._ready():
                try:
                    yield from self._read(worker, again)
                except GeneratorExit:
                    raise
                except BaseException as error:  # noqa: BLE001 - raised below, when the others have ended
                    trouble = trouble or error
        yield from self.end()
        raise trouble

    def _hire(self) -> None:
        """As many as there are to be. Where no process can be had, fewer do; BenchError where there is none at all."""
        while len(self._workers) < self._count:
            try:
                self._workers.append(self._forked())
            except OSError as error:
                had = len(self._workers)
                told = f"no further worker process can be started ({error.strerror}): {had} of {self._count}"
                if self._deaths and not had:
                    raise BenchError(f"{told}; expected one at least. What was left has no verdict") from None
                self._losses.tell(told)
                self._count = had
                return

    def _forked(self) -> _Worker:
        ours, theirs = self._fork.Pipe()
        held = [*(worker.pipe for worker in self._workers), ours]
        args = (self._work, theirs, held, os.getpid(), self._patient, self._in_order)
        process = self._fork.Process(target=serve, args=args, daemon=True)
        try:
            process.start()
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        return _Worker(process=process, pipe=ours)

    def _hand_out(self, source: Iterator[Task], again: deque[Task]) -> None:
        # One for each before the second for any. A single worker has one: then nothing is begun before its last result
        # was told, as without processes.
        for depth in range(1, 2 if self._count == 1 else _IN_HAND + 1):
            for worker in self._workers:
                if len(worker.tasks) >= depth:
                    continue
                task = again.popleft() if again else next(source, None)
                if task is None:
                    return
                worker.tasks.append(task)
                with contextlib.suppress(OSError):  # it has died: its pipe's end is read next
                    worker.pipe.send_bytes(pickle.dumps(task.piece))

    def _ready(self) -> list[_Worker]:
        ends = {id(worker.pipe): worker for worker in self._workers}
        ready = wait([*(worker.pipe for worker in self._workers), self._asked.fileno()])
        return [ends[id(one)] for one in ready if id(one) in ends]

    def _read(self, worker: _Worker, again: deque[Task]) -> Iterator[tuple[Task, Any]]:
        """One answer of a worker, or its end."""
        try:
            answer = worker.pipe.recv_bytes()
        except (EOFError, OSError):
            yield from self._died(worker, again)
            return
        self._deaths = 0
        task = worker.tasks.popleft()
        content = pickle.loads(answer[1:])
        if answer[:1] != DONE:
            raise content
        yield task, content

    def _died(self, worker: _Worker, again: deque[Task]) -> Iterator[tuple[Task, Any]]:
        how = self._buried(worker)
        self._deaths += 1
        if self._deaths > _MOST_DEATHS:
            raise BenchError(
                f"{self._deaths} worker processes died one after the other, {how}; expected them to live. What was "
                "left has no verdict; fewer --workers need less memory"
            )
        if not worker.tasks:
            self._losses.tell(f"a worker process died, {how}, with nothing in hand: another takes its place")
        else:
            task = worker.tasks.popleft()
            again.extend(worker.tasks)  # which it had not begun
            task.ended.append(how)
            task.sent += worker.process.exitcode in {-one for one in _SENT}
            yield from self._taken_over(task, again)
        self._hire()

    def _taken_over(self, task: Task, again: deque[Task]) -> Iterator[tuple[Task, Any]]:
        how = task.ended[-1]
        found = self._losses.found(task.piece)
        if found is not None:
            self._losses.tell(f"a worker process died, {how}, when what it was at had its result")
            yield task, found
        elif not task.is_lost:
            self._losses.tell(f"a worker process died, {how}: what it was at is given to another")
            again.appendleft(task)
        elif self._losses.lost is not None:
            yield task, self._losses.lost(task.piece, how)
        else:
            raise BenchError(
                f"a worker process died, {how}, and so did the next at the same piece of work; expected them to live. "
                "It has no verdict; fewer --workers need less memory"
            )

    def _buried(self, worker: _Worker) -> str:
        """How it ended, in words."""
        self._workers.remove(worker)
        worker.pipe.close()
        worker.process.join(_GRACE_S)
        code = worker.process.exitcode
        if code is None:
            worker.process.kill()
            worker.process.join()
            return "as it closed its pipe"
        if code < 0:
            name = signal.Signals(-code).name if -code in list(signal.Signals) else f"signal {-code}"
            return f"by {name}" + (" (for want of memory, perhaps)" if -code == signal.SIGKILL else "")
        return f"with exit code {code}"

    def end(self) -> Iterator[tuple[Task, Any]]:
        """End all in order; what had finished meanwhile. Whoever stops a bench may signal twice: nothing cuts it short.

        The third signal does.
        """
        self._in_order[0] = 1
        for worker in self._workers:
            with contextlib.suppress(OSError):
                worker.process.terminate()
                worker.pipe.send_bytes(NO_MORE)
        until_s = time.monotonic() + _GRACE_S
        left = list(self._workers)
        while left and (rest_s := until_s - time.monotonic()) > 0 and not self._asked.insisted:
            ready = wait([worker.pipe for worker in left], min(rest_s, 0.2))
            for worker in [one for one in left if one.pipe in ready]:
                try:
                    answer = worker.pipe.recv_bytes()
                except (EOFError, OSError):
                    left.remove(worker)
                    continue
                task = worker.tasks.popleft()
                if answer[:1] == DONE:
                    yield task, pickle.loads(answer[1:])
        self.kill()

    def kill(self) -> None:
        """None is left, whatever it is doing."""
        for worker in self._workers:
            worker.pipe.close()  # who waits for a piece ends by itself
        for worker in self._workers:
            worker.process.join(0.5)
            if worker.process.is_alive():
                worker.process.kill()
            worker.process.join()
            worker.process.close()
        self._workers = []
