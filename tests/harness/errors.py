"""Exceptions of every kind that code, libraries and systems raise, the rude ones among them."""

import asyncio
import random
from collections.abc import Callable

import can
import serial

from bench.errors import BenchError, ConfigError, DutError, InstrumentError, LinkError, ScenarioError
from bench.record.poison import PoisonedRig


class Unspeakable(Exception):
    """Has no words, and says so by an exception of its own."""

    def __str__(self) -> str:
        raise RuntimeError("not even that")


class Unheard(BaseException):
    """Not an Exception, as some libraries raise."""


ORDINARY: list[Callable[[], BaseException]] = [
    lambda: ValueError("invalid literal for int() with base 10: '+-0'"),
    lambda: OverflowError("cannot convert float infinity to integer"),
    lambda: ZeroDivisionError("division by zero"),
    lambda: KeyError("x"),
    lambda: IndexError(),
    lambda: TypeError(),
    lambda: AttributeError("'NoneType' object has no attribute 'write'"),
    lambda: AssertionError(),
    lambda: RuntimeError("Event loop is closed"),
    lambda: RuntimeError("x\ud800\n\x1b[2Jtwo lines"),
    lambda: UnicodeDecodeError("ascii", b"\xff", 0, 1, "ordinal not in range"),
    lambda: MemoryError(),
    lambda: RecursionError("maximum recursion depth exceeded"),
    lambda: TimeoutError(),
    lambda: OSError(5, "Input/output error"),
    lambda: OSError(28, "No space left on device"),
    lambda: BrokenPipeError(32, "Broken pipe"),
    lambda: EOFError(),
    lambda: NotImplementedError(),
    lambda: StopAsyncIteration(),
    lambda: ExceptionGroup("several", [ValueError("a"), OSError("b")]),
    lambda: asyncio.InvalidStateError(),
    lambda: serial.SerialException("device reports readiness to read but returned no data"),
    lambda: can.CanOperationError("Network is down", 100),
    lambda: BenchError("the bench says no"),
    lambda: InstrumentError("the instrument says no"),
    lambda: LinkError("the line is torn"),
    lambda: DutError("the DUT says no"),
    lambda: ConfigError("the file says no"),
    lambda: ScenarioError("the scenario says no"),
    lambda: PoisonedRig("poisoned"),
    Unspeakable,
]
RUDE: list[Callable[[], BaseException]] = [
    lambda: asyncio.CancelledError(),
    lambda: SystemExit(1),
    lambda: SystemExit("text"),
    lambda: KeyboardInterrupt(),
    lambda: GeneratorExit(),
    lambda: BaseExceptionGroup("several", [Unheard("a"), OSError("b")]),
    Unheard,
]
"""Not an Exception: what gets past most of what is written to catch everything."""


def some_error(rng: random.Random) -> BaseException:
    return rng.choice(ORDINARY if rng.random() < 0.6 else RUDE)()
