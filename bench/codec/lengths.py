"""How many bytes a frame has that carries a message, where the file's own number is none that a frame can have."""

from pathlib import Path
from typing import NamedTuple

from bench.codec.message import Message
from bench.codec.trouble import Trouble
from bench.errors import at_place

CLASSIC_BYTES = 8
_FD_BYTES = (12, 16, 20, 24, 32, 48, 64)


def frame_length(stated: int, *, j1939: bool) -> int:
    """Bytes on the bus for the bytes that the file states: the next length that CAN FD has.

    Raises ValueError, with found and expected, for more than one frame holds.
    """
    if stated <= CLASSIC_BYTES:
        return stated
    if j1939:
        raise ValueError(
            f"found {stated} bytes in J1939; expected {CLASSIC_BYTES} at most: more takes its transport protocol"
        )
    for length in _FD_BYTES:
        if stated <= length:
            return length
    raise ValueError(f"found {stated} bytes; expected {_FD_BYTES[-1]} at most, as CAN FD has")


class Described(NamedTuple):
    """A message, with the bytes that its file states for it, and whether the file says that it is CAN FD."""

    message: Message
    stated: int
    fd_said: bool


def length_taken(described: Described, file: Path) -> list[Trouble]:
    """What was decided of a message that its file leaves open: that it is CAN FD, or how long its frame is."""
    message, stated, fd_said = described
    said = [] if fd_said or not message.fd else ["no CAN FD said, taken for it"]
    expected = "it said, in a DBC by VFrameFormat 14 or 15"
    if message.length != stated:
        said.append(f"taken for {message.length}, which a frame has")
        expected = f"{message.length} bytes" if fd_said else f"{message.length} bytes and {expected}"
    if not said:
        return []
    line = at_place(file, message.name, f"found {stated} bytes and {', and '.join(said)}", expected)
    return [Trouble(line=line, message=message.name, usable=True)]
