"""Frames as measuring sees them, plainly: a list that is gone through from its start for every question.

Nothing is left out as no news, and nothing is known of a message but its frames: slow, and easy to see right.
"""

from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Any

import numpy as np
import pytest

from bench.measure.frames import Stretch
from bench.trace.events import FrameSeen
from bench.trace.timeline import Trace

Address = tuple[str, int, bool]


class PlainFrames(list[FrameSeen]):
    """Places are those of the list, which may be one of a longer list."""

    def __init__(self, seen: Iterable[FrameSeen] = (), first: int = 0) -> None:
        super().__init__(seen)
        self.first = first

    of = classmethod(lambda cls, frames=(): cls(frames))

    @property
    def last(self) -> int:
        return self.first + len(self)

    def news(self, asked: Iterable[Address]) -> list[tuple[int, FrameSeen]]:
        addresses = set(asked)
        placed = enumerate(self, self.first)
        return [
            (place, one)
            for place, one in placed
            if (one[1], one.frame.can_id, one.frame.extended) in addresses
        ]

    def only(self, addresses: Iterable[Address]) -> list[FrameSeen]:
        return [one for _, one in self.news(addresses)]

    def each(self, addresses: Iterable[Address], first: int = 0) -> Iterator[FrameSeen]:
        return iter([one for place, one in self.news(addresses) if place >= first])

    def at(self, places: Iterable[int]) -> list[FrameSeen]:
        return [self[place - self.first] for place in places]

    in_turn = at

    def stretch(self, address: Address) -> Stretch:
        found = self.news([address])
        stamps = np.array([one.t_ns for _, one in found], np.int64)
        return Stretch(places=np.array([place for place, _ in found], np.intp), t_ns=stamps, rows=None)

    def stamped(self, address: Address) -> Iterator[tuple[int, bytes]]:
        return iter([(one.t_ns, one.frame.data) for one in self.only([address])])

    def senders(self, addresses: Iterable[Address]) -> set[str]:
        return {one.sender for one in self.only(addresses)}

    def sources(self) -> set[tuple[str, int, bool, str]]:
        return {(one[1], one.frame.can_id, one.frame.extended, one.sender) for one in self}

    def last_stamps(self, addresses: Iterable[Address]) -> dict[Address, int]:
        return {(one[1], one.frame.can_id, one.frame.extended): one.t_ns for one in self.only(addresses)}

    def place_at(self, t_ns: int) -> int:
        return next((place for place, one in enumerate(self, self.first) if one.t_ns >= t_ns), self.last)

    def between(self, first: int, last: int) -> "PlainFrames":
        return PlainFrames([self[place - self.first] for place in range(first, last)], first)

    def until(self, end_ns: int) -> "PlainFrames":
        return PlainFrames([one for one in self if one.t_ns <= end_ns], self.first)

    def but(self, places: Iterable[int]) -> "PlainFrames":
        left_out = set(places)
        return PlainFrames(one for place, one in enumerate(self, self.first) if place not in left_out)


def cut(trace: Trace, start_ns: int, end_ns: int) -> tuple[PlainFrames, PlainFrames]:
    inside = [one for one in trace.frames if start_ns <= one.t_ns <= end_ns]
    before = PlainFrames(one for one in trace.frames if one.t_ns < start_ns)
    return before, PlainFrames(sorted(inside, key=itemgetter(0)))


def measure_plainly(patch: pytest.MonkeyPatch) -> None:
    """From here on measuring goes through its frames one by one."""
    patch.setattr("bench.measure.window._cut", cut)
    for module in ("measure", "unknown_pages", "stored_codes", "irregular", "unexpected"):
        patch.setattr(f"bench.measure.{module}.Frames", PlainFrames)
    patch.setattr("bench.measure.misfit._lengths", _lengths)
    patch.setattr("bench.measure.measure.receive_flawless", lambda *_: None)
    patch.setattr("bench.trace.columns.Columns.in_order", False)


def _lengths(trace: Trace) -> Iterator[tuple[Any, ...]]:
    for _, channel, frame, sender in trace.frames:
        yield channel, sender, frame.can_id, frame.extended, frame.fd, len(frame.data), 1
