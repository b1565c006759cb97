"""The newest frame of every message, read from the Trace as it grows. Nobody keeps stamps of their own."""

from collections.abc import Callable, Collection

from bench.trace.events import BENCH, FrameSeen
from bench.trace.timeline import Trace


class TraceView:
    """Follows a Trace: `latest` is of one (channel, can_id); multiplexed messages show their last page.

    own: (channel, can_id) that only the DUT sends; a frame of the bench's among them says nothing.
    """

    def __init__(self, trace: Trace, own: Collection[tuple[str, int]] = ()) -> None:
        self._trace = trace
        self._own = frozenset(own)
        self._read = 0
        self._ids: set[int] = set()  # asked for so far: what nobody asks for need not be looked at
        self._latest: dict[tuple[str, int], FrameSeen] = {}

    def update(self) -> None:
        """Take in what has come since the last call."""
        frames = self._trace.frames
        begin, self._read = self._read, len(frames)
        if self._read > begin:
            self._hear(frames.since(begin, self._ids))

    def take_until(self, until: int) -> None:
        """Take in the frames before place `until`."""
        if until > self._read:
            begin, self._read = self._read, until
            self._hear(self._trace.frames.since(begin, self._ids, until))

    def latest(self, key: tuple[str, int]) -> FrameSeen | None:
        """As of the last update; the same object until there is a newer one."""
        if key[1] not in self._ids:
            self._ids.add(key[1])
            self._hear(self._trace.frames.since(0, {key[1]}, self._read))
        return self._latest.get(key)

    def _hear(self, news: list[FrameSeen]) -> None:
        for seen in news:
            key = seen[1], seen[2][0]
            if seen[3] != BENCH or key not in self._own:
                self._latest[key] = seen


def news_of(trace: Trace) -> Callable[[], list[FrameSeen]]:
    """Each call gives the frames that have come since the last one."""
    read = 0

    def news() -> list[FrameSeen]:
        nonlocal read
        begin, read = read, len(trace.frames)
        return trace.frames[begin:read]

    return news
