"""Exceptions at any await and any callback of a simulated run: the loop and the clock are asked, not the code under it.

Every suspension of every task is counted, and every entry of the timeline that is called. A strike names one of them.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Generator, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from unittest import mock

from bench.core.clock import CoreClock
from bench.core.library import Stop
from bench.timing import simulated
from bench.timing.clock import Phase
from bench.timing.simulated import SimulatedClock, SimulatedLoop
from bench.wiring import core


class Place(StrEnum):
    AWAIT = "await"
    CALLBACK = "callback"


class How(StrEnum):
    """INSTEAD: in place of waiting, or of the callback. AFTER: behind it. HANGS: what is awaited never comes."""

    INSTEAD = "instead of"
    AFTER = "after"
    HANGS = "hangs at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """`at`: which await or callback, counted from the start of the run, or from the strike before this one."""

    place: Place
    at: int
    how: How
    error: BaseException | None = None

    @property
    def words(self) -> str:
        what = "" if self.error is None else f"{type(self.error).__name__} "
        return f"{what}{self.how} {self.place} {self.at}"


@dataclass(slots=True, kw_only=True)
class Striker:
    """Counts, and strikes where it was told to. `phase` names where the run is; `spans`: from which count to which."""

    strikes: list[Strike] = field(default_factory=list)
    phase: Callable[[], str] = lambda: "build"
    spans: dict[tuple[Place, str], list[int]] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    stops: dict[Stop, int] = field(default_factory=dict)
    """The count of the callback at which the native core stopped so for the first time."""
    _counts: dict[Place, int] = field(default_factory=lambda: dict.fromkeys(Place, 0))
    _since: dict[Place, int] = field(default_factory=lambda: dict.fromkeys(Place, 0))

    def due(self, place: Place, *, may_hang: bool = True) -> Strike | None:
        count = self._counts[place] = self._counts[place] + 1
        if not self.strikes:
            span = self.spans.setdefault((place, self.phase()), [count, count])
            span[1] = count
            return None
        strike = self.strikes[0]
        if strike.place is not place or count - self._since[place] < strike.at:
            return None
        if strike.how is How.HANGS and not may_hang:
            return None  # the next one, then
        del self.strikes[0]
        self._since = dict(self._counts)
        self.told.append(f"{strike.words} ({self.phase()})")
        return strike

    def callback(self, inner: Callable[[], object], stop: Stop | None = None) -> Callable[[], None]:
        """stop: why the native core calls it; None: an entry of Python's timeline."""

        def struck() -> None:
            if stop is not None:
                self.stops.setdefault(stop, self._counts[Place.CALLBACK] + 1)
            strike = self.due(Place.CALLBACK)
            if strike is None:
                inner()
                return
            if strike.how is How.AFTER:
                inner()
            if strike.error is not None:
                raise strike.error

        return struck

    def task(
        self, loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **more: Any
    ) -> asyncio.Task[Any]:
        return asyncio.Task(_Relayed(coroutine, self), loop=loop, **more)


class _Relayed(Coroutine[Any, Any, Any]):
    """A coroutine, suspension by suspension."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], striker: Striker) -> None:
        self._coroutine, self._striker = coroutine, striker
        self._run = self.__await__()
        self._begun = False

    def send(self, value: Any) -> Any:
        self._begun = True
        return self._run.send(value)

    def throw(self, error: Any, *more: Any) -> Any:
        if self._begun:
            return self._run.throw(error)
        return self._coroutine.throw(error)  # a task that is cancelled before its start

    def close(self) -> None:
        self._run.close()
        self._coroutine.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        send: Callable[[Any], Any] = self._coroutine.send
        value: Any = None
        while True:
            try:
                yielded = send(value)
            except StopIteration as end:
                return end.value
            strike = self._striker.due(Place.AWAIT, may_hang=not _ends_by_itself(self._coroutine))
            if strike is not None and strike.how is How.INSTEAD:
                send, value = self._coroutine.throw, strike.error
                continue
            if strike is not None and strike.how is How.HANGS:
                yielded = asyncio.get_running_loop().create_future()
                yielded._asyncio_future_blocking = True
            try:
                value, send = (yield yielded), self._coroutine.send
            except BaseException as thrown:  # noqa: BLE001 - handed on to where it belongs
                value, send = thrown, self._coroutine.throw
            else:
                if strike is not None and strike.error is not None:
                    value, send = strike.error, self._coroutine.throw


def _ends_by_itself(coroutine: Any) -> bool:
    """Whether it waits in asyncio's own waiting for tasks, which comes back when they end and cannot hang."""
    while getattr(coroutine, "cr_await", None) is not None:
        inner = coroutine.cr_await
        if not hasattr(inner, "cr_code"):
            break
        coroutine = inner
    return coroutine.cr_code.co_name in ("wait", "_wait", "wait_for", "__aexit__")


@contextlib.contextmanager
def struck(*strikers: Striker) -> Iterator[None]:
    """The next simulated runs of this process are struck, one by each of these; those after them are not."""
    left = list(strikers)

    class Struck:
        """Of a clock: every entry of Python's is counted, and every stop of the core for something of Python's."""

        def __init__(self, *words: Any) -> None:
            super().__init__(*words)
            self.striker = left.pop(0) if left else None
            if self.striker is not None and isinstance(self, CoreClock):
                self._answers = [
                    self.striker.callback(answer, stop)
                    for stop, answer in zip(Stop, self._answers, strict=True)
                ]

        def call_at(self, when_ns: int, phase: Phase, callback: Callable[[], None]) -> Any:
            if self.striker is not None:
                callback = self.striker.callback(callback)
            of_clock: Any = super()
            return of_clock.call_at(when_ns, phase, callback)

    class Clock(Struck, SimulatedClock):
        pass

    class NativeClock(Struck, CoreClock):
        pass

    class Loop(SimulatedLoop):
        def __init__(self, clock: Clock | NativeClock) -> None:
            super().__init__(clock)
            if clock.striker is not None:
                self.set_task_factory(clock.striker.task)  # type: ignore[arg-type]

    with (
        mock.patch.object(simulated, "SimulatedClock", Clock),
        mock.patch.object(core, "SimulatedClock", Clock),
        mock.patch.object(core, "CoreClock", NativeClock),
        mock.patch.object(simulated, "SimulatedLoop", Loop),
    ):
        yield
