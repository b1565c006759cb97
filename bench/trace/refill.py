"""Frames from columns back into a buffer."""

import numpy as np

from bench.trace.buffer import FrameBuffer
from bench.trace.columns import ROW, Columns
from bench.trace.frame_row import INLINE


def buffer_of(columns: Columns) -> FrameBuffer:
    """The same frames in a buffer. Columns that nothing else may alter."""
    rows = np.zeros(len(columns), ROW)
    rows["t_ns"] = columns.t_ns
    ends = list(dict.fromkeys((one[0], one[1]) for one in columns.table))
    numbers = {end: number for number, end in enumerate(ends)}
    long = bytearray()
    for one, data, where in zip(columns.table, columns.data, columns.places):
        length = one[6]
        rows["end"][where], rows["can_id"][where] = numbers[one[:2]], one[2]
        rows["flags"][where], rows["length"][where] = one[3] | one[4] << 1 | one[5] << 2, length
        if length <= INLINE:
            rows["data"][where, :length] = data
        else:
            places = len(long) + length * np.arange(len(where), dtype="<i8")
            rows["data"][where] = places.view(np.uint8).reshape(-1, INLINE)
            long += data.tobytes()
    return FrameBuffer.holding(bytearray(rows.tobytes()), long, ends, columns)
