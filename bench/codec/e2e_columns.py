"""Many frames of one protected message at once: whether nothing at all is wrong with them, as is usual.

What is wrong where something is, a `Checker` says frame by frame.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.codec.e2e import _H2F, _J1850, Profile1, Profile2, Profile5, Protection

Bytes = NDArray[np.uint8]

_J1850_TABLE = np.frombuffer(_J1850, np.uint8)
_H2F_TABLE = np.frombuffer(_H2F, np.uint8)


def _ccitt_table() -> NDArray[np.uint16]:
    crc = np.arange(256, dtype=np.uint32) << 8
    for _ in range(8):
        crc = np.where(crc & 0x8000, crc << 1 ^ 0x1021, crc << 1) & 0xFFFF
    return crc.astype(np.uint16)


_CCITT = _ccitt_table()


def flawless(protection: Protection, rows: Bytes) -> bool:
    """Whether every CRC fits and every counter is the next one. False, too, for a protection not known here."""
    if rows.shape[1] < protection.shortest:
        return False
    counters = rows[:, 1].astype(np.int64) & 0x0F
    if isinstance(protection, Profile1):
        fits = _profile_1(protection, rows)
    elif isinstance(protection, Profile2):
        fits = _profile_2(protection, rows)
    elif isinstance(protection, Profile5):
        fits, counters = _profile_5(protection, rows), rows[:, 2].astype(np.int64)
    else:
        return False
    in_turn = np.diff(counters) % np.int64(protection.counters) == 1
    return bool(np.all(fits) and np.all(in_turn) and np.all(counters < protection.counters))


def _profile_1(protection: Profile1, rows: Bytes) -> Any:
    crc = np.array(protection.start, np.uint8)[rows[:, 1] & 1]
    for column in range(1, rows.shape[1]):
        crc = _J1850_TABLE[crc ^ rows[:, column]]
    fits = rows[:, 0] == crc
    return fits if protection.nibble is None else fits & (rows[:, 1] & 0xF0 == protection.nibble)


def _profile_2(protection: Profile2, rows: Bytes) -> Any:
    crc = np.full(len(rows), 0xFF, np.uint8)
    for column in range(1, rows.shape[1]):
        crc = _H2F_TABLE[crc ^ rows[:, column]]
    ids = np.frombuffer(protection.ids, np.uint8)[rows[:, 1] & 0x0F]
    return rows[:, 0] == _H2F_TABLE[crc ^ ids] ^ 0xFF


def _profile_5(protection: Profile5, rows: Bytes) -> Any:
    crc = np.full(len(rows), 0xFFFF, np.uint16)
    ends = np.broadcast_to(np.frombuffer(protection.id, np.uint8), (len(rows), 2))
    for column in np.concatenate([rows[:, 2:], ends], axis=1).T:
        crc = crc << 8 ^ _CCITT[crc >> 8 ^ column]
    return rows[:, 0] | rows[:, 1].astype(np.uint16) << 8 == crc
