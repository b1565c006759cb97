"""The bytes of the stepped protocol, version 1 (docs/how-to/stepped_firmware.md): messages over a pair of pipes.

A message is a kind (1 byte), a zero byte, the length of its payload (2 bytes), and the payload. Numbers are
little-endian. Times are nanoseconds of the bench's clock.
"""

import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from bench.trace.events import CanFrame

VERSION = 1
HEAD = struct.Struct("<BBH")
TIME = struct.Struct("<Q")
_HELLO, _GREETED = struct.Struct("<HB"), struct.Struct("<HQ")
_POWER, _FRAME_IN, _FRAME_OUT = struct.Struct("<QB"), struct.Struct("<QIBB"), struct.Struct("<IBB")
_EXTENDED, _FD, _SWITCH = 1, 2, 4
LONGEST_PAYLOAD = 4096


class MessageKind(IntEnum):
    """Upper case: from the bench. Lower case: from the firmware."""

    HELLO = ord("H")
    POWER = ord("P")
    RESET = ord("R")
    FRAME = ord("F")
    ADVANCE = ord("A")
    GREETED = ord("h")
    POWERED = ord("p")
    WAS_RESET = ord("r")
    SENT = ord("f")
    ADVANCED = ord("a")
    SAID = ord("t")
    REFUSED = ord("e")


class Malformed(ValueError):
    """Bytes that are no message of this protocol. The text says "found …; expected …"."""


class Greeting(NamedTuple):
    """What a firmware says of itself: protocol version, base task in ns, build."""

    version: int
    period_ns: int
    build: str


def packed(kind: MessageKind, payload: bytes = b"") -> bytes:
    """A message."""
    return HEAD.pack(kind, 0, len(payload)) + payload


def hello(channels: tuple[str, ...]) -> bytes:
    """The bench's first message: it names its buses."""
    names = b"".join(name.encode() + b"\0" for name in channels)
    return packed(MessageKind.HELLO, _HELLO.pack(VERSION, len(channels)) + names)


def channels_of(payload: bytes) -> tuple[int, tuple[str, ...]]:
    """(version, names) of a hello."""
    version, count = _HELLO.unpack_from(payload)
    return version, tuple(name.decode() for name in payload[_HELLO.size :].split(b"\0")[:count])


def greeted(period_ns: int, build: str) -> bytes:
    """The firmware's answer to hello. period_ns: its base task."""
    return packed(MessageKind.GREETED, _GREETED.pack(VERSION, period_ns) + build.encode())


def greeting_of(payload: bytes) -> Greeting:
    """Raises Malformed."""
    if len(payload) < _GREETED.size:
        raise Malformed(f"found {len(payload)} bytes in answer to hello; expected {_GREETED.size} or more")
    version, period_ns = _GREETED.unpack_from(payload)
    return Greeting(version, period_ns, payload[_GREETED.size :].decode(errors="replace"))


def power(t_ns: int, *, on: bool) -> bytes:
    """The supply comes or goes at `t_ns`."""
    return packed(MessageKind.POWER, _POWER.pack(t_ns, on))


def power_of(payload: bytes) -> tuple[int, bool]:
    """(t_ns, on)."""
    t_ns, on = _POWER.unpack(payload)
    return t_ns, bool(on)


def advance(t_ns: int) -> bytes:
    """Run until `t_ns`."""
    return packed(MessageKind.ADVANCE, TIME.pack(t_ns))


def frame_in(t_ns: int, channel: int, frame: CanFrame) -> bytes:
    """A frame whose end was seen at `t_ns`."""
    return packed(MessageKind.FRAME, _FRAME_IN.pack(t_ns, frame.can_id, channel, _flags(frame)) + frame.data)


def frame_in_of(payload: bytes) -> tuple[int, int, CanFrame]:
    """(t_ns, number of the channel, frame)."""
    t_ns, can_id, channel, flags = _FRAME_IN.unpack_from(payload)
    return t_ns, channel, _frame(can_id, flags, payload[_FRAME_IN.size :])


def frame_out(channel: int, frame: CanFrame) -> bytes:
    """A frame that the firmware sends."""
    return packed(MessageKind.SENT, _FRAME_OUT.pack(frame.can_id, channel, _flags(frame)) + frame.data)


def frame_out_of(payload: bytes) -> tuple[int, CanFrame]:
    """(number of the channel, frame). Whether a bus carries it is not looked at. Raises Malformed."""
    if len(payload) < _FRAME_OUT.size:
        raise Malformed(f"found a frame of {len(payload)} bytes; expected {_FRAME_OUT.size} or more")
    can_id, channel, flags = _FRAME_OUT.unpack_from(payload)
    return channel, _frame(can_id, flags, payload[_FRAME_OUT.size :])


def _flags(frame: CanFrame) -> int:
    return _EXTENDED * frame.extended | _FD * frame.fd | _SWITCH * frame.bitrate_switch


def _frame(can_id: int, flags: int, data: bytes) -> CanFrame:
    return CanFrame(can_id, data, bool(flags & _EXTENDED), bool(flags & _FD), bool(flags & _SWITCH))


class MessageReader:
    """Cuts what comes over a pipe into messages."""

    def __init__(self) -> None:
        self._kept = b""

    def fed(self, news: bytes) -> Iterator[tuple[MessageKind, bytes]]:
        """Every message that is whole by now. Raises Malformed."""
        text, at = self._kept + news, 0
        self._kept = b""
        while len(text) - at >= HEAD.size:
            kind, zero, length = HEAD.unpack_from(text, at)
            if zero or length > LONGEST_PAYLOAD or kind not in _KINDS:
                raise Malformed(
                    f"found {text[at : at + 16]!r}; expected a message: a kind, a zero byte, and a length up to "
                    f"{LONGEST_PAYLOAD}"
                )
            end = at + HEAD.size + length
            if end > len(text):
                break
            yield MessageKind(kind), text[at + HEAD.size : end]
            at = end
        self._kept = text[at:]


_KINDS = frozenset(MessageKind)
