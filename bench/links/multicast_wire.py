"""python-can's datagrams: one msgpack map per frame, of the arguments of can.Message."""

from typing import Any, NamedTuple

import msgpack

from bench.trace.events import CanFrame, made

_SENDER_MARK = "node:"  # bench nodes put their name into the format's free `channel` field
# A map of 11, "timestamp", float64: what every python-can message begins with. The float varies and is skipped.
_BEGINNING = b"\x8b\xa9timestamp\xcb"
_STAMP_END = len(_BEGINNING) + 8
_PAYLOAD = b"\xa4data\xc4"  # "data", bytes with a length of one byte
_MOST_KNOWN = 4096
_MOST_SHOWN = 40
_FD_LENGTHS = frozenset((*range(9), 12, 16, 20, 24, 32, 48, 64))
_MOST_STANDARD_ID, _MOST_EXTENDED_ID = 0x7FF, 0x1FFF_FFFF


class NotAFrame(ValueError):
    """A datagram that holds no CAN frame; the text says why."""


class _Rest(NamedTuple):
    """What a datagram says besides its payload."""

    can_id: int
    extended: bool
    fd: bool
    bitrate_switch: bool
    sender: str


class Reader:
    """Reads datagrams; remembers what surrounds the payload, because a cyclic message repeats that to the byte.

    Finding the surroundings again costs a quarter of unpacking the map.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, _Rest] = {}

    def read(self, datagram: bytes) -> tuple[CanFrame | None, str]:
        """(the data frame or None for another kind, the bench node that announced itself or "").

        Raises NotAFrame for everything else: whatever a stranger sends, nothing that no CAN bus could carry gets in.
        """
        at = datagram.find(_PAYLOAD) + len(_PAYLOAD)
        end = at + 1 + datagram[at] if _STAMP_END < at < len(datagram) else -1
        if end < 0 or not datagram.startswith(_BEGINNING):
            return _unpack(datagram)
        around = datagram[_STAMP_END : at + 1] + datagram[end:]
        rest = self._known.get(around)
        if rest is not None and end <= len(datagram):
            can_id, extended, fd, switch, sender = rest
            return made(CanFrame, (can_id, datagram[at + 1 : end], extended, fd, switch)), sender
        frame, sender = _unpack(datagram)
        if frame is not None and frame.data == datagram[at + 1 : end]:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[around] = _Rest(frame.can_id, frame.extended, frame.fd, frame.bitrate_switch, sender)
        return frame, sender


def mark_of(name: str) -> str:
    """The mark by which a sender is named on the wire."""
    return _SENDER_MARK + name


def pack(frame: CanFrame, channel: str) -> bytes:
    """One frame as python-can would send it."""
    packed: bytes = msgpack.packb(
        {
            "timestamp": 0.0,
            "arbitration_id": frame.can_id,
            "is_extended_id": frame.extended,
            "is_remote_frame": False,
            "is_error_frame": False,
            "channel": channel,
            "dlc": len(frame.data),
            "data": frame.data,
            "is_fd": frame.fd,
            "bitrate_switch": frame.bitrate_switch,
            "error_state_indicator": False,
        },
        use_bin_type=True,
    )
    return packed


def _unpack(datagram: bytes) -> tuple[CanFrame | None, str]:
    try:
        message = msgpack.unpackb(datagram, raw=False)
    except Exception as error:  # msgpack promises no closed set of exceptions
        raise NotAFrame(
            f"it is no msgpack ({' '.join(str(error).split()) or type(error).__name__})"
        ) from error
    if not isinstance(message, dict):
        raise NotAFrame(f"found a {type(message).__name__}, expected a map")
    channel = message.get("channel")
    sender = ""
    if isinstance(channel, str) and channel.startswith(_SENDER_MARK):
        sender = channel.removeprefix(_SENDER_MARK)
    if _truth(message, "is_remote_frame") or _truth(message, "is_error_frame"):
        return None, sender
    frame = CanFrame(
        _identifier(message),
        _payload_of(message),
        _truth(message, "is_extended_id", otherwise=True),
        _truth(message, "is_fd"),
        _truth(message, "bitrate_switch"),
    )
    _check(frame, message.get("dlc"))
    return frame, sender


def _truth(message: dict[Any, Any], key: str, otherwise: bool = False) -> bool:
    value = message.get(key, otherwise)
    if type(value) not in (bool, int) or value not in (
        0,
        1,
    ):  # python-can sends what its user gave, 1 as well
        raise NotAFrame(f"found {key} = {_shown(value)}, expected true or false")
    return bool(value)


def _identifier(message: dict[Any, Any]) -> int:
    value = message.get("arbitration_id")
    if type(value) is not int:
        raise NotAFrame(f"found arbitration_id = {_shown(value)}, expected a whole number")
    return value


def _payload_of(message: dict[Any, Any]) -> bytes:
    value = message.get("data")
    if value is not None and not isinstance(value, bytes):
        raise NotAFrame(f"found data = {_shown(value)}, expected bytes")
    return value or b""


def _check(frame: CanFrame, dlc: object) -> None:
    most = _MOST_EXTENDED_ID if frame.extended else _MOST_STANDARD_ID
    if not 0 <= frame.can_id <= most:
        kind = "an extended" if frame.extended else "a standard"
        raise NotAFrame(
            f"found arbitration_id = {_shown(frame.can_id)}, expected 0 to 0x{most:X} for {kind} frame"
        )
    length = len(frame.data)
    if dlc is not None and (type(dlc) is not int or dlc != length):
        raise NotAFrame(f"found dlc = {_shown(dlc)} with {length} bytes of data, expected the same")
    if length > 8 and (not frame.fd or length not in _FD_LENGTHS):
        expected = "a length of CAN FD, 64 at most" if frame.fd else "8 at most in a classic frame"
        raise NotAFrame(f"found {length} bytes of data, expected {expected}")
    if frame.bitrate_switch and not frame.fd:
        raise NotAFrame("found a bit rate switch in a classic frame")


def _shown(value: object) -> str:
    """Short, whatever a stranger has put there."""
    text = (
        ascii(value) if isinstance(value, str | int | float | bytes | None) else f"a {type(value).__name__}"
    )
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
