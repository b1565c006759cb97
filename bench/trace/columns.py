"""The frames of a shot in columns: those that are alike in all but time and payload are a series.

One form for all who work on many frames at once: digest, measuring, and what is stored.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bench.trace.frame_row import INLINE

Series = tuple[str, str, int, bool, bool, bool, int]
"""channel, sender, can_id, extended, fd, bitrate_switch, bytes of payload."""

ROW = np.dtype(
    [
        ("t_ns", "<i8"),
        ("end", "<u4"),
        ("can_id", "<u4"),
        ("flags", "u1"),
        ("length", "u1"),
        ("data", "u1", (INLINE,)),
    ]
)
_HEAD = np.dtype([("t_ns", "<i8"), ("can_id", "<u4"), ("flags", "u1"), ("length", "u1")])

_PIECE = 1 << 15
_T = TypeVar("_T", bound=np.generic)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """t_ns and series: of each frame in order. data: of each series, a row for each of its frames.

    places: of each series, where in that order its frames stand.
    """

    table: tuple[Series, ...]
    t_ns: NDArray[np.int64]
    series: NDArray[np.uint32]
    places: tuple[NDArray[np.intp], ...]
    data: tuple[NDArray[np.uint8], ...]

    def __len__(self) -> int:
        return len(self.t_ns)

    @property
    def in_order(self) -> bool:
        """Whether no stamp is before the one before it, as is usual: a shorter way will then do."""
        return bool((self.t_ns[1:] >= self.t_ns[:-1]).all())

    def taken(self, places: NDArray[np.intp]) -> "Columns":
        """The frames at these places, in that order. A series of which none is left stays in the table."""
        series = self.series[places]
        rank = np.empty(len(self), np.intp)  # of each frame within its series
        for where in self.places:
            rank[where] = np.arange(len(where))
        ranks = rank[places]
        there = places_of(series, len(self.table))
        data = tuple(rows[ranks[where]] for rows, where in zip(self.data, there))
        return Columns(table=self.table, t_ns=self.t_ns[places], series=series, places=there, data=data)

    def pieces(self, size: int) -> Iterator["Columns"]:
        """All of the frames in their order, `size` at a time, without a copy of their payloads."""
        begun = [0] * len(self.table)
        for at in range(0, len(self), size):
            series = self.series[at : at + size]
            places = places_of(series, len(begun))
            ends = [begin + len(where) for begin, where in zip(begun, places)]
            data = tuple(rows[begin:end] for rows, begin, end in zip(self.data, begun, ends))
            begun = ends
            t_ns = self.t_ns[at : at + size]
            yield Columns(table=self.table, t_ns=t_ns, series=series, places=places, data=data)


def places_of(series: NDArray[np.uint32], count: int) -> tuple[NDArray[np.intp], ...]:
    """For each of `count` series, the rows of its frames."""
    order = np.argsort(series.astype(np.uint16) if count < 1 << 16 else series, kind="stable")
    edges = np.cumsum(np.bincount(series, minlength=count)).tolist()
    return tuple(order[first:last] for first, last in pairwise([0, *edges]))


def columns_of_rows(
    pieces: Iterable[bytes | bytearray], count: int, long: bytearray, ends: Sequence[tuple[str, str]]
) -> Columns:
    """The series in the order in which they came. pieces: of the rows, `count` in all."""
    t_ns = np.empty(count, np.int64)
    series = np.empty(count, np.uint32)
    numbers: dict[int, int] = {}  # of a series by what its rows have in common
    table: list[Series] = []
    data: list[list[NDArray[np.uint8]]] = []
    places: list[list[NDArray[np.intp]]] = []
    at = 0
    for piece in pieces:
        rows = np.frombuffer(piece, ROW)
        known, firsts, found = np.unique(kinds_of(rows), return_index=True, return_inverse=True)
        for place in np.argsort(firsts).tolist():
            if (kind := int(known[place])) not in numbers:
                numbers[kind] = len(table)
                table.append(_series(rows[firsts[place]], ends))
                data.append([])
                places.append([])
        of_piece = np.array([numbers[kind] for kind in known.tolist()], np.uint32)[found.ravel()]
        t_ns[at : at + len(rows)] = rows["t_ns"]
        series[at : at + len(rows)] = of_piece
        payload = np.ascontiguousarray(rows["data"])
        for one, parts, own, where in zip(table, data, places, places_of(of_piece, len(table))):
            if len(where):
                own.append(where + at)
                length, inline = one[6], payload[where]
                parts.append(inline[:, :length] if length <= INLINE else _long(inline, length, long))
        at += len(rows)
    return Columns(
        table=tuple(table),
        t_ns=t_ns,
        series=series,
        places=tuple(map(_joined, places)),
        data=tuple(map(_joined, data)),
    )


def _joined(parts: list[NDArray[_T]]) -> NDArray[_T]:
    """One array of all parts, which are gone then: an hour's are never in memory twice."""
    whole = parts[0] if len(parts) == 1 else np.concatenate(parts)
    parts.clear()
    return whole


def kinds_of(rows: NDArray[np.void]) -> NDArray[np.uint64]:
    """What makes a frame one of its series, in one number."""
    kinds = rows["can_id"].astype(np.uint64)
    kinds |= rows["flags"].astype(np.uint64) << np.uint64(32)
    kinds |= rows["length"].astype(np.uint64) << np.uint64(35)
    kinds |= rows["end"].astype(np.uint64) << np.uint64(43)
    return kinds


def _series(row: np.void, ends: Sequence[tuple[str, str]]) -> Series:
    _, end, can_id, flags, length, _ = row.item()
    return (*ends[end], can_id, bool(flags & 1), bool(flags & 2), bool(flags & 4), length)


def _long(places: NDArray[np.uint8], length: int, long: bytearray) -> NDArray[np.uint8]:
    starts = np.ascontiguousarray(places).view("<i8")
    return np.frombuffer(bytes(long), np.uint8)[starts + np.arange(length)]


def first_form(columns: Columns) -> Iterator[bytes]:
    """Every frame as the first stored form has it, over which digests are taken: head, payload, channel, sender.

    Piece by piece: an hour's frames at once would take several times the memory of the trace.
    """
    if not len(columns):
        return
    most = max(one[6] for one in columns.table)
    like, filled = _templates(columns.table, most)
    begun = [0] * len(columns.table)
    for at in range(0, len(columns), _PIECE):
        series = columns.series[at : at + _PIECE]
        plain = like[series]
        plain[:, :8] = columns.t_ns[at : at + _PIECE].astype("<i8").view(np.uint8).reshape(-1, 8)
        payload = np.zeros((len(series), most), np.uint8)
        whole = len(series) == len(columns)
        for number, where in enumerate(columns.places if whole else places_of(series, len(begun))):
            begin = begun[number]
            begun[number] = end = begin + len(where)
            payload[where, : columns.table[number][6]] = columns.data[number][begin:end]
        plain[:, _HEAD.itemsize : _HEAD.itemsize + most] = payload
        yield plain[filled[series]].tobytes()


def _templates(table: Sequence[Series], most: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """(what all frames of each series have in common, which of these bytes its frames have). most: of payload."""
    made = [_template(one, most) for one in table]
    size = max(len(like) for like, _ in made)
    like = b"".join(like.ljust(size, b"\0") for like, _ in made)
    filled = b"".join(filled.ljust(size, b"\0") for _, filled in made)
    shape = (len(made), size)
    return np.frombuffer(like, np.uint8).reshape(shape), np.frombuffer(filled, np.bool_).reshape(shape)


@lru_cache(maxsize=1 << 12)
def _template(one: Series, most: int) -> tuple[bytes, bytes]:
    """The same of one series, which is the same in all shots of a run."""
    channel, sender, can_id, extended, fd, switch, length = one
    name = f"{channel}\0{sender}\0".encode()
    head = np.array([(0, can_id, extended | fd << 1 | switch << 2, length)], _HEAD).tobytes()
    filled = b"\1" * (len(head) + length) + b"\0" * (most - length) + b"\1" * len(name)
    return head + bytes(most) + name, filled
