"""The frames of a shot in one packed buffer: rows of one size, to which is only ever added.

A row holds when, who on which channel, identifier, flags, length, and 8 bytes of payload. What is longer lies in a
second buffer, and its row says where. So a shot's frames are two objects for the collector, whatever their number, and
numpy reads them as columns without a look at any frame: `bench.trace.columns`. The rows of a long shot that nobody has
asked about for minutes are deflated: an hour's would take a hundred megabytes.
"""

import struct
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, overload

from bench.trace.events import CanFrame, FrameSeen, made
from bench.trace.frame_row import INLINE

if TYPE_CHECKING:
    from bench.trace.columns import Columns

_WHEN = struct.Struct("<qI")
_CONTENT = struct.Struct(f"<IBB{INLINE}s")
_ROW = struct.Struct(f"<qIIBB{INLINE}s")
ROW_SIZE = _ROW.size
_PIECE = 4096
_SEALED = 1 << 16  # rows that are sealed at once: those of a minute; bench.trace.sealing takes no more
_MOST_OPEN = 4 * _SEALED * ROW_SIZE  # bytes; no shot of the usual length has as many
_ID_AT = 12
_CAN_ID = struct.Struct(f"<{_ID_AT}xI{2 + INLINE}x")
_FEW = 320  # rows that are sooner looked at one by one than by numpy

_FLAGS = [(bool(bits & 1), bool(bits & 2), bool(bits & 4)) for bits in range(8)]
"""extended, fd and bitrate_switch of each value of a row's flags."""


def content_of(frame: CanFrame) -> bytes | None:
    """What a row says of the frame itself, the same at any time and on any channel; None: too long for a row.

    Whoever puts the same frames again and again makes it once. Raises struct.error for what is no frame at all.
    """
    can_id, data, extended, fd, switch = frame
    if len(data) > INLINE:
        return None
    return _CONTENT.pack(can_id, extended | fd << 1 | switch << 2, len(data), data)


def _with_ids(rows: bytes | bytearray, ids: Collection[int]) -> bytes:
    """Those of the rows that have one of these identifiers."""
    import numpy as np  # is not loaded before it is needed

    table = np.frombuffer(rows, np.uint8).reshape(-1, ROW_SIZE)
    of_row = np.ascontiguousarray(table[:, _ID_AT : _ID_AT + 4]).view("<u4").ravel()
    return table[np.isin(of_row, np.fromiter(ids, np.uint32, len(ids)))].tobytes()


class Heeded(NamedTuple):
    """The frames of one identifier, as far as a reader heeds them.

    mask: the bits that make news; None: each frame does. ignored: a sender of whom nothing is read.
    """

    channel: str
    can_id: int
    extended: bool
    mask: bytes | None
    ignored: str | None = None


class FrameBuffer(Sequence[FrameSeen]):
    """A sequence of frames, in the order in which the bench learned of them. Each access makes new frame objects."""

    __slots__ = ("_columns", "_ends", "_long", "_numbers", "_rows", "_sealed")

    def __init__(self, frames: Iterable[FrameSeen] = ()) -> None:
        self._rows = bytearray()
        self._long = bytearray()
        self._ends: list[tuple[str, str]] = []
        self._numbers: dict[tuple[str, str], int] = {}
        self._sealed: list[bytes] = []  # what came before the first of `_rows`
        self._columns: Columns | None = None
        for t_ns, channel, frame, sender in frames:
            self.add(t_ns, channel, frame, sender)

    @classmethod
    def of(cls, frames: Iterable[FrameSeen]) -> "FrameBuffer":
        """Packed, where they are not yet."""
        return frames if isinstance(frames, FrameBuffer) else cls(frames)

    def end(self, channel: str, sender: str) -> int:
        """The number under which rows name this channel and sender."""
        number = self._numbers.get((channel, sender))
        if number is None:
            number = self._numbers[channel, sender] = len(self._ends)
            self._ends.append((channel, sender))
        return number

    def add(self, t_ns: int, channel: str, frame: CanFrame, sender: str) -> None:
        """Raises struct.error for a frame whose stamp or identifier has no room."""
        end = self.end(channel, sender)
        content = content_of(frame)
        if content is None:
            can_id, data, extended, fd, switch = frame
            place = len(self._long).to_bytes(INLINE, "little")
            content = _CONTENT.pack(can_id, extended | fd << 1 | switch << 2, len(data), place)
            self._rows += _WHEN.pack(t_ns, end) + content
            self._long += data
        else:
            self._rows += _WHEN.pack(t_ns, end) + content

    def put(self, t_ns: int, end: int, content: bytes) -> None:
        """As `add`, by what `end` and `content_of` gave."""
        self._rows += _WHEN.pack(t_ns, end) + content

    def append(self, seen: FrameSeen) -> None:
        self.add(*seen)

    def since(self, place: int, ids: Collection[int], until: int | None = None) -> list[FrameSeen]:
        """Those with these identifiers from this place on (and before `until`). The others are hardly looked at."""
        self.shorten()
        rows = self._rows
        if self._sealed:
            news = self._between(place, until)
        else:
            news = rows[place * ROW_SIZE : None if until is None else until * ROW_SIZE]
        if len(news) > _FEW * ROW_SIZE:
            return self._made(_with_ids(news, ids))
        asked = [at for at, (can_id,) in enumerate(_CAN_ID.iter_unpack(news)) if can_id in ids]
        if not asked:  # asked after every step of the plant, mostly about nothing new
            return []
        return self._made(b"".join([news[at * ROW_SIZE : (at + 1) * ROW_SIZE] for at in asked]))

    def news_of(self, asked: Sequence[Heeded]) -> Callable[[], bool]:  # noqa: ARG002
        """What says, at each call, whether frames have come since the last one that carry other bits than before.

        A yes costs a look at them, a no says that there is nothing to be seen. So yes is right where nobody knows,
        as here.
        """
        return lambda: True

    def columns(self) -> "Columns":
        """All of them in columns; kept until a frame is added."""
        known = self._columns
        if known is None or len(known) != len(self):
            from bench.trace.columns import columns_of_rows  # numpy is not loaded before it is needed

            known = self._columns = columns_of_rows(self._pieces(), len(self), self._long, self._ends)
        return known

    def shorten(self) -> None:
        """Seal the rows behind the last minutes, where there are many."""
        if len(self._rows) > _MOST_OPEN:
            self._seal()

    def _seal(self) -> None:
        """Deflate all rows but the last ones, which are asked for again and again."""
        rows, size = self._rows, _SEALED * ROW_SIZE
        ready = range(0, len(rows) - size, size)
        from bench.trace.sealing import sealed  # numpy is not loaded before it is needed

        self._sealed += [sealed(rows[at : at + size]) for at in ready]
        self._rows = rows[len(ready) * size :]

    def _pieces(self) -> Iterator[bytes | bytearray]:
        """The rows in their order, some at a time."""
        from bench.trace.sealing import unsealed

        yield from map(unsealed, self._sealed)
        rows, size = self._rows, _SEALED * ROW_SIZE
        for at in range(0, len(rows), size):
            yield rows[at : at + size]

    def _between(self, first: int, last: int | None) -> bytes | bytearray:
        """The rows from this place to before that one; None: to the end."""
        before = len(self._sealed) * _SEALED
        if first >= before:
            return self._rows[
                (first - before) * ROW_SIZE : None if last is None else max(0, last - before) * ROW_SIZE
            ]
        from bench.trace.sealing import unsealed

        last = len(self) if last is None else last
        found = bytearray()
        for number in range(first // _SEALED, min(len(self._sealed), -(-last // _SEALED))):
            begin = number * _SEALED
            rows = unsealed(self._sealed[number])
            found += rows[max(0, first - begin) * ROW_SIZE : (last - begin) * ROW_SIZE]
        return found + self._rows[: max(0, last - before) * ROW_SIZE]

    def _made(self, rows: bytes | bytearray) -> list[FrameSeen]:
        ends, long = self._ends, self._long
        found = []
        for t_ns, end, can_id, flags, length, data in _ROW.iter_unpack(rows):
            if length < INLINE:
                data = data[:length]
            elif length > INLINE:
                at = int.from_bytes(data, "little")
                data = bytes(long[at : at + length])
            channel, sender = ends[end]
            frame = made(CanFrame, (can_id, data, *_FLAGS[flags]))
            found.append(made(FrameSeen, (t_ns, channel, frame, sender)))
        return found

    def __len__(self) -> int:
        return len(self._sealed) * _SEALED + len(self._rows) // ROW_SIZE

    def __iter__(self) -> Iterator[FrameSeen]:
        """The frames that are in the buffer now. They are made piece by piece, because nobody needs all of an hour's
        at once.
        """
        count = len(self)
        for at in range(0, count, _PIECE):
            yield from self._made(self._between(at, min(count, at + _PIECE)))

    @overload
    def __getitem__(self, place: int, /) -> FrameSeen: ...
    @overload
    def __getitem__(self, places: slice, /) -> list[FrameSeen]: ...
    def __getitem__(self, place: int | slice, /) -> FrameSeen | list[FrameSeen]:
        if isinstance(place, slice):
            first, last, step = place.indices(len(self))
            if step == 1:
                return self._made(self._between(first, last))
            return self._made(self._between(0, None))[place]
        at = range(len(self))[place]
        return self._made(self._between(at, at + 1))[0]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FrameBuffer | list):
            return NotImplemented
        return list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(list(self))
