"""A shot's columns packed by numpy and zlib: the content of a container.

Three parts follow each other:
1. The series of each frame, in the order of the trace.
2. For each series, the time from each frame to the next. Cyclic frames have few different steps of time. Each step is
kept once, and each frame keeps the number of its step.
3. The payloads, series by series and byte by byte, each minus the one before it.

Numbers of several bytes are kept in planes, all lowest bytes first. Deflate then compresses the result.
"""

import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.errors import RecordError
from bench.trace.buffer import FrameBuffer
from bench.trace.columns import Columns, Series, places_of
from bench.trace.events import FrameSeen

_LEVEL = 6  # 0.9 ms for a shot of 6,600 frames; 9 takes ten times as long for 2 % less
_WIDTHS = (1, 2, 4)
_AT_ONCE = 1 << 18  # stamps
_HIGHEST_ID = 0x1FFF_FFFF
_ROOM, _RATIO = (
    1 << 24,
    64,
)  # no record unpacks to more than 16 MiB, or 64 times itself: nobody needs to trust it


def columns_of(frames: Sequence[FrameSeen]) -> Columns:
    """Raises RecordError for a frame that no CAN bus could carry."""
    try:
        columns = FrameBuffer.of(frames).columns()
    except struct.error:
        place = next(place for place, seen in enumerate(frames) if not _legal(_series_of(seen)))
        raise _illegal(place, _series_of(frames[place])) from None
    for number, one in enumerate(columns.table):
        if not _legal(one):
            raise _illegal(int(np.argmax(columns.series == number)), one)
    return columns


def _series_of(seen: FrameSeen) -> Series:
    _, channel, (can_id, data, extended, fd, switch), sender = seen
    return channel, sender, can_id, extended, fd, switch, len(data)


def _illegal(place: int, one: Series) -> RecordError:
    found = f"id 0x{one[2]:X}, {one[6]} bytes, fd {one[4]}"
    return RecordError(f"frame {place}: found {found}; expected a legal CAN frame")


def numbers_of(stamped: Iterable[str], seen: Iterable[str]) -> dict[str, int]:
    """Each channel's number in files of labs, from 1: those with stamps first, then as they come in the frames."""
    return {name: number for number, name in enumerate(dict.fromkeys([*stamped, *seen]), start=1)}


def _legal(one: Series) -> bool:
    _, _, can_id, _, fd, switch, length = one
    return length <= (64 if fd else 8) and 0 <= can_id <= _HIGHEST_ID and (fd or not switch)


def pack(columns: Columns) -> bytes:
    """`unpack` is its inverse, given the table and the number of frames."""
    stream = zlib.compressobj(_LEVEL)
    packed: list[bytes] = []
    size = 0
    for part in _parts(columns):
        packed.append(stream.compress(part))
        size += len(part)
    whole = b"".join([*packed, stream.flush()])
    return _believable(whole, size, lambda: b"".join(_parts(columns)))


def _parts(columns: Columns) -> Iterator[bytes]:
    """What is stored, one after the other: of an hour they are never in memory together."""
    yield _planes(columns.series, _width(len(columns.table)))
    yield _steps(columns)
    for rows in columns.data:
        yield np.diff(rows, axis=0, prepend=np.uint8(0)).T.tobytes()


def unpack(packed: bytes, table: Sequence[Series], count: int) -> Columns:
    """Raises RecordError, ValueError or zlib.error for what `pack` has not made."""
    if type(count) is not int or count < 0:
        raise RecordError(f"found {count!r} frames; expected a whole number")
    plain = inflated(packed)[0]
    width = _width(len(table))
    series = _from_planes(plain, 0, count, width).astype(np.uint32)
    if count and int(series.max()) >= len(table):
        raise RecordError(f"found series {int(series.max())}; expected less than {len(table)}")
    places = places_of(series, len(table))
    t_ns, pos = _stamps_at(plain, count * width, places)
    data = []
    for one, where in zip(table, places):
        length, rows = one[6], len(where)
        block = np.frombuffer(plain, np.uint8, length * rows, pos).reshape(length, rows)
        data.append(np.ascontiguousarray(np.add.accumulate(block, axis=1, dtype=np.uint8).T))
        pos += length * rows
    if pos != len(plain):
        raise RecordError(f"found {len(plain)} bytes of frames; expected {pos}")
    return Columns(table=tuple(table), t_ns=t_ns, series=series, places=places, data=tuple(data))


def _steps(columns: Columns) -> bytes:
    """From each stamp to the next, series by series. How many different steps there are; those, each less the one
    before it; the place of each step among them.
    """
    known = np.unique(np.concatenate([np.zeros(0, np.int64), *map(np.unique, _steps_in_turn(columns))]))
    width = _width(len(known))
    none = np.zeros(0, f"<u{width}")
    places = np.concatenate(
        [none, *(known.searchsorted(steps).astype(none.dtype) for steps in _steps_in_turn(columns))]
    )
    count = len(known).to_bytes(4, "little")
    return count + _planes(np.diff(known, prepend=np.int64(0)), 8) + _planes(places, width)


def _steps_in_turn(columns: Columns) -> Iterator[NDArray[np.int64]]:
    """Series by series, from the last stamp of the one before; an hour's at once would take twice the memory."""
    last_ns = 0
    waiting: list[NDArray[np.intp]] = []
    left = len(columns)
    for where in columns.places:
        waiting.append(where)
        left -= len(where)
        if not left or sum(map(len, waiting)) >= _AT_ONCE:
            stamps = columns.t_ns[np.concatenate(waiting)]
            yield np.diff(stamps, prepend=np.int64(last_ns))
            if not left:
                return
            last_ns = int(stamps[-1])
            waiting.clear()


def _stamps_at(plain: bytes, pos: int, places: Sequence[NDArray[np.intp]]) -> tuple[NDArray[np.int64], int]:
    """(the stamps of frames whose series stand at these places, where their steps end)."""
    count = sum(map(len, places))
    different = int.from_bytes(plain[pos : pos + 4], "little")
    known = np.cumsum(_from_planes(plain, pos + 4, different, 8).view("<i8"), dtype=np.int64)
    pos += 4 + 8 * different
    width = _width(different)
    steps = _from_planes(plain, pos, count, width)
    if count and int(steps.max()) >= different:
        raise RecordError(f"found step {int(steps.max())}; expected less than {different}")
    t_ns = np.empty(count, np.int64)
    begin, last_ns = 0, np.int64(0)
    for where in places:
        if len(where):
            own = known[steps[begin : begin + len(where)]]
            own[0] += last_ns
            t_ns[where] = np.cumsum(own, out=own)
            begin, last_ns = begin + len(where), own[-1]
    return t_ns, pos + width * count


def _planes(numbers: NDArray[Any], width: int) -> bytes:
    """`width` bytes of each: all lowest bytes, then all of the next."""
    plain = numbers.astype(f"<u{width}").view(np.uint8)
    return plain.reshape(len(numbers), width).T.tobytes()


def _from_planes(plain: bytes, pos: int, count: int, width: int) -> NDArray[Any]:
    planes = np.frombuffer(plain, np.uint8, width * count, pos).reshape(width, count)
    return np.ascontiguousarray(planes.T).view(f"<u{width}").ravel()


def inflated(packed: bytes) -> tuple[bytes, bytes]:
    """(what the zlib stream at the start holds, what comes after it), never more than `deflated` puts into one."""
    stream = zlib.decompressobj()
    plain = stream.decompress(packed, _most(len(packed)) + 1)
    if not stream.eof:
        raise RecordError("found a stream that is cut short, or larger than it may be; expected a whole one")
    return plain, stream.unused_data


def deflated(plain: bytes) -> bytes:
    """What is packed so well that no reader would believe it is kept as it is."""
    return _believable(zlib.compress(plain, _LEVEL), len(plain), lambda: plain)


def _believable(packed: bytes, size: int, plain: Callable[[], bytes]) -> bytes:
    return packed if size <= _most(len(packed)) else zlib.compress(plain(), 0)


def _most(packed: int) -> int:
    return max(_ROOM, _RATIO * packed)


def _width(count: int) -> int:
    """Bytes for the number of a series."""
    return next(width for width in _WIDTHS if count <= 1 << (8 * width))


def table_from(stored: Any) -> tuple[Series, ...]:
    """From JSON. Raises ValueError or TypeError for what is no table of series."""
    table = []
    for channel, sender, can_id, extended, fd, switch, length in stored:
        one = (str(channel), str(sender), can_id, bool(extended), bool(fd), bool(switch), length)
        if type(can_id) is not int or type(length) is not int or length < 0 or not _legal(one):
            raise ValueError(f"series {one}")
        table.append(one)
    return tuple(table)
