"""Frames from columns back into a buffer."""

import numpy as np

from bench.trace.buffer import FrameBuffer
from bench.trace.columns import ROW, Columns
from bench.trace.filled import FilledBuffer
from bench.trace.frame_row import INLINE


class _Stored(FilledBuffer):
    """A buffer whose rows are made when somebody asks for one: measuring and drawing ask for columns only."""

    __slots__ = ("_filled",)

    def __init__(self, columns: Columns) -> None:
        self._filled = False
        super().__init__()
        self._columns = columns
        for one in columns.table:
            self.end(one[0], one[1])

    def _fill(self) -> None:
        columns = self._columns
        if self._filled or columns is None:
            return
        self._filled = True
        numbers = {end: number for number, end in enumerate(self._ends)}
        rows = np.zeros(len(columns), ROW)
        rows["t_ns"] = columns.t_ns
        for one, data, where in zip(columns.table, columns.data, columns.places):
            length = one[6]
            rows["end"][where], rows["can_id"][where] = numbers[one[:2]], one[2]
            rows["flags"][where], rows["length"][where] = one[3] | one[4] << 1 | one[5] << 2, length
            if length <= INLINE:
                rows["data"][where, :length] = data
            else:
                places = len(self._kept_long) + length * np.arange(len(where), dtype="<i8")
                rows["data"][where] = places.view(np.uint8).reshape(-1, INLINE)
                self._kept_long += data.tobytes()
        self._kept += rows.tobytes()

    def columns(self) -> Columns:
        return self._columns if self._columns is not None and not self._filled else super().columns()

    def __len__(self) -> int:
        return len(self._columns) if self._columns is not None and not self._filled else super().__len__()


def buffer_of(columns: Columns) -> FrameBuffer:
    """The same frames in a buffer. Columns that nothing else may alter."""
    return _Stored(columns)
