"""The frames of a shot whose core is native: it logs them, and they are taken over whenever somebody looks."""

from collections.abc import Callable, Sequence

from bench.core.library import FRAMES, LOG_ROW_BYTES, LOGGED, LOGGED_LONG, LONG_BEFORE, NEWS, Core
from bench.trace.buffer import Heeded
from bench.trace.filled import FilledBuffer

_CLASSIC = 8
_AT_ONCE = 4096  # frames that a reader takes in at most at once, so that those of an hour are never all made


class LoggedFrames(FilledBuffer):
    """A FrameBuffer in every way; its rows come from the core's log."""

    __slots__ = ("_core",)

    def __init__(self, core: Core) -> None:
        self._core = core
        super().__init__()

    def take(self) -> None:
        """Empty the log into this buffer."""
        words = self._core.words
        count = words[LOGGED]
        if not count:
            return
        self._kept += self._core.log[: count * LOG_ROW_BYTES]
        words[LOGGED] = 0
        if words[LOGGED_LONG]:
            self._long += self._core.log_long[: words[LOGGED_LONG]]
            words[LOGGED_LONG] = 0

    def _fill(self) -> None:
        self.take()

    def _long_grew(self) -> None:
        self._core.words[LONG_BEFORE] = len(self._kept_long)

    def news_of(self, asked: Sequence[Heeded]) -> Callable[[], bool]:
        """As of FrameBuffer; the core compares the frames as it logs them."""
        core, words = self._core, self._core.words
        always = super().news_of(asked)
        if any(
            one.mask is None or len(one.mask) > _CLASSIC or one.channel not in core.buses for one in asked
        ):
            return always
        reader = core.reader()
        if reader is None:
            return always
        for one in asked:
            ignored = -1 if one.ignored is None else self.end(one.channel, one.ignored)
            mask = one.mask or b""
            place = core.buses[one.channel], one.can_id, one.extended
            if core.call("watch", reader, *place, len(mask), mask, ignored) < 0:
                return always
        bit, read = 1 << reader, 0

        def news() -> bool:
            nonlocal read
            if not words[NEWS] & bit and words[FRAMES] - read < _AT_ONCE:
                return False
            words[NEWS] &= ~bit
            read = words[FRAMES]
            return True

        return news
