"""The frames of a shot whose core is native: it logs them, and they are taken over whenever somebody looks."""

from bench.core.library import LOG_ROW_BYTES, LOGGED, LOGGED_LONG, LONG_BEFORE, Core
from bench.trace.buffer import FrameBuffer


class LoggedFrames(FrameBuffer):
    """A FrameBuffer in every way; its rows come from the core's log."""

    __slots__ = ("_core", "_kept", "_kept_long")

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

    @property
    def _rows(self) -> bytearray:
        self.take()
        return self._kept

    @_rows.setter
    def _rows(self, rows: bytearray) -> None:
        self._kept = rows

    @property
    def _long(self) -> bytearray:
        return self._kept_long

    @_long.setter
    def _long(self, long: bytearray) -> None:
        self._kept_long = long
        self._core.words[LONG_BEFORE] = len(long)
