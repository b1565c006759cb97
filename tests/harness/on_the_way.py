"""Exceptions at what the way to the safe state calls: outputs off, faults cleared, DUT and hardware stopped."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Generator
from typing import Any

from bench.rig.rig import Rig
from bench.timing.clock import Phase
from bench.trace.events import Kind
from bench.trace.facts import Fact
from bench.trace.mark import Mark
from bench.units import NS_PER_MS, NS_PER_S

from .errors import some_error
from .ground import Grounds, a_ground, play
from .outcome import Outcome

CUT_NS = 50 * NS_PER_MS  # after the fault is on, before anybody takes it off


class Struck:
    """Awaits a coroutine, and throws `error` at suspension `at` or at its end; at once where at < 0. None: it hangs."""

    def __init__(self, coroutine: Any, at: int, error: BaseException | None, told: list[str]) -> None:
        self._coroutine, self._at, self._error, self._told = coroutine, at, error, told

    def _name(self) -> str:
        what = "hangs in" if self._error is None else f"{type(self._error).__name__} in"
        return f"{what} {getattr(self._coroutine, '__qualname__', 'a step')}"

    def __await__(self) -> Generator[Any, Any, Any]:
        step, send, value = 0, self._coroutine.send, None
        if self._at < 0 and self._error is not None:
            self._told.append(self._name())
            self._coroutine.close()
            raise self._error
        while True:
            try:
                yielded = send(value)
            except StopIteration as end:
                if step > self._at:
                    return end.value
                self._told.append(self._name())
                if self._error is not None:
                    raise self._error from None
                yield from asyncio.get_running_loop().create_future()
            if step == self._at:
                self._told.append(self._name())
                if self._error is None:
                    yielded = asyncio.get_running_loop().create_future()
                    yielded._asyncio_future_blocking = True
                else:
                    send, value, step = self._coroutine.throw, self._error, step + 1
                    continue
            step += 1
            try:
                value, send = (yield yielded), self._coroutine.send
            except BaseException as thrown:  # noqa: BLE001 - handed on to where it belongs
                value, send = thrown, self._coroutine.throw


def strike(owner: Any, name: str, call: int, at: int, error: BaseException | None, told: list[str]) -> None:
    """The `call`-th call of an async method is struck."""
    method: Callable[..., Any] = getattr(owner, name)
    calls = 0

    def struck(*words: Any) -> Awaitable[Any]:
        nonlocal calls
        calls += 1
        return Struck(method(*words), at, error, told) if calls == call else method(*words)

    setattr(owner, name, struck)


def strike_clear(rig: Rig, at: int, error: BaseException | None, told: list[str]) -> None:
    admit = rig.faults.admit

    def admitted(name: str, owner: str, ttl_ns: int, clear: Callable[[], Awaitable[None]]) -> Any:
        return admit(name, owner, ttl_ns, lambda: Struck(clear(), at, error, told))  # type: ignore[arg-type,return-value]

    rig.faults.admit = admitted  # type: ignore[method-assign]


def strike_method(owner: Any, name: str, error: BaseException, told: list[str]) -> None:
    """A method that nobody waits for raises whenever it is called."""

    def raises(*_: object) -> None:
        told.append(f"{type(error).__name__} in {name}")
        raise error

    setattr(owner, name, raises)


def meddle(rng: random.Random, rig: Rig, told: list[str]) -> None:
    """One injection somewhere on the way; in three of four shots that way begins in the middle of the fault."""
    if rng.random() < 0.75:
        cut_short(rig, CUT_NS + rng.randrange(NS_PER_S))
    error = None if rng.random() < 0.15 else some_error(rng)
    at = rng.choice((0, 0, 1, 2, 3, 5))
    often = ("off", "never off", "clear")
    where = rng.choice((*often, *often, "off", "off again", "dut", "hardware", "link", "message"))
    if where == "never off":
        for call in (1, 2):
            strike(rig.outputs.emulator, "safe", call, -1, some_error(rng), told)
    elif where.startswith("off"):
        strike(rig.outputs.emulator, "safe", 1 if where == "off" else 2, at, error, told)
    elif where == "clear":
        strike_clear(rig, 0, error, told)
    elif where == "dut":
        strike(rig.dut, "stop", 1, 0, error, told)
    elif where == "hardware":
        strike(rig.hardware, "stop", 1, 0, error, told)
    elif error is not None and where == "link":
        strike_method(rng.choice([*rig.links.values()]), "close", error, told)
    elif error is not None:
        strike_method(rng.choice(rig.restbus), "stop", error, told)


def way(rng: random.Random, grounds: Grounds) -> Outcome:
    """Of one shot: what its way to the safe state calls raises or hangs."""
    where = a_ground(rng, grounds)
    told: list[str] = []
    outcome = Outcome(fault=where.name)
    play(where, outcome, lambda rig: meddle(rng, rig, told))
    outcome.struck = bool(told)
    outcome.fault = f"{where.name}: {', '.join(told) or 'nothing struck'}"
    return outcome


def cut_short(rig: Rig, after_ns: int) -> None:
    """An exception in a timer, so long after the first fault is on."""

    def on_mark(mark: Mark[Fact]) -> None:
        if mark.kind is Kind.STIMULUS_CONFIRMED:
            rig.clock.call_at(rig.clock.now_ns() + after_ns, Phase.OBSERVE, lambda: 1 // 0 and None)

    rig.trace.on_mark(on_mark)
