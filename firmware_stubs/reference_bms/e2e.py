"""AUTOSAR E2E: profiles 1 (variants BOTH and NIBBLE, the latter also as profile 11), 2 and 5.

Written apart from the bench's codec, so that an error in one shows in the other.
"""

from functools import lru_cache


def _table(polynomial: int) -> tuple[int, ...]:
    entries = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc << 1) ^ polynomial if crc & 0x80 else crc << 1
            crc &= 0xFF
        entries.append(crc)
    return tuple(entries)


def _table_16() -> tuple[int, ...]:
    entries = []
    for byte in range(256):
        crc = byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1
            crc &= 0xFFFF
        entries.append(crc)
    return tuple(entries)


TABLE = _table(0x1D)
TABLE_H2F = _table(0x2F)
TABLE_CCITT = _table_16()
COUNTER_STATES = 15
MOST_STEPS = 3
"""AUTOSAR E2E, MaxDeltaCounterInit: how far a counter may move from one frame to the next where no cycle was missed."""


def start_of(data_id: int) -> int:
    """The CRC after the two bytes of the data id, low byte first: where every check of it starts."""
    return TABLE[TABLE[data_id & 0xFF] ^ (data_id >> 8)]


@lru_cache(maxsize=8192)  # counters come round over values that stand
def crc_of(start: int, data: bytes) -> int:
    """The CRC over bytes 1..n-1 of `data`; byte 0 is where it belongs."""
    crc = start
    for byte in data[1:]:
        crc = TABLE[crc ^ byte]
    return crc


def crc_h2f_of(data_id: int, data: bytes) -> int:
    """Profile 2: over bytes 1..n-1, then the data id of this counter."""
    crc = 0xFF
    for byte in data[1:]:
        crc = TABLE_H2F[crc ^ byte]
    return TABLE_H2F[crc ^ data_id] ^ 0xFF


def crc_ccitt_of(data_id: int, data: bytes) -> int:
    """Profile 5: over bytes 2..n-1, then the data id, low byte first."""
    crc = 0xFFFF
    for byte in data[2:]:
        crc = (crc << 8 & 0xFFFF) ^ TABLE_CCITT[crc >> 8 ^ byte]
    for byte in (data_id & 0xFF, data_id >> 8):
        crc = (crc << 8 & 0xFFFF) ^ TABLE_CCITT[crc >> 8 ^ byte]
    return crc


class Receiver:
    """Checks one message of profile 1. `failed` at three more bad frames than good ones, until made up for."""

    __slots__ = ("_bad", "_last", "_start", "failed")

    LIMIT = 3
    STATES = COUNTER_STATES

    def __init__(self, data_id: int) -> None:
        self._start = start_of(data_id)
        self._last = -1
        self._bad = 0
        self.failed = False

    def crc_fits(self, data: bytes) -> bool:
        return crc_of(self._start, data) == data[0]

    def counter_of(self, data: bytes) -> int:
        return data[1] & 0x0F

    def counter_fits(self, data: bytes, missed: int) -> bool:
        """A counter that can be, and has moved as far as the missed cycles allow. The next frame counts from it."""
        counter, last = self.counter_of(data), self._last
        if counter >= self.STATES:
            return False
        self._last = counter
        return last < 0 or 0 < (counter - last) % self.STATES <= MOST_STEPS + missed

    def accept(self, data: bytes, missed: int = 0) -> bool:
        """Whether this frame's values may be used: right CRC, and a counter in sequence.

        missed: cycles that have passed without a frame. As in AUTOSAR each lets the counter move one step further.
        """
        if self.crc_fits(data) and self.counter_fits(data, missed):
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


class NibbleReceiver(Receiver):
    """Profile 11, variant NIBBLE: the data id's third nibble stands in byte 1, only its low byte is implicit."""

    __slots__ = ("_nibble",)

    def __init__(self, data_id: int) -> None:
        super().__init__(data_id & 0xFF)
        self._nibble = data_id >> 4 & 0xF0

    def crc_fits(self, data: bytes) -> bool:
        return data[1] & 0xF0 == self._nibble and super().crc_fits(data)


class ListReceiver(Receiver):
    """Profile 2: the counter, 0..15, chooses one of sixteen data ids."""

    __slots__ = ("_ids",)

    STATES = 16

    def __init__(self, ids: tuple[int, ...]) -> None:
        super().__init__(0)
        self._ids = ids

    def crc_fits(self, data: bytes) -> bool:
        return crc_h2f_of(self._ids[data[1] & 0x0F], data) == data[0]


class WideReceiver(Receiver):
    """Profile 5: CRC-16 in bytes 0 and 1, counter 0..255 in byte 2."""

    __slots__ = ("_id",)

    STATES = 256

    def __init__(self, data_id: int) -> None:
        super().__init__(0)
        self._id = data_id

    def crc_fits(self, data: bytes) -> bool:
        return crc_ccitt_of(self._id, data) == data[0] | data[1] << 8

    def counter_of(self, data: bytes) -> int:
        return data[2]


class Sender:
    """Protects one message: counter into the low nibble of byte 1, CRC into byte 0."""

    __slots__ = ("_counter", "_start")

    def __init__(self, data_id: int) -> None:
        self._start = start_of(data_id)
        self._counter = COUNTER_STATES - 1

    def next_counter(self) -> int:
        counter = self._counter + 1
        if counter == COUNTER_STATES:
            counter = 0
        self._counter = counter
        return counter

    def protect(self, payload: int, length: int) -> bytes:
        """`payload` is the frame as a little-endian integer with bits 0..11 clear."""
        word = payload | self.next_counter() << 8
        return (word | crc_of(self._start, word.to_bytes(length, "little"))).to_bytes(length, "little")


class ListSender:
    """Profile 2: as Sender, with counter 0..15 and its data id."""

    __slots__ = ("_counter", "_ids")

    def __init__(self, ids: tuple[int, ...]) -> None:
        self._ids = ids
        self._counter = 15

    def protect(self, payload: int, length: int) -> bytes:
        counter = self._counter = (self._counter + 1) & 0x0F
        data = (payload | counter << 8).to_bytes(length, "little")
        return bytes((crc_h2f_of(self._ids[counter], data),)) + data[1:]


class WideSender:
    """Profile 5: `payload` is the frame as a little-endian integer with bits 0..23 clear."""

    __slots__ = ("_counter", "_id")

    def __init__(self, data_id: int) -> None:
        self._id = data_id
        self._counter = 255

    def protect(self, payload: int, length: int) -> bytes:
        counter = self._counter = (self._counter + 1) & 0xFF
        data = (payload | counter << 16).to_bytes(length, "little")
        return crc_ccitt_of(self._id, data).to_bytes(2, "little") + data[2:]


def data_ids_of(can_id: int) -> tuple[int, ...]:
    """The sixteen data ids of a profile 2 message (E2E_DataIdList in its DBC)."""
    return tuple((can_id * 7 + 13 * k) % 251 for k in range(16))
