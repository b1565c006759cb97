"""python-can's datagrams: one msgpack map per frame, of the arguments of can.Message."""

from typing import NamedTuple

import msgpack

from bench.trace.events import CanFrame, made

_SENDER_MARK = "node:"  # bench nodes put their name into the format's free `channel` field
# A map of 11, "timestamp", float64: what every python-can message begins with. The float varies and is skipped.
_BEGINNING = b"\x8b\xa9timestamp\xcb"
_STAMP_END = len(_BEGINNING) + 8
_PAYLOAD = b"\xa4data\xc4"  # "data", bytes with a length of one byte
_MOST_KNOWN = 4096


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

        Raises ValueError, TypeError, KeyError, AttributeError or msgpack.UnpackException for anything else.
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
    message = msgpack.unpackb(datagram, raw=False)
    channel = message.get("channel")
    marked = isinstance(channel, str) and channel.startswith(_SENDER_MARK)
    sender = channel[len(_SENDER_MARK) :] if marked else ""
    if message.get("is_remote_frame") or message.get("is_error_frame"):
        return None, sender
    frame = CanFrame(
        int(message["arbitration_id"]),
        bytes(message["data"] or b""),
        bool(message.get("is_extended_id", True)),
        bool(message.get("is_fd")),
        bool(message.get("bitrate_switch")),
    )
    return frame, sender
