"""Instruments that answer nonsense: what a played one writes is spoilt on its way to the bench, or the line torn."""

import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from unittest import mock

from bench.instruments.virtual_cells import Boxes
from bench.links.simulated_serial import SimulatedSerial
from bench.timing.clock import Clock, Phase
from bench.trace.events import CanFrame
from bench.units import NS_PER_MS
from bench.wiring import instruments, side_instruments

_FLOAT = re.compile(rb"[+-]?\d+\.\d+(?:[eE][+-]?\d+)?")
_NUMBER = re.compile(rb"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_NO_NUMBERS = (
    b"nan",
    b"inf",
    b"-inf",
    b"9.91E+37",
    b"-9.9E37",
    b"+-0",
    b"1_0",
    b"0x0",
    b"",
    b"1e999",
    "٠".encode(),
)
Write = Callable[[bytes], None]


def _flipped(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


SPOILS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "lost": lambda _, __: b"",
    "half": lambda data, rng: data[: rng.randrange(len(data))],
    "garbage": lambda data, rng: rng.randbytes(rng.randint(1, 60)) + data[-2:],
    "empty lines": lambda data, _: b"\r\n\n" + data[-1:],
    "no numbers": lambda data, rng: _FLOAT.sub(rng.choice(_NO_NUMBERS), data),
    "no whole numbers": lambda data, rng: _NUMBER.sub(rng.choice(_NO_NUMBERS), data),
    "+-0": lambda data, _: b'+-0,"No error"' + data[-1:],
    "zero": lambda data, _: _NUMBER.sub(b"0", data),
    "flipped": _flipped,
    "doubled": lambda data, _: data + data,
    "behind noise": lambda data, rng: rng.randbytes(rng.randint(1, 9)) + data,
    "huge": lambda data, _: data[:-1] * 400 + data[-1:],
}


@dataclass(slots=True, kw_only=True)
class Spoiler:
    """Spoils `count` writes from number `first` on, on all lines together; counts only where `count` is 0.

    how: one of SPOILS, or "late", "torn", "echo", "swallowed" (the instrument never hears what was sent), "earlier".
    """

    rng: random.Random
    how: str = "lost"
    first: int = 1
    count: int = 0
    seen: int = 0
    told: list[str] = field(default_factory=list)
    _sent: bytes = b"\n"
    _earlier: list[bytes] = field(default_factory=list)

    def _due(self) -> bool:
        self.seen += 1
        return self.first <= self.seen < self.first + self.count

    def command(self, data: bytes, deliver: Callable[[], None]) -> None:
        self._sent = data
        if self.how == "swallowed" and self.first <= self.seen + 1 < self.first + self.count:
            self.seen += 1  # it has no reply to be counted
            self.told.append("swallowed")
            return
        deliver()

    def reply(self, data: bytes, write: Write, clock: Clock, tear: Callable[[], None]) -> None:
        self._earlier = [*self._earlier[-20:], data]
        if not data or not self._due() or self.how == "swallowed":
            write(data)
            return
        self.told.append(f"{self.how} {self.seen}")
        if self.how == "torn":
            tear()
        elif self.how == "late":
            delay_ns = self.rng.randrange(50, 8_000) * NS_PER_MS
            clock.call_at(clock.now_ns() + delay_ns, Phase.INSTRUMENT, lambda: _still(write, data))
        elif self.how == "echo":
            write(self._sent)
        elif self.how == "earlier":
            write(self.rng.choice(self._earlier))
        else:
            write(SPOILS[self.how](data, self.rng))

    def frame(self, frame: CanFrame, send: Callable[[CanFrame], None], clock: Clock) -> None:
        """A frame of an instrument on a bus."""
        if not self._due():
            send(frame)
            return
        self.told.append(f"{self.how} {self.seen}")
        if self.how == "late":
            delay_ns = self.rng.randrange(50, 8_000) * NS_PER_MS
            clock.call_at(clock.now_ns() + delay_ns, Phase.INSTRUMENT, lambda: send(frame))
        elif self.how in ("half", "flipped", "garbage", "zero"):
            spoilt = {
                "half": lambda: frame.data[: self.rng.randrange(len(frame.data) or 1)],
                "flipped": lambda: _flipped(frame.data or b"\0", self.rng),
                "garbage": lambda: self.rng.randbytes(self.rng.randint(0, 8)),
                "zero": lambda: bytes(len(frame.data)),
            }[self.how]()
            send(frame._replace(data=spoilt))  # all others: lost


HOWS = (*SPOILS, "late", "torn", "echo", "swallowed", "earlier")


def _still(write: Write, data: bytes) -> None:
    try:
        write(data)
    except Exception:  # noqa: BLE001 - the line has been closed meanwhile
        return


@contextmanager
def spoilt(*spoilers: Spoiler) -> Iterator[None]:
    """The lines and boxes of the next rigs are spoilt, a rig's by each of these; `next_rig` is called between them."""
    current = _Current(list(spoilers))

    class Serial(SimulatedSerial):
        def __init__(self, clock: Clock, port: str, baud: int) -> None:
            super().__init__(clock, port, baud)
            spoiler = current.of(clock)
            if spoiler is None:
                return
            write, receive = self.device.write, self.to_device._deliver
            self.device.write = lambda data: spoiler.reply(data, write, clock, self.tear)  # type: ignore[method-assign]
            self.to_device._deliver = lambda t_ns, data: spoiler.command(data, lambda: receive(t_ns, data))

    play = instruments.play_boxes

    def play_boxes(kind: Any, boxes: Boxes) -> Any:
        node, clock = boxes.node, boxes.clock
        spoiler = current.of(clock)

        def spoilt_node(name: str) -> Any:
            made = node(name)
            if spoiler is not None:
                send = made.send
                made.send = lambda frame: spoiler.frame(frame, send, clock)
            return made

        return play(kind, replace(boxes, node=spoilt_node))

    with (
        mock.patch.object(instruments, "SimulatedSerial", Serial),
        mock.patch.object(side_instruments, "SimulatedSerial", Serial),
        mock.patch.object(instruments, "play_boxes", play_boxes),
    ):
        yield


class _Current:
    """Which spoiler a rig has: rigs are told apart by their clocks."""

    def __init__(self, left: list[Spoiler]) -> None:
        self._left = left
        self._of: list[tuple[Clock, Spoiler | None]] = []

    def of(self, clock: Clock) -> Spoiler | None:
        for known, spoiler in self._of:
            if known is clock:
                return spoiler
        self._of.append((clock, self._left.pop(0) if self._left else None))
        return self._of[-1][1]
