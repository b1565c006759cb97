"""The date in the header of a BLF file: when its stamps count from, and when the last of them was. In UTC."""

import datetime
import struct
from pathlib import Path

_SYSTEM_TIME = struct.Struct("<8H")
_AT = 40  # in the file's header, start and end one after the other


def date_blf(path: Path, start: datetime.datetime, end: datetime.datetime) -> None:
    """To the ms, which is what the format has."""
    with path.open("r+b") as file:
        file.seek(_AT)
        file.write(_packed(start) + _packed(end))


def _packed(when: datetime.datetime) -> bytes:
    day = when.isoweekday() % 7  # from Sunday
    clock = (when.hour, when.minute, when.second, when.microsecond // 1000)
    return _SYSTEM_TIME.pack(when.year, when.month, day, when.day, *clock)
