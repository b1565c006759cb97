"""A firmware in Python behind the stepped protocol: the process that `start = "stepped"` begins."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from bench.stepped import wire
from bench.stepped.wire import MessageKind
from bench.trace.events import CanFrame

_READ_BYTES = 1 << 16


class Stepped(Protocol):
    """A BMS stepped from outside: the same that `firmware = "module:factory"` names.

    With `pull_reset()` it keeps what it has stored through a reset and through a time without supply. Without, a new
    one is made.
    """

    period_ns: int

    def receive(self, now_ns: int, channel: str, frame: CanFrame) -> None: ...

    def step(self, now_ns: int) -> Iterable[tuple[str, CanFrame]]: ...


class _Server:
    def __init__(self, make: Callable[[], Stepped], build: str) -> None:
        self._make, self._build = make, build
        self._channels: tuple[str, ...] = ()
        self._firmware: Stepped = make()
        self._fresh, self._on = True, False

    def answer(self, kind: MessageKind, payload: bytes) -> bytes:
        if kind is MessageKind.FRAME:
            t_ns, channel, frame = wire.frame_in_of(payload)
            if self._on:
                self._firmware.receive(t_ns, self._channels[channel], frame)
            return b""
        if kind is MessageKind.ADVANCE:
            return self._step(payload)
        if kind is MessageKind.POWER:
            _, self._on = wire.power_of(payload)
            if self._on and not self._fresh:
                self._begin_again()
            self._fresh = False
            return wire.packed(MessageKind.POWERED)
        if kind is MessageKind.RESET:
            self._begin_again()
            return wire.packed(MessageKind.WAS_RESET)
        return self._greet(payload)

    def _greet(self, payload: bytes) -> bytes:
        version, self._channels = wire.channels_of(payload)
        if version != wire.VERSION:
            return wire.packed(MessageKind.REFUSED, f"speaks version {wire.VERSION}, not {version}".encode())
        return wire.greeted(self._firmware.period_ns, self._build)

    def _begin_again(self) -> None:
        pull: Any = getattr(self._firmware, "pull_reset", None)
        if pull is None:
            self._firmware = self._make()
        else:
            pull()

    def _step(self, payload: bytes) -> bytes:
        (t_ns,) = wire.TIME.unpack(payload)
        sent = self._firmware.step(t_ns) if self._on else ()
        number = {name: at for at, name in enumerate(self._channels)}
        frames = b"".join(wire.frame_out(number.get(channel, 255), frame) for channel, frame in sent)
        return frames + wire.packed(MessageKind.ADVANCED, payload)


def serve(make: Callable[[], Stepped], build: str = "") -> None:
    """Step what `make` gives as the bench asks, until the bench has gone. build: what the firmware is, for the bench.

    Standard output belongs to the protocol: what is printed goes to standard error in its place.
    """
    sys.stdout.flush()
    out = os.dup(1)
    os.dup2(2, 1)
    server, reader = _Server(make, build), wire.MessageReader()
    while news := os.read(0, _READ_BYTES):
        answers = b"".join(server.answer(kind, payload) for kind, payload in reader.fed(news))
        with contextlib.suppress(
            BrokenPipeError
        ):  # the bench has gone, and its end of the other pipe with it
            while answers:
                answers = answers[os.write(out, answers) :]
