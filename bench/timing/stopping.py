"""Ctrl-C, SIGTERM and SIGHUP end a run by cancelling its main task, which then walks to the safe state.

An exception raised by a signal handler can strike between a future's result and the wake-up of its task. That task
then never ends, and neither does the run that waits for it (seen in 2 of 100 interrupted shots). So no handler raises
while a run is in progress: the run is asked to end, and KeyboardInterrupt is raised when it has ended.
"""

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any


class _Stopped(KeyboardInterrupt):
    """Raised by no handler, but once the run that was asked to end has ended."""


class _Run:
    """A run in progress in the main thread. `ask_to_end` is of use once the main task is there."""

    def __init__(self) -> None:
        self.stopped = False
        self.strikes = 0
        self.ask_to_end: Callable[[], object] = lambda: None


# What a user, a system and a closed terminal send; not every system knows the last.
ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

_MOST_ROUNDS = 100  # of ending the tasks that are left; each may bring a task that ends by SystemExit

ENOUGH = 3  # so many signals, and nothing is waited for any more

_current: _Run | None = None
_struck: int | None = None
_strikes = 0
_once = False
_noticed = False
_say: Callable[[], object] = int  # says nothing


def stop_run() -> bool:
    """Ask the run in progress to end; more than one call does no harm. False where no run is in progress. For signal
    handlers.
    """
    run = _current
    if run is None:
        return False
    run.stopped = True
    run.strikes += 1
    run.ask_to_end()
    return True


def was_stopped() -> bool:
    """Whether the user or a signal has asked the run in progress to end."""
    return _current is not None and _current.stopped


def interrupts_raise() -> bool:
    """Whether a signal's handler may raise KeyboardInterrupt here and now: not where it asks a run to end."""
    if threading.current_thread() is not threading.main_thread():
        return False
    return _current is None or signal.getsignal(signal.SIGINT) not in (interrupt, signal.SIG_IGN)


def is_a_stop(error: BaseException) -> bool:
    """Whether it is the user's wish. A KeyboardInterrupt that no signal can have raised is a failure like others."""
    return isinstance(error, _Stopped) or (isinstance(error, KeyboardInterrupt) and interrupts_raise())


def stopped_by() -> int | None:
    """The signal that asked this command to end, the first of several; None where none did."""
    return _struck


def interrupt(signum: int, frame: object) -> None:  # noqa: ARG001
    """The handler of all three in a command's own process: as Ctrl-C."""
    remember(signum)
    if _current is not None and _strikes == 1:
        _say()
    spared = _once and _strikes == 2  # a third one raises: somebody may have caught the first
    if not stop_run() and not spared:
        raise KeyboardInterrupt


def remember(signum: int) -> None:
    """As the one that asked this command to end, unless an earlier one did."""
    global _struck, _strikes
    _struck = _struck or signum
    _strikes += 1


def strikes() -> int:
    """How many signals have asked this command to end."""
    return _strikes


def hold_back(*, second: bool) -> None:
    """Whether a second signal raises nothing, since what the first one has ended is being put in order."""
    global _once
    _once = second


@contextlib.contextmanager
def listening(*, last: bool = False, say: Callable[[], object] = lambda: None) -> Iterator[None]:
    """For the time of the block each of these signals ends the command in order; what is ignored stays ignored.

    last: the process only ends after it, and one more signal could but spoil its exit code. say: called at the first
    signal where a run has to end first; it may do no more than write a line.
    """
    global _struck, _strikes, _once, _say
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _struck, _strikes, _once, _say = None, 0, False, say
    ours = (signal.SIG_DFL, signal.default_int_handler)
    before = {one: had for one in ENDING if (had := signal.getsignal(one)) in ours}
    for one in before:
        signal.signal(one, interrupt)
    try:
        yield
    finally:
        for one, had in before.items():
            signal.signal(one, signal.SIG_IGN if last else had)


@contextlib.contextmanager
def listening_if_nobody_does() -> Iterator[bool]:
    """`listening`, and True, in a script that has no handlers of its own; False where a command listens already."""
    if signal.getsignal(signal.SIGINT) is interrupt:
        yield False
        return
    with listening():
        yield threading.current_thread() is threading.main_thread()


class EndAsked:
    """Whether this process was asked to end, for who waits at descriptors: it is one, readable from then on."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        run.ask_to_end = self._wake

    @property
    def stopped(self) -> bool:
        return self._run.stopped

    @property
    def insisted(self) -> bool:
        """Asked so often that nothing is waited for any more."""
        return self._run.strikes >= ENOUGH

    def fileno(self) -> int:
        return self._read

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            os.write(self._write, b"\0")

    def close(self) -> None:
        self._run.ask_to_end = lambda: None
        os.close(self._read)
        os.close(self._write)


@contextlib.contextmanager
def noticing() -> Iterator[EndAsked]:
    """For the time of the block a signal raises nothing, and can be noticed; KeyboardInterrupt comes at its end."""
    if threading.current_thread() is not threading.main_thread():
        with contextlib.closing(EndAsked(_Run())) as asked:
            yield asked
        return
    with _in_progress() as run, contextlib.closing(EndAsked(run)) as asked:
        yield asked


def stop_is_noticed() -> bool:
    """Whether a stop that has just ended a run is known to who goes on after it, so that nobody has to raise it."""
    return _current is not None or _noticed


def forget(*, noticed: bool = False) -> None:
    """In a process that was forked: what its parent was in the middle of is not its own.

    noticed: this process looks itself whether it has to end, after each of its runs.
    """
    global _current, _struck, _strikes, _once, _noticed
    _current, _struck, _strikes, _once, _noticed = None, None, 0, False, noticed


def run_stoppably(
    make_runner: Callable[[], asyncio.Runner], main: Callable[[], Coroutine[Any, Any, Any]]
) -> Any:
    """Run `main()` to its end and return its result. Raises KeyboardInterrupt once it has ended, if it was stopped."""
    if threading.current_thread() is not threading.main_thread():  # where no signal arrives
        with _strays_told(), make_runner() as runner:
            return _to_its_end(runner, main())
    with _in_progress() as run:

        async def stoppable() -> Any:
            loop, task = asyncio.get_running_loop(), asyncio.current_task()
            assert task is not None  # noqa: S101
            run.ask_to_end = lambda: loop.call_soon_threadsafe(task.cancel)
            try:
                if run.stopped:
                    raise asyncio.CancelledError
                return await main()
            finally:
                run.ask_to_end = lambda: None  # the loop may be closed before the next signal

        try:
            with _strays_told(), make_runner() as runner:
                return _to_its_end(runner, stoppable())
        except asyncio.CancelledError:
            if not run.stopped:
                raise
            raise _Stopped from None


@contextlib.contextmanager
def _strays_told() -> Iterator[None]:
    """A KeyboardInterrupt of somebody's code, a library's perhaps, is no wish of the user: it ends what it was in."""
    try:
        yield
    except KeyboardInterrupt as error:
        if is_a_stop(error):
            raise
        raise RuntimeError("a KeyboardInterrupt was raised, and no signal had asked for it") from error


def _to_its_end(runner: asyncio.Runner, main: Coroutine[Any, Any, Any]) -> Any:
    """Run `main`. Afterwards no task is left, also where a task ended by SystemExit or KeyboardInterrupt.

    Such an exception stops the loop. asyncio's own runner would then cancel all tasks at once, among them the way to
    the safe state. It would close the loop while some are still pending. Here the main task is cancelled first and
    comes to its end, then the others. The exception that stopped the loop is raised afterwards.
    """
    loop, known = runner.get_loop(), list[asyncio.Task[Any]]()

    async def noted() -> Any:
        known.extend(one for one in (asyncio.current_task(),) if one is not None)
        return await main

    try:
        result = runner.run(noted())
    except (SystemExit, KeyboardInterrupt) as error:
        _end_tasks(loop, lambda: {one for one in known if not one.done()}, [error])
        _end_tasks(loop, lambda: asyncio.all_tasks(loop), [error])
        raise
    except BaseException:
        _end_tasks(loop, lambda: asyncio.all_tasks(loop), [])
        raise
    troubles: list[BaseException] = []
    _end_tasks(loop, lambda: asyncio.all_tasks(loop), troubles)
    if troubles:
        raise troubles[0]
    return result


def _end_tasks(
    loop: asyncio.AbstractEventLoop,
    left: Callable[[], set[asyncio.Task[Any]]],
    raised: list[BaseException],
) -> None:
    """Cancel the tasks that are left, each once, until all have ended. What stops the loop meanwhile is added."""
    asked: set[asyncio.Task[Any]] = set()
    for _ in range(_MOST_ROUNDS):
        tasks = left()
        if not tasks:
            break
        for task in tasks - asked:
            task.cancel()
        asked |= tasks
        try:
            loop.run_until_complete(asyncio.wait(tasks))
        except (SystemExit, KeyboardInterrupt) as error:
            raised.append(error)
    before = loop.get_exception_handler()

    def untold(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """asyncio prints what a task ended by and nobody asked for; what was raised here needs no second word."""
        if context.get("exception") not in raised:
            before(loop, context) if before is not None else loop.default_exception_handler(context)

    loop.set_exception_handler(untold)


@contextlib.contextmanager
def _in_progress() -> Iterator[_Run]:
    global _current
    before, run = _current, _Run()
    ctrl_c = signal.getsignal(signal.SIGINT)
    try:
        _current = run
        if ctrl_c is signal.default_int_handler:
            signal.signal(signal.SIGINT, interrupt)
        yield run
    finally:
        if ctrl_c is signal.default_int_handler:
            signal.signal(signal.SIGINT, ctrl_c)
        _current = before
        if run.stopped and before is not None:  # whatever this run ended by, the one around it was asked, too
            before.stopped = True
            before.strikes += run.strikes
            before.ask_to_end()
    if run.stopped:
        raise _Stopped
