"""A buffer whose rows come from elsewhere, and only once somebody asks for one."""

from bench.trace.buffer import FrameBuffer


class FilledBuffer(FrameBuffer):
    """A FrameBuffer in every way. `_fill` adds to `_kept` and `_kept_long` what is there and not yet in them."""

    __slots__ = ("_kept", "_kept_long")

    def _fill(self) -> None:
        raise NotImplementedError

    def _long_grew(self) -> None:
        """Long payloads were added, or taken away."""

    @property
    def _rows(self) -> bytearray:
        self._fill()
        return self._kept

    @_rows.setter
    def _rows(self, rows: bytearray) -> None:
        self._kept = rows

    @property
    def _long(self) -> bytearray:
        self._fill()
        return self._kept_long

    @_long.setter
    def _long(self, long: bytearray) -> None:
        self._kept_long = long
        self._long_grew()
