"""Frames as a BLF file, the logging format lab tools open, with stamps exact to the nanosecond.

python-can writes BLF too, but through a Message object and a float of seconds: many times the cost per frame, and
stamps that can be off by one nanosecond. Laying out the same objects in columns keeps integers. The layout follows
python-can's reader, with which the tests read the files back.
"""

import datetime
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from bench.errors import RecordError, at_place
from bench.trace.columns import Columns, Series
from bench.trace.events import CanFrame

_FILE_HEADER = struct.Struct("<4sL8BQQLL8H8H")
_FILE_HEADER_SIZE = 144
_OBJECT = struct.Struct("<4sHHLL")
_CONTAINER = struct.Struct("<H6xL4x")
_STAMPED = struct.Struct("<LHHQ")
_BODY = {False: struct.Struct("<HBBL8s"), True: struct.Struct("<HBBLLBBB5x64s")}
_HEAD_FIELDS = [
    ("signature", "S4"), ("head_size", "<u2"), ("version", "<u2"), ("size", "<u4"), ("type", "<u4"), ("flags", "<u4"),
    ("client", "<u2"), ("object_version", "<u2"), ("stamp", "<u8"), ("channel", "<u2"), ("direction", "u1"),
    ("dlc", "u1"), ("id", "<u4"),
]  # fmt: skip
_FD_FIELDS = [
    ("length", "<u4"), ("bits", "u1"), ("fd_flags", "u1"), ("valid", "u1"), ("reserved", "V5"), ("data", "u1", (64,)),
]  # fmt: skip
_KIND = {False: np.dtype([*_HEAD_FIELDS, ("data", "u1", (8,))]), True: np.dtype([*_HEAD_FIELDS, *_FD_FIELDS])}
_HEAD_SIZE = _OBJECT.size + _STAMPED.size

_CAN_MESSAGE, _LOG_CONTAINER, _CAN_FD_MESSAGE = 1, 10, 100
_NANOSECONDS, _DEFLATE, _API_VERSION = 2, 2, (2, 6, 8, 1)
_EXTENDED, _ID_MASK = 0x8000_0000, 0x1FFF_FFFF
_SENT = 0x01
_EDL, _BRS = 0x01, 0x02
_FD_LENGTHS = (*range(9), 12, 16, 20, 24, 32, 48, 64)
DLC_OF_LENGTH = [next(dlc for dlc, room in enumerate(_FD_LENGTHS) if room >= length) for length in range(65)]
_OBJECTS_PER_CONTAINER = 2_048
_MOST_PLAIN = _OBJECTS_PER_CONTAINER * _KIND[True].itemsize
_LARGEST_STAMP_NS = 2**63 - 1


def write_blf(
    path: Path,
    columns: Columns,
    numbers: Mapping[str, int],
    bench_sender: str,
    origin_ns: int,
    dates: tuple[datetime.datetime, datetime.datetime] | None = None,
) -> None:
    """Write the frames in their order; stamps count from `origin_ns`. `bench_sender`'s are marked as sent.

    `numbers` gives each channel's number, from 1. `dates`, in UTC and to the ms: when the stamps count from, and when
    the last of them was. Raises RecordError for a stamp that has no room in 63 bits.
    """
    _refuse_stamps(path, columns, origin_ns)
    pieces = (_plain(one, numbers, bench_sender, origin_ns) for one in columns.pieces(_OBJECTS_PER_CONTAINER))
    with path.open("wb") as file:
        _in_containers(file, pieces, len(columns), dates)


def _refuse_stamps(path: Path, columns: Columns, origin_ns: int) -> None:
    if not len(columns):
        return
    for place in (int(columns.t_ns.argmin()), int(columns.t_ns.argmax())):
        t_ns = int(columns.t_ns[place])
        if not 0 <= t_ns - origin_ns <= _LARGEST_STAMP_NS:
            found, expected = f"stamp {t_ns} ns", f"a 63 bit stamp from {origin_ns} ns"
            raise RecordError(at_place(path, f"frame {place}", found, expected))


def _plain(
    columns: Columns, numbers: Mapping[str, int], bench_sender: str, origin_ns: int
) -> NDArray[np.uint8]:
    """All objects, one behind the other."""
    sizes = np.array([_KIND[one[4]].itemsize for one in columns.table], np.intp)[columns.series]
    starts = np.cumsum(sizes) - sizes
    stamps = columns.t_ns.astype(np.uint64) - np.uint64(origin_ns % 2**64)
    kinds = {one[4] for one in columns.table}
    pieces = []
    for fd in sorted(kinds):
        series = [number for number, one in enumerate(columns.table) if one[4] is fd]
        alike = np.array(
            [_common(columns.table[number], numbers, bench_sender) for number in series], _KIND[fd]
        )
        rank = np.zeros(len(columns.table), np.intp)
        rank[series] = np.arange(len(series))
        chosen = np.isin(columns.series, series) if len(kinds) > 1 else np.ones(len(columns), bool)
        of = np.cumsum(chosen) - 1  # of each frame, which of these objects is its
        objects = alike[rank[columns.series[chosen]]]
        objects["stamp"] = stamps[chosen]
        for number in series:
            rows = columns.data[number]
            objects["data"][of[columns.places[number]], : rows.shape[1]] = rows
        pieces.append((starts[chosen], objects))
    if len(pieces) == 1:
        return pieces[0][1].view(np.uint8)
    plain = np.empty(sum(one.nbytes for _, one in pieces), np.uint8)
    for where, objects in pieces:
        size = objects.dtype.itemsize
        plain[where[:, None] + np.arange(size)] = objects.view(np.uint8).reshape(-1, size)
    return plain


def _common(one: Series, numbers: Mapping[str, int], bench_sender: str) -> NDArray[np.void]:
    """The object of one series, whose frames differ in stamp and payload only."""
    channel, sender, can_id, extended, fd, switch, length = one
    kind = _KIND[fd]
    common = np.zeros((), kind)
    common["signature"], common["head_size"], common["version"] = b"LOBJ", _HEAD_SIZE, 1
    common["size"], common["type"] = kind.itemsize, _CAN_FD_MESSAGE if fd else _CAN_MESSAGE
    common["flags"], common["channel"] = _NANOSECONDS, numbers[channel]
    common["direction"] = _SENT if sender == bench_sender else 0
    common["dlc"], common["id"] = DLC_OF_LENGTH[length], can_id | _EXTENDED if extended else can_id
    if fd:
        common["fd_flags"], common["valid"] = _EDL | _BRS if switch else _EDL, length
    return common


def _in_containers(
    file: BinaryIO,
    pieces: Iterable[NDArray[np.uint8]],
    count: int,
    dates: tuple[datetime.datetime, datetime.datetime] | None,
) -> None:
    """Write a BLF file of `count` objects, which `pieces` hold: an hour's are never in memory at once."""
    size, uncompressed = _FILE_HEADER_SIZE, _FILE_HEADER_SIZE
    head_size = _OBJECT.size + _CONTAINER.size
    file.write(b"\0" * _FILE_HEADER_SIZE)
    for plain in pieces:
        packed = zlib.compress(plain.tobytes(), 1)
        of_it = head_size + len(packed)
        file.write(_OBJECT.pack(b"LOBJ", _OBJECT.size, 1, of_it, _LOG_CONTAINER))
        file.write(_CONTAINER.pack(_DEFLATE, len(plain)))
        file.write(packed + b"\0" * (of_it % 4))
        size += of_it + of_it % 4
        uncompressed += head_size + len(plain)
    told = (0,) * 16 if dates is None else (*_system_time(dates[0]), *_system_time(dates[1]))
    header = _FILE_HEADER.pack(
        b"LOGG", _FILE_HEADER_SIZE, 5, 0, 0, 0, *_API_VERSION, size, uncompressed, count, 0, *told
    )
    file.seek(0)
    file.write(header)


def _system_time(when: datetime.datetime) -> tuple[int, ...]:
    """Windows' SYSTEMTIME: the day of the week counts from Sunday."""
    day = when.isoweekday() % 7
    clock = (when.hour, when.minute, when.second, when.microsecond // 1000)
    return (when.year, when.month, day, when.day, *clock)


def read_blf(path: Path, origin_ns: int) -> Iterator[tuple[int, int, CanFrame]]:
    """(t_ns, channel number, frame) as written by `write_blf`. Raises RecordError for a damaged file."""
    try:
        content = path.read_bytes()
        if content[:4] != b"LOGG":
            raise RecordError(at_place(path, "", "no BLF signature", "'LOGG' as the first four bytes"))
        pos = _FILE_HEADER_SIZE
        while pos < len(content):
            signature, head_size, _, size, kind = _OBJECT.unpack_from(content, pos)
            if signature != b"LOBJ" or kind != _LOG_CONTAINER:
                raise RecordError(
                    at_place(path, f"byte {pos}", f"{signature!r} of type {kind}", "a log container")
                )
            _long_enough(path, f"byte {pos}", size, head_size + _CONTAINER.size)
            packed = content[pos + head_size + _CONTAINER.size : pos + size]
            yield from _objects(path, _unpacked(path, f"byte {pos}", packed), origin_ns)
            pos += size + size % 4
    except (OSError, struct.error, zlib.error) as error:
        raise RecordError(f"{path}: cannot be read: {error}; expected a complete BLF file") from error


def _unpacked(path: Path, place: str, packed: bytes) -> bytes:
    """No more than a container of ours can hold, whatever the file says."""
    unpacking = zlib.decompressobj()
    plain = unpacking.decompress(packed, _MOST_PLAIN + 1)
    if len(plain) > _MOST_PLAIN or not unpacking.eof:
        found = (
            "a container cut short" if len(plain) <= _MOST_PLAIN else f"more than {_MOST_PLAIN} bytes in it"
        )
        raise RecordError(at_place(path, place, found, f"at most {_OBJECTS_PER_CONTAINER} frames, whole"))
    return plain


def _long_enough(path: Path, place: str, size: int, least: int) -> None:
    if size < least:
        raise RecordError(at_place(path, place, f"an object of {size} bytes", f"{least} or more"))


def _objects(path: Path, plain: bytes, origin_ns: int) -> Iterator[tuple[int, int, CanFrame]]:
    pos = 0
    while pos < len(plain):
        _, _, _, size, kind = _OBJECT.unpack_from(plain, pos)
        _long_enough(
            path, f"byte {pos} of a container", size, _HEAD_SIZE + _BODY[kind == _CAN_FD_MESSAGE].size
        )
        stamp_ns = _STAMPED.unpack_from(plain, pos + _OBJECT.size)[3]
        if kind == _CAN_FD_MESSAGE:
            number, _, _, identifier, _, _, flags, length, data = _BODY[True].unpack_from(
                plain, pos + _HEAD_SIZE
            )
            fd, switch = True, bool(flags & _BRS)
        else:
            number, _, length, identifier, data = _BODY[False].unpack_from(plain, pos + _HEAD_SIZE)
            fd, switch = False, False
        frame = CanFrame(identifier & _ID_MASK, data[:length], bool(identifier & _EXTENDED), fd, switch)
        yield stamp_ns + origin_ns, number, frame
        pos += size
