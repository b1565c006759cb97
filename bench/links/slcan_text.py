"""SLCAN, the text that CANable, CANUSB (Lawicel) and many others speak over a serial line: frames to lines and back.

`tIIILDD..` is a data frame with an 11-bit identifier, `TIIIIIIIILDD..` one with 29 bits; `r` and `R` are remote
frames. CANable 2.0 adds `d`, `D` (CAN FD) and `b`, `B` (with bit-rate switch). A line ends with CR; BEL instead
of a line refuses the command before it.
"""

from dataclasses import dataclass

from bench.errors import LinkError
from bench.trace.events import CanFrame

CR = b"\r"
BEL = b"\a"
LONGEST_LINE = 160  # an FD frame with 29 bits and 64 bytes takes 139, a time stamp 4 more

# Command of the adapter by bit rate: S0 .. S8.
BITRATES = {
    10_000: 0,
    20_000: 1,
    50_000: 2,
    100_000: 3,
    125_000: 4,
    250_000: 5,
    500_000: 6,
    800_000: 7,
    1_000_000: 8,
}
_HEX = frozenset(b"0123456789abcdefABCDEF")
_FD_LENGTHS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64)
_LETTERS = {(False, False, False): "t", (True, False, False): "T", (False, True, False): "d",
            (True, True, False): "D", (False, True, True): "b", (True, True, True): "B"}  # fmt: skip
_KINDS = {letter: kind for kind, letter in _LETTERS.items()}
_STAMP_DIGITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one line says: a data frame, or one of the rest."""

    frame: CanFrame | None = None
    remote: bool = False
    taken: bool = False  # z, Z: the adapter has accepted a frame
    refused: bool = False  # BEL
    wrong: str = ""  # why the line is no SLCAN


_ANSWER = Line()
_REMOTE = Line(remote=True)
_TAKEN = Line(taken=True)
_REFUSED = Line(refused=True)


def opening(bitrate: int) -> bytes:
    """Everything that brings an adapter, in whatever state it is, onto the bus. LinkError for an unknown bit rate."""
    if bitrate not in BITRATES:
        known = ", ".join(f"{rate // 1000}" for rate in BITRATES)
        raise LinkError(f"slcan has no command for {bitrate} bit/s; expected one of {known} kbit/s")
    return b"\r\rC\r" + f"S{BITRATES[bitrate]}\rO\r".encode()


def line_of(frame: CanFrame) -> bytes:
    """The frame as its line, CR included. LinkError for a length that no frame has."""
    if len(frame.data) not in _FD_LENGTHS or (len(frame.data) > 8 and not frame.fd):
        raise LinkError(f"frame 0x{frame.can_id:X} has {len(frame.data)} bytes; no CAN frame has")
    letter = _LETTERS[frame.extended, frame.fd, frame.fd and frame.bitrate_switch]
    digits = 8 if frame.extended else 3
    length = _FD_LENGTHS.index(len(frame.data))
    return f"{letter}{frame.can_id:0{digits}X}{length:X}{frame.data.hex().upper()}\r".encode()


def read_line(text: bytes) -> Line:
    """What a line without its end says; `b"\\a"` alone is a refusal."""
    if text == BEL:
        return _REFUSED
    letter = text[:1].decode("latin-1")
    if letter in ("r", "R"):
        return _REMOTE
    if text in (b"z", b"Z"):
        return _TAKEN
    if letter not in _KINDS:
        # CR alone: done. V, N, F and their like: answers to questions.
        return _ANSWER if not letter or letter.isalpha() else Line(wrong=f"{text[:40]!r} is no line of SLCAN")
    extended, fd, switch = _KINDS[letter]
    digits = 8 if extended else 3
    if not all(
        byte in _HEX for byte in text[1 : 2 + digits]
    ):  # int() takes signs, blanks and underscores too
        return Line(wrong=f"{text[:40]!r} is no frame")
    try:
        can_id = int(text[1 : 1 + digits], 16)
        size = _FD_LENGTHS[int(text[1 + digits : 2 + digits], 16)]
        body = text[2 + digits :]
        if len(body) == 2 * size + _STAMP_DIGITS:  # the adapter's own millisecond; too coarse to be of use
            if not all(byte in _HEX for byte in body[2 * size :]):
                return Line(wrong=f"{text[:40]!r} is no frame")
            body = body[: 2 * size]
        data = bytes.fromhex(body.decode("ascii"))
    except ValueError:  # UnicodeDecodeError is one
        return Line(wrong=f"{text[:40]!r} is no frame")
    if len(data) != size or len(body) != 2 * size or (size > 8 and not fd) or can_id > _highest(extended):
        return Line(wrong=f"{text[:40]!r} is a torn frame")
    return Line(frame=CanFrame(can_id, data, extended, fd, switch))


def _highest(extended: bool) -> int:
    return 0x1FFFFFFF if extended else 0x7FF
