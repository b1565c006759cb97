"""The newest frame of every message, read from the Trace as it grows. Nobody keeps stamps of their own."""

from bench.trace.events import FrameSeen
from bench.trace.timeline import Trace


class TraceView:
    """Follows a Trace. `latest` is by (channel, can_id); multiplexed messages show their last page."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._read = 0
        self.latest: dict[tuple[str, int], FrameSeen] = {}

    def update(self) -> list[FrameSeen]:
        """Take in what has come since the last call, and return it."""
        frames = self._trace.frames
        news = frames[self._read :]
        self._read = len(frames)
        latest = self.latest
        for seen in news:
            latest[seen[1], seen[2][0]] = seen
        return news
