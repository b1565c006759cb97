"""The newest frame of every message, read from the Trace as it grows. Nobody keeps stamps of their own."""

from collections.abc import Collection

from bench.trace.events import BENCH, FrameSeen
from bench.trace.timeline import Trace


class TraceView:
    """Follows a Trace. `latest` is by (channel, can_id); multiplexed messages show their last page.

    own: (channel, can_id) that only the DUT sends; a frame of the bench's among them says nothing.
    """

    def __init__(self, trace: Trace, own: Collection[tuple[str, int]] = ()) -> None:
        self._trace = trace
        self._own = frozenset(own)
        self._read = 0
        self.latest: dict[tuple[str, int], FrameSeen] = {}

    def update(self) -> list[FrameSeen]:
        """Take in what has come since the last call, and return it."""
        frames = self._trace.frames
        news = frames[self._read :]
        self._read = len(frames)
        latest = self.latest
        own = self._own
        for seen in news:
            key = seen[1], seen[2][0]
            if seen[3] != BENCH or key not in own:
                latest[key] = seen
        return news
