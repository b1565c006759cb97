"""AUTOSAR E2E profile 1, variant BOTH.

Written apart from the bench's codec, so that an error in one shows in the other.
"""


def _table() -> tuple[int, ...]:
    entries = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc << 1) ^ 0x1D if crc & 0x80 else crc << 1
            crc &= 0xFF
        entries.append(crc)
    return tuple(entries)


TABLE = _table()
COUNTER_STATES = 15


def start_of(data_id: int) -> int:
    """The CRC after the two bytes of the data id, low byte first: where every check of it starts."""
    return TABLE[TABLE[data_id & 0xFF] ^ (data_id >> 8)]


def crc_of(start: int, data: bytes) -> int:
    """The CRC over bytes 1..n-1 of `data`; byte 0 is where it belongs."""
    crc = start
    for byte in data[1:]:
        crc = TABLE[crc ^ byte]
    return crc


class Receiver:
    """Checks one protected message. `failed` at three more bad frames than good ones, until made up for."""

    __slots__ = ("_bad", "_last", "_start", "failed")

    LIMIT = 3

    def __init__(self, data_id: int) -> None:
        self._start = start_of(data_id)
        self._last = -1
        self._bad = 0
        self.failed = False

    def accept(self, data: bytes) -> bool:
        """Whether this frame's values may be used: right CRC, and a counter that is valid and has moved."""
        crc = self._start
        for byte in data[1:]:
            crc = TABLE[crc ^ byte]
        counter = data[1] & 0x0F
        if crc == data[0] and counter != self._last and counter < COUNTER_STATES:
            self._last = counter
            if self._bad:
                self._bad -= 1
                if not self._bad:
                    self.failed = False
            return True
        if self._bad < self.LIMIT:
            self._bad += 1
            if self._bad == self.LIMIT:
                self.failed = True
        return False


class Sender:
    """Protects one message: counter into the low nibble of byte 1, CRC into byte 0."""

    __slots__ = ("_counter", "_start")

    def __init__(self, data_id: int) -> None:
        self._start = start_of(data_id)
        self._counter = COUNTER_STATES - 1

    def protect(self, payload: int, length: int) -> bytes:
        """`payload` is the frame as a little-endian integer with bits 0..11 clear."""
        counter = self._counter + 1
        if counter == COUNTER_STATES:
            counter = 0
        self._counter = counter
        data = (payload | counter << 8).to_bytes(length, "little")
        crc = self._start
        for byte in data[1:]:
            crc = TABLE[crc ^ byte]
        return bytes((crc,)) + data[1:]
