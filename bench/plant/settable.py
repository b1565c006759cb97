"""Arrays that anybody may write into, at any time: whether somebody has is one comparison of their bytes."""

import numpy as np

from bench.plant.source import FloatArray


class Settable:
    """`rows` of `count` values in one block. Write into a row in place; a row put elsewhere would not be watched."""

    def __init__(self, rows: int, count: int) -> None:
        self.rows: FloatArray = np.zeros((rows, count))
        self._seen = b""

    def changed(self) -> bool:
        """Whether any value is another than at the last call; True at the first."""
        now = self.rows.tobytes()
        if now == self._seen:
            return False
        self._seen = now
        return True
