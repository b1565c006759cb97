"""AUTOSAR end-to-end protection, profiles P01, P02, P05 and P11: counter and CRC in place, both ways.

This is our own code and not the `autosar-e2e` package. That package agrees in every vector (tests/test_codec_e2e.py
compares the two). But it is a compiled wheel for few platforms, and a bench must install anywhere.
"""

from binascii import crc_hqx
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Protocol


def _table(polynomial: int) -> bytes:
    table = bytearray(256)
    for index in range(256):
        crc = index
        for _ in range(8):
            crc = (crc << 1 ^ polynomial) & 0xFF if crc & 0x80 else crc << 1
        table[index] = crc
    return bytes(table)


_J1850 = _table(0x1D)  # x^8 + x^4 + x^3 + x^2 + 1
_H2F = _table(0x2F)  # x^8 + x^5 + x^3 + x^2 + x + 1


def crc8_j1850(data: bytes | bytearray | memoryview, start: int = 0, xor: int = 0) -> int:
    """CRC-8, polynomial 0x1D. SAE J1850 itself has start and xor 0xFF; profiles 1 and 11 have both 0."""
    crc = start
    for byte in data:
        crc = _J1850[crc ^ byte]
    return crc ^ xor


def crc8_h2f(data: bytes | bytearray | memoryview) -> int:
    """CRC-8 of AUTOSAR profile 2: polynomial 0x2F, start and xor 0xFF."""
    crc = 0xFF
    for byte in data:
        crc = _H2F[crc ^ byte]
    return crc ^ 0xFF


class DataIdMode(Enum):
    """How much of a 16-bit data id enters the CRC of profiles 1 and 11."""

    BOTH = "BOTH"
    ALT = "ALT"
    LOW = "LOW"
    NIBBLE = "NIBBLE"


class Protection(Protocol):
    """One message's protection. `counters` is how many values its counter has before it starts again at 0.

    crc_byte: a byte that the CRC takes, whole or in part.
    """

    counters: int
    shortest: int
    crc_byte: int

    def protect(self, data: bytearray, counter: int) -> None:
        """Write counter and CRC into `data`, in place."""

    def crc_fits(self, data: bytes | bytearray) -> bool:
        """Whether the CRC fits payload and data id. False for data too short to carry one."""

    def counter_of(self, data: bytes | bytearray) -> int:
        """The counter as received; it may be one that is never sent."""


def _start_of(data_id: int) -> int:
    return _J1850[_J1850[data_id & 0xFF] ^ data_id >> 8]


class Profile1:
    """P01, and P11, which is P01 with fewer choices: CRC in byte 0, counter 0..14 in the low nibble of byte 1."""

    counters = 15  # 15 is never sent, so that a stuck nibble of ones is found
    shortest = 2
    crc_byte = 0

    def __init__(self, data_id: int, mode: DataIdMode = DataIdMode.BOTH) -> None:
        low, high = data_id & 0xFF, data_id >> 8
        self.nibble = (high & 0x0F) << 4 if mode is DataIdMode.NIBBLE else None
        # By parity of the counter, which only ALT heeds.
        if mode is DataIdMode.BOTH:
            self.start = (_start_of(data_id),) * 2
        elif mode is DataIdMode.NIBBLE:
            self.start = (_start_of(low),) * 2
        elif mode is DataIdMode.LOW:
            self.start = (_J1850[low],) * 2
        else:
            self.start = (_J1850[low], _J1850[high])

    def protect(self, data: bytearray, counter: int) -> None:
        counter %= self.counters
        high = data[1] & 0xF0 if self.nibble is None else self.nibble
        data[1] = high | counter
        data[0] = self._crc(data)

    def crc_fits(self, data: bytes | bytearray) -> bool:
        if len(data) < self.shortest or data[0] != self._crc(data):
            return False
        return self.nibble is None or data[1] & 0xF0 == self.nibble

    def counter_of(self, data: bytes | bytearray) -> int:
        return data[1] & 0x0F

    def _crc(self, data: bytes | bytearray) -> int:
        crc = self.start[data[1] & 1]
        table = _J1850
        for byte in data[1:]:
            crc = table[crc ^ byte]
        return crc


class Profile2:
    """P02: CRC in byte 0, counter 0..15 in the low nibble of byte 1, one of 16 data ids by the counter."""

    counters = 16
    shortest = 2
    crc_byte = 0

    def __init__(self, data_ids: Sequence[int]) -> None:
        self.ids = bytes(data_ids)

    def protect(self, data: bytearray, counter: int) -> None:
        data[1] = data[1] & 0xF0 | counter % self.counters
        data[0] = self._crc(data)

    def crc_fits(self, data: bytes | bytearray) -> bool:
        return len(data) >= self.shortest and data[0] == self._crc(data)

    def counter_of(self, data: bytes | bytearray) -> int:
        return data[1] & 0x0F

    def _crc(self, data: bytes | bytearray) -> int:
        table = _H2F
        crc = 0xFF
        for byte in data[1:]:
            crc = table[crc ^ byte]
        return table[crc ^ self.ids[data[1] & 0x0F]] ^ 0xFF


class Profile5:
    """P05: CRC-16 in bytes 0 and 1, low byte first, counter 0..255 in byte 2."""

    counters = 256
    shortest = 3
    crc_byte = 0

    def __init__(self, data_id: int) -> None:
        self.id = data_id.to_bytes(2, "little")

    def protect(self, data: bytearray, counter: int) -> None:
        data[2] = counter % self.counters
        data[0:2] = self._crc(data).to_bytes(2, "little")

    def crc_fits(self, data: bytes | bytearray) -> bool:
        return len(data) >= self.shortest and int.from_bytes(data[:2], "little") == self._crc(data)

    def counter_of(self, data: bytes | bytearray) -> int:
        return data[2]

    def _crc(self, data: bytes | bytearray) -> int:
        return crc_hqx(self.id, crc_hqx(data[2:], 0xFFFF))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a DBC says of a message's protection: profile "P01", "P02", "P05" or "P11", and its data ids."""

    profile: str
    data_id: int = 0
    mode: DataIdMode = DataIdMode.BOTH
    data_ids: tuple[int, ...] = ()


def protection_of(settings: Settings) -> Protection:
    """Raises ValueError, saying what was expected, for a profile or a data id that AUTOSAR does not know."""
    build = _PROFILES.get(settings.profile)
    if build is None:
        known = ", ".join(_PROFILES)
        raise ValueError(f"found E2E profile '{settings.profile}'; expected one of {known}")
    if not 0 <= settings.data_id <= 0xFFFF:
        raise ValueError(f"found E2E data id {settings.data_id}; expected 0 to 65535")
    return build(settings)


def _profile_2(settings: Settings) -> Protection:
    ids = settings.data_ids
    if len(ids) != 16 or not all(0 <= one <= 255 for one in ids):
        raise ValueError(f"found E2E data id list {list(ids)}; expected 16 numbers from 0 to 255")
    return Profile2(ids)


def _profile_11(settings: Settings) -> Protection:
    if settings.mode not in (DataIdMode.BOTH, DataIdMode.NIBBLE):
        raise ValueError(f"found E2E data id mode {settings.mode.value}; expected BOTH or NIBBLE under P11")
    return Profile1(settings.data_id, settings.mode)


_PROFILES: Mapping[str, Callable[[Settings], Protection]] = {
    "P01": lambda settings: Profile1(settings.data_id, settings.mode),
    "P02": _profile_2,
    "P05": lambda settings: Profile5(settings.data_id),
    "P11": _profile_11,
}


class Status(IntEnum):
    """What a receiver makes of one frame (the states of AUTOSAR's P01Check)."""

    OK = 0
    INITIAL = 1
    OK_SOME_LOST = 2
    REPEATED = 3
    WRONG_SEQUENCE = 4
    WRONG_CRC = 5


class Checker:
    """Follows one received message. Up to `max_delta` counter steps at once count as frames lost, more as wrong."""

    __slots__ = ("_fitting", "_last", "_max_delta", "_protection", "received")

    def __init__(self, protection: Protection, max_delta: int = 3) -> None:
        self._protection = protection
        self._max_delta = max_delta
        self._last: int | None = None
        self._fitting: set[bytes] = set()  # counters come round over values that stand
        self.received = -1  # the counter of the newest frame with a right CRC

    def check(self, data: bytes | bytearray) -> Status:
        protection, data = self._protection, bytes(data)
        if data not in self._fitting:
            if not protection.crc_fits(data):
                return Status.WRONG_CRC
            self._fitting.add(data)
        counter = self.received = protection.counter_of(data)
        if counter >= protection.counters:
            return Status.WRONG_SEQUENCE
        last, self._last = self._last, counter
        if last is None:
            return Status.INITIAL
        delta = (counter - last) % protection.counters
        if delta == 1:
            return Status.OK
        if delta == 0:
            return Status.REPEATED
        return Status.OK_SOME_LOST if delta <= self._max_delta else Status.WRONG_SEQUENCE
