"""Frames as SocketCAN's sockets take and give them (linux/can.h)."""

import struct

from bench.trace.events import CanFrame

CLASSIC_BYTES, FD_BYTES = 16, 72
EXTENDED_FLAG, REMOTE_FLAG = 0x8000_0000, 0x4000_0000
_IDENTIFIER = 0x1FFF_FFFF
_CLASSIC = struct.Struct("=IB3x8s")
_FD = struct.Struct("=IBB2x64s")
_BITRATE_SWITCH, _FD_FORMAT = 0x1, 0x4
_FD_LENGTHS = (*range(9), 12, 16, 20, 24, 32, 48, 64)


def pack_classic(frame: CanFrame) -> bytes:
    """ValueError for a payload that does not fit."""
    if len(frame.data) > 8:
        raise ValueError(f"{len(frame.data)} bytes; a classic frame holds up to 8")
    return _CLASSIC.pack(_address(frame), len(frame.data), frame.data)


def pack_fd(frame: CanFrame) -> bytes:
    """ValueError for a payload that has no FD length."""
    if len(frame.data) not in _FD_LENGTHS:
        raise ValueError(
            f"{len(frame.data)} bytes; expected an FD length: 0 to 8, 12, 16, 20, 24, 32, 48, 64"
        )
    flags = _FD_FORMAT | (_BITRATE_SWITCH if frame.bitrate_switch else 0)
    return _FD.pack(_address(frame), len(frame.data), flags, frame.data)


def unpack(raw: bytes) -> tuple[int, CanFrame]:
    """(the whole identifier word with its flags, the frame)."""
    if len(raw) == CLASSIC_BYTES:
        word, length, data = _CLASSIC.unpack(raw)
        return word, CanFrame(word & _identifier(word), data[: min(length, 8)], word >= EXTENDED_FLAG)
    word, length, flags, data = _FD.unpack(raw)
    switch = bool(flags & _BITRATE_SWITCH)
    return word, CanFrame(
        word & _identifier(word), data[: min(length, 64)], word >= EXTENDED_FLAG, True, switch
    )


def _identifier(word: int) -> int:
    return _IDENTIFIER if word & EXTENDED_FLAG else 0x7FF


def _address(frame: CanFrame) -> int:
    return frame.can_id | (EXTENDED_FLAG if frame.extended else 0)
