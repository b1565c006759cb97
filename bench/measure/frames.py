"""Frames in the order of their stamps, and a fast search for those that change the answer to a question.

A shot has thousands of frames, and most of them repeat the frame before. The frames are kept in columns. Frames that
differ in the bits of a question are found in one step, and only these are decoded.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import overload

import numpy as np
from numpy.typing import NDArray

from bench.trace.buffer import FrameBuffer
from bench.trace.columns import Columns
from bench.trace.events import CanFrame, FrameSeen, made

_Address = tuple[str, int, bool]
_AT_ONCE = 128
_STAMPED_AT_ONCE = 4096
_FEW = 24  # frames: below, one after the other is faster than series by series
_NOWHERE = np.zeros(0, np.intp)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The frames of one message. places: among all of its Frames. rows: their payloads; None: of several lengths."""

    places: NDArray[np.intp]
    t_ns: NDArray[np.int64]
    rows: NDArray[np.uint8] | None

    def before(self, place: int) -> int:
        """How many of them stand before this place."""
        return int(self.places.searchsorted(place))

    def news(self, mask: bytes | None) -> NDArray[np.intp]:
        """The places of those that differ from the one before in these bits; all where that cannot be said."""
        rows = self.rows
        if mask is None or rows is None or len(rows) < 2 or rows.shape[1] != len(mask):
            return self.places
        if len(mask) == 8:
            words = self._words(mask)
            differs = words[1:] != words[:-1]
        else:
            asked = rows & np.frombuffer(mask, np.uint8)
            differs = (asked[1:] != asked[:-1]).any(axis=1)
        first = np.zeros(1, np.intp)
        found: NDArray[np.intp] = self.places[np.concatenate([first, np.flatnonzero(differs) + 1])]
        return found

    def falls(self, mask: bytes | None) -> NDArray[np.intp]:
        """The places around each fall of these bits, read as one number, and of the first and the last frame.

        From any of them to the next one the number falls there or nowhere. All where that cannot be said.
        """
        rows = self.rows
        if mask is None or len(mask) != 8 or rows is None or len(rows) < 2 or rows.shape[1] != 8:
            return self.places
        words = self._words(mask)
        fallen = np.flatnonzero(words[1:] < words[:-1])
        ends = np.array([0, len(rows) - 1], np.intp)
        found: NDArray[np.intp] = self.places[np.unique(np.concatenate([ends, fallen, fallen + 1]))]
        return found

    def since(self, t_ns: int) -> "Stretch":
        """Those with this stamp or a later one."""
        keep = self.t_ns >= t_ns
        if keep.all():
            return self
        rows = None if self.rows is None else self.rows[keep]
        return Stretch(places=self.places[keep], t_ns=self.t_ns[keep], rows=rows)

    def _words(self, mask: bytes) -> NDArray[np.uint64]:
        """These bits of each payload of eight bytes."""
        words: NDArray[np.uint64] = np.ascontiguousarray(self.rows).view("<u8").ravel()
        return words & np.uint64(int.from_bytes(mask, "little"))

    def carrying(self, mask: bytes | None, carries: Callable[[bytes], bool]) -> "Stretch":
        """Those that carry a signal, which these bits decide; all where that cannot be said."""
        rows = self.rows
        if mask is None or not any(mask) or rows is None or rows.shape[1] != len(mask):
            return self
        if len(mask) == 8:
            _, firsts, which = np.unique(self._words(mask), return_index=True, return_inverse=True)
        else:
            pages = rows & np.frombuffer(mask, np.uint8)
            _, firsts, which = np.unique(pages, axis=0, return_index=True, return_inverse=True)
        asked = [carries(rows[first].tobytes()) for first in firsts.tolist()]
        keep = np.array(asked, bool)[which.ravel()]
        return Stretch(places=self.places[keep], t_ns=self.t_ns[keep], rows=rows[keep])


class Frames(Sequence[FrameSeen]):
    """Those of `columns` from `first` to before `last`. Places are theirs among all of the columns."""

    def __init__(self, columns: Columns, first: int = 0, last: int | None = None) -> None:
        self.columns = columns
        self.first, self.last = first, len(columns) if last is None else last
        self._stretches: dict[_Address, Stretch] = {}

    @classmethod
    def of(cls, frames: Iterable[FrameSeen] = ()) -> "Frames":
        return cls(FrameBuffer.of(frames).columns())

    @cached_property
    def t_ns(self) -> NDArray[np.int64]:
        return self.columns.t_ns[self.first : self.last]

    @cached_property
    def _series(self) -> dict[_Address, list[int]]:
        found: dict[_Address, list[int]] = {}
        for number, one in enumerate(self.columns.table):
            found.setdefault((one[0], one[2], one[3]), []).append(number)
        return found

    def until(self, end_ns: int) -> "Frames":
        """Those that came so early, where they stand in the order of their stamps."""
        return Frames(self.columns, self.first, self.first + int(self.t_ns.searchsorted(end_ns, "right")))

    def between(self, first: int, last: int) -> "Frames":
        """Those from this place of them to before that one."""
        return Frames(self.columns, first, max(first, last))

    def but(self, places: NDArray[np.intp]) -> "Frames":
        """Without those at these places."""
        keep = np.ones(len(self.columns), bool)
        keep[: self.first] = keep[self.last :] = keep[places] = False
        return Frames(self.columns.taken(np.flatnonzero(keep)))

    def place_at(self, t_ns: int) -> int:
        """The first place with this stamp or a later one."""
        return self.first + int(self.t_ns.searchsorted(t_ns))

    def stretch(self, address: _Address) -> Stretch:
        found = self._stretches.get(address)
        if found is None:
            found = self._stretches[address] = self._stretch(self._series.get(address, ()))
        return found

    def _stretch(self, series: Sequence[int]) -> Stretch:
        columns = self.columns
        pieces = []
        for number in series:
            where = columns.places[number]
            begin, end = where.searchsorted((self.first, self.last)).tolist()
            if begin < end:
                pieces.append((where[begin:end], columns.data[number][begin:end]))
        if not pieces:
            return Stretch(places=_NOWHERE, t_ns=columns.t_ns[:0], rows=None)
        places, rows = pieces[0]
        if len(pieces) == 1:
            return Stretch(places=places, t_ns=columns.t_ns[places], rows=rows)
        places = np.concatenate([one for one, _ in pieces])
        order = np.argsort(places)
        same = len({one.shape[1] for _, one in pieces}) == 1
        merged = np.concatenate([one for _, one in pieces])[order] if same else None
        return Stretch(places=places[order], t_ns=columns.t_ns[places[order]], rows=merged)

    def only(self, addresses: Iterable[_Address]) -> list[FrameSeen]:
        """Those of these messages, in their order."""
        return self.at(self._merged([self.stretch(one).places for one in dict.fromkeys(addresses)]))

    def each(self, addresses: Iterable[_Address], first: int = 0) -> Iterator[FrameSeen]:
        """As `only`, from the place `first` on, for who may not go on to the end."""
        places = self._merged([self.stretch(one).places for one in dict.fromkeys(addresses)])
        return self.in_turn(places[int(places.searchsorted(first)) :])

    def in_turn(self, places: NDArray[np.intp]) -> Iterator[FrameSeen]:
        """As `at`, and never many of them as objects: there may be an hour of them."""
        for at in range(0, len(places), _AT_ONCE):
            yield from self.at(places[at : at + _AT_ONCE])

    def news(self, asked: Mapping[_Address, bytes | None]) -> list[tuple[int, FrameSeen]]:
        """(place, frame) of those of these messages that differ from the one before in the bits of the mask.

        None: all of the message. Where messages change their length, more than those are given.
        """
        places = self._merged([self.stretch(one).news(mask) for one, mask in asked.items()])
        return list(zip(places.tolist(), self.at(places)))

    def _merged(self, runs: list[NDArray[np.intp]]) -> NDArray[np.intp]:
        if len(runs) == 1:
            return runs[0]
        return np.sort(np.concatenate([*runs, _NOWHERE]))

    def at(self, places: NDArray[np.intp]) -> list[FrameSeen]:
        """Those at these places."""
        columns = self.columns
        if len(places) < _FEW:
            return [
                self._one(number, place)
                for number, place in zip(columns.series[places].tolist(), places.tolist())
            ]
        found: list[FrameSeen | None] = [None] * len(places)
        series = columns.series[places]
        for number in np.flatnonzero(np.bincount(series)).tolist() if len(places) else ():
            channel, sender, can_id, extended, fd, switch, length = columns.table[number]
            wanted = np.flatnonzero(series == number)
            ranks = columns.places[number].searchsorted(places[wanted])
            content = columns.data[number][ranks].tobytes()
            stamps = columns.t_ns[places[wanted]].tolist()
            for at, (place, t_ns) in enumerate(zip(wanted.tolist(), stamps)):
                frame = made(
                    CanFrame, (can_id, content[at * length : (at + 1) * length], extended, fd, switch)
                )
                found[place] = made(FrameSeen, (t_ns, channel, frame, sender))
        return [one for one in found if one is not None]

    def _one(self, number: int, place: int) -> FrameSeen:
        """The frame at this place, which is of this series."""
        columns = self.columns
        channel, sender, can_id, extended, fd, switch, _ = columns.table[number]
        data = columns.data[number][columns.places[number].searchsorted(place)].tobytes()
        frame = made(CanFrame, (can_id, data, extended, fd, switch))
        return made(FrameSeen, (int(columns.t_ns[place]), channel, frame, sender))

    def payloads(self, stretch: Stretch, first: int = 0, last: int | None = None) -> list[bytes]:
        """The payloads of a stretch of them, from its frame `first` to before `last`."""
        rows = stretch.rows
        if rows is None or not rows.shape[1]:
            return [seen.frame.data for seen in self.at(stretch.places[first:last])]
        packed, length = rows[first:last].tobytes(), rows.shape[1]
        return [packed[at : at + length] for at in range(0, len(packed), length)]

    def stamped(self, address: _Address) -> Iterator[tuple[int, bytes]]:
        """(stamp, payload) of each frame of one message: of an hour nobody holds all of them as objects."""
        stretch = self.stretch(address)
        for first in range(0, len(stretch.places), _STAMPED_AT_ONCE):
            last = first + _STAMPED_AT_ONCE
            yield from zip(stretch.t_ns[first:last].tolist(), self.payloads(stretch, first, last))

    def senders(self, addresses: Iterable[_Address]) -> set[str]:
        """Who sent any of these messages."""
        numbers = [number for one in addresses for number in self._series.get(one, ())]
        table, places = self.columns.table, self.columns.places
        there = ((number, places[number].searchsorted((self.first, self.last))) for number in numbers)
        return {table[number][1] for number, (begin, end) in there if begin < end}

    def sources(self) -> set[tuple[str, int, bool, str]]:
        """Channel, identifier, whether it is an extended one, and sender of each that is there."""
        table = self.columns.table
        there = np.flatnonzero(np.bincount(self.columns.series[self.first : self.last])).tolist()
        return {(table[at][0], table[at][2], table[at][3], table[at][1]) for at in there}

    def last_stamps(self, addresses: Iterable[_Address]) -> dict[_Address, int]:
        """When each of these messages was last heard; without those that were not."""
        stretches = ((one, self.stretch(one)) for one in addresses)
        return {one: int(found.t_ns[-1]) for one, found in stretches if len(found.t_ns)}

    def __len__(self) -> int:
        return self.last - self.first

    def __iter__(self) -> Iterator[FrameSeen]:
        return iter(self.at(np.arange(self.first, self.last)))

    @overload
    def __getitem__(self, place: int, /) -> FrameSeen: ...
    @overload
    def __getitem__(self, places: slice, /) -> list[FrameSeen]: ...
    def __getitem__(self, place: int | slice, /) -> FrameSeen | list[FrameSeen]:
        asked = np.arange(self.first, self.last)[place]
        return self.at(asked) if isinstance(place, slice) else self.at(np.array([asked]))[0]

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Frames) else NotImplemented

    __hash__ = None  # type: ignore[assignment]
