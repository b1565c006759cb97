"""Frames in the order of their stamps, and those of a few messages without a look at all the others.

A shot has thousands of frames, and each question is about the two hundred of one message. Who asks goes through those.
"""

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property

from bench.trace.events import FrameSeen

_Address = tuple[str, int, bool]


class Frames(tuple[FrameSeen, ...]):
    """A tuple that remembers where the frames of each message stand. The memory is made at the first question."""

    @cached_property
    def _places(self) -> dict[_Address, list[int]]:
        found: defaultdict[_Address, list[int]] = defaultdict(list)
        for place, (_, channel, frame, _) in enumerate(self):
            found[channel, frame[0], frame[2]].append(place)
        return dict(found)

    def only(self, addresses: Iterable[_Address]) -> list[FrameSeen]:
        """Those of these messages, in their order."""
        known = self._places
        runs = [known[one] for one in dict.fromkeys(addresses) if one in known]
        if len(runs) == 1:
            return [self[place] for place in runs[0]]
        return [self[place] for place in sorted([place for run in runs for place in run])]

    def last_stamps(self, addresses: Iterable[_Address]) -> dict[_Address, int]:
        """When each of these messages was last heard; without those that were not."""
        known = self._places
        return {one: self[known[one][-1]][0] for one in addresses if one in known}
