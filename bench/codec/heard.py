"""Reading what comes off a bus: a frame that does not fit its message answers nothing, and ends nothing."""

import math
from collections.abc import Callable

from bench.codec.layout import Number

_FD_LENGTHS = (12, 16, 20, 24, 32, 48, 64)  # what a CAN FD frame may carry beyond 8 bytes


def heard(read: Callable[[bytes], Number | None]) -> Callable[[bytes], Number | None]:
    """`read` for the frames of others: None also where the payload is too short, or its value is no number."""

    def value(data: bytes) -> Number | None:
        try:
            found = read(data)
        except ValueError:
            return None
        return found if found is not None and -math.inf < found < math.inf else None

    return value


def carried_length(length: int, fd: bool) -> int:
    """How many bytes a frame has that carries `length` of them: CAN FD knows few lengths beyond 8, and pads."""
    return next((step for step in _FD_LENGTHS if step >= length), length) if fd and length > 8 else length
