"""Steps of a way that has to be walked to its end: each on its own, whatever became of those before it."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bench.trace.trouble import line_of
from bench.units import NS_PER_S, format_ns

_HEEDS_NS = NS_PER_S // 2  # what a step may take to clean up once it is cancelled; then it is left behind


@dataclass(slots=True, kw_only=True)
class Steps:
    """`problems`: what went wrong, in words, a line a step. Nothing that a step raises gets past it."""

    problems: list[str] = field(default_factory=list)

    async def walk(
        self, what: str, step: Callable[[], Awaitable[object]], within_ns: int, late: str = ""
    ) -> bool:
        """Await a step for `within_ns` at most: whether it did what it promised. `late`: words where it did not end."""
        task = asyncio.ensure_future(_outcome(step))
        await _waited_for(task, within_ns)
        if not task.done():
            task.cancel()
            self.problems.append(late or f"{what}: not done within {format_ns(within_ns)}")
            await _waited_for(task, _HEEDS_NS)
            return False
        return self._heard(what, asyncio.CancelledError() if task.cancelled() else task.result())

    def do(self, what: str, step: Callable[[], object]) -> bool:
        """The same for a step that nobody has to wait for."""
        try:
            step()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the next step is taken
            return self._heard(what, error)
        return True

    def _heard(self, what: str, error: BaseException | None) -> bool:
        if error is None:
            return True
        self.problems.append(f"{what}: {line_of(error)}" if what else line_of(error))
        return False


async def _waited_for(task: asyncio.Task[BaseException | None], within_ns: int) -> None:
    """Whoever cancels the walker meanwhile, as a loop that is being closed does, takes no step from it."""
    loop = asyncio.get_running_loop()
    until_ns = _now_ns(loop) + within_ns
    while not task.done() and (left_ns := until_ns - _now_ns(loop)) > 0:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait({task}, timeout=left_ns / NS_PER_S)


def _now_ns(loop: asyncio.AbstractEventLoop) -> int:
    """In whole nanoseconds: what floats leave over of a difference is no time to wait for."""
    return round(loop.time() * NS_PER_S)


async def _outcome(step: Callable[[], Awaitable[object]]) -> BaseException | None:
    """As a value: a task that raises SystemExit would take the loop with it."""
    try:
        await step()
    except asyncio.CancelledError:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever it is, the next step is taken
        return error
    return None
