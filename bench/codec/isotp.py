"""ISO 15765-2 on classic CAN, normal addressing: payloads of up to 4095 bytes to frames of 8 and back. No clock in it.

Not can-isotp: its transport keeps its own time (time.perf_counter) and is driven by a thread or by polling, so that it
could not run in simulated time.
"""

from dataclasses import dataclass
from enum import IntEnum

from bench.errors import BenchError
from bench.units import NS_PER_MS, NS_PER_US

MOST_BYTES = 4095
PADDING = 0xCC
_FRAME_BYTES = 8


class IsoTpError(BenchError):
    """The other side breaks ISO 15765-2: a lost or strange frame, an overflow."""


class FlowStatus(IntEnum):
    """Status of a flow control frame (ISO 15765-2)."""

    CONTINUE = 0
    WAIT = 1
    OVERFLOW = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowControl:
    """The receiver's word to the sender. `block`: consecutive frames until the next word, 0: all. `gap_ns`: STmin."""

    status: FlowStatus
    block: int
    gap_ns: int


def padded(data: bytes) -> bytes:
    """The payload, filled up to the length of a classic CAN frame."""
    return data + bytes((PADDING,)) * (_FRAME_BYTES - len(data))


def segment(payload: bytes) -> list[bytes]:
    """One single frame, or a first frame and its consecutive frames. ValueError for a length it cannot carry."""
    if not 0 < len(payload) <= MOST_BYTES:
        raise ValueError(f"payload of {len(payload)} bytes; expected 1 to {MOST_BYTES}")
    if len(payload) <= 7:
        return [padded(bytes((len(payload),)) + payload)]
    frames = [(0x1000 | len(payload)).to_bytes(2, "big") + payload[:6]]
    for number, start in enumerate(range(6, len(payload), 7), start=1):
        frames.append(padded(bytes((0x20 | number % 16,)) + payload[start : start + 7]))
    return frames


def flow_control(status: FlowStatus = FlowStatus.CONTINUE, block: int = 0, gap_ms: int = 0) -> bytes:
    """A flow control frame. block: frames until the next one, 0 for all. gap_ms: least separation time (STmin), 0 to
    127 ms.
    """
    return padded(bytes((0x30 | status, block, gap_ms)))


def read_flow_control(data: bytes) -> FlowControl | None:
    """(status, block size, separation time in ns) of a flow control frame. None for a frame of another type. Raises
    IsoTpError for an unknown status.
    """
    if len(data) < 3 or data[0] >> 4 != 3:
        return None
    try:
        status = FlowStatus(data[0] & 0x0F)
    except ValueError:
        raise IsoTpError(f"flow control with status {data[0] & 0x0F}; expected 0, 1 or 2") from None
    return FlowControl(status=status, block=data[1], gap_ns=_gap_ns(data[2]))


def _gap_ns(raw: int) -> int:
    """STmin: 0..127 ms, 0xF1..0xF9 100..900 µs; what is reserved means the longest, 127 ms."""
    if raw <= 0x7F:
        return raw * NS_PER_MS
    return (raw - 0xF0) * 100 * NS_PER_US if 0xF1 <= raw <= 0xF9 else 127 * NS_PER_MS


class Reassembler:
    """Frames to a payload. `feed` gives it once complete; `wants_flow_control` after a first frame."""

    def __init__(self) -> None:
        self._payload = bytearray()
        self._wanted = 0
        self._next = 0
        self.wants_flow_control = False

    def feed(self, data: bytes) -> bytes | None:
        """Raises IsoTpError for a consecutive frame out of turn, or a length that cannot be."""
        self.wants_flow_control = False
        kind = data[0] >> 4 if data else 15
        if kind == 0:
            length = data[0] & 0x0F
            if not 0 < length < len(data):
                raise IsoTpError(
                    f"single frame of length {length} in {len(data)} bytes; expected 1 to {len(data) - 1}"
                )
            self._wanted = 0
            return data[1 : 1 + length]
        if kind == 1:
            self._wanted = int.from_bytes(data[:2], "big") & 0x0FFF
            if self._wanted <= 7 or len(data) < _FRAME_BYTES:
                raise IsoTpError(f"first frame announces {self._wanted} bytes; expected 8 to {MOST_BYTES}")
            self._payload = bytearray(data[2:8])
            self._next = 1
            self.wants_flow_control = True
            return None
        if kind == 2 and self._wanted:
            return self._consecutive(data)
        return None  # flow control, or a rest of something given up: not ours

    def _consecutive(self, data: bytes) -> bytes | None:
        if data[0] & 0x0F != self._next:
            self._wanted, found = 0, data[0] & 0x0F
            raise IsoTpError(f"consecutive frame {found}; expected {self._next}: one was lost or repeated")
        self._next = (self._next + 1) % 16
        self._payload += data[1:]
        if len(self._payload) < self._wanted:
            return None
        payload, self._wanted = bytes(self._payload[: self._wanted]), 0
        return payload
