"""What fails in a callback of a run, where nobody awaits it: it ends the run's main task and is told as what it is."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from bench.errors import text_of
from bench.timing.stopping import is_a_stop, run_stoppably

FAILED = (Exception, SystemExit)
"""What somebody else's code may raise on purpose; a firmware's `sys.exit` is no end of a run."""

_MOST = 100  # a timer of 10 ms that fails every time says the same again and again


class Failures:
    """The failures of one run. Code that can record a failure takes it; a failure that nobody took is raised at the
    run's end.
    """

    def __init__(self) -> None:
        self._untold: list[BaseException] = []
        self._end: Callable[[], object] | None = None
        self._stalled = False
        self._taken: set[tuple[type[BaseException], str]] = set()

    def __bool__(self) -> bool:
        return bool(self._untold)

    def watched(self, end: Callable[[], object] | None) -> None:
        """From now on a failure calls `end`; None: nobody looks any more."""
        self._end = end

    def add(self, error: BaseException) -> bool:
        """Add a failure of any type. False where nobody will look at it, or for the user's stop: then the caller has
        to raise it at once.
        """
        if self._end is None or is_a_stop(error):
            return False
        if len(self._untold) < _MOST:
            self._untold.append(error)
        self._end()
        return True

    def stalled(self, error: BaseException) -> bool:
        """As `add`, but once only: whoever still waits when it is told a second time cannot be woken."""
        if self._stalled:
            return False
        self._stalled = True
        return self.add(error)

    def take(self) -> list[BaseException]:
        """Those not taken yet, in order of their coming. What repeats itself is given once."""
        news: list[BaseException] = []
        for error in self._untold:
            key = type(error), text_of(error)
            if key not in self._taken:
                self._taken.add(key)
                news.append(error)
        self._untold.clear()
        return news


def run_watched(
    make_runner: Callable[[], asyncio.Runner],
    main: Callable[[], Coroutine[Any, Any, Any]],
    failures: Failures,
) -> Any:
    """As `run_stoppably`, with every failure of a callback in `failures`: asyncio would only log it.

    Raises the first of those that nobody has taken.
    """

    async def watched() -> Any:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None  # noqa: S101

        def failed(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            error = context.get("exception")
            if not isinstance(error, BaseException) or not failures.add(error):
                loop.default_exception_handler(context)

        loop.set_exception_handler(failed)
        failures.watched(task.cancel)
        try:
            return await main()
        finally:
            failures.watched(lambda: None)  # the loop is still to be closed

    try:
        result = run_stoppably(make_runner, watched)
    except asyncio.CancelledError:
        untold = failures.take()
        if untold:
            raise untold[0] from None
        raise
    finally:
        failures.watched(None)
    untold = failures.take()
    if untold:
        raise untold[0]
    return result
