"""Since when an answer has been yes."""

import numpy as np
from numpy.typing import NDArray

from bench.measure.always.columns import Flags


def held_since(
    t_ns: NDArray[np.int64], true: Flags, at_ns: NDArray[np.int64], since_ns: int, longest_ns: int
) -> Flags:
    """Whether, at each instant, every answer was yes from the last one that is `since_ns` old to the newest one.

    longest_ns: an older newest answer says nothing; 0: it does.
    """
    if not len(t_ns) or not true.any():
        return np.zeros(len(at_ns), np.bool_)
    first = t_ns.searchsorted(at_ns - since_ns, "right") - 1
    last = t_ns.searchsorted(at_ns, "right") - 1
    no = np.concatenate([[0], np.cumsum(~true)])
    held: Flags = (first >= 0) & (no[last + 1] == no[np.maximum(first, 0)])
    if longest_ns:
        held &= at_ns - t_ns[np.maximum(last, 0)] <= longest_ns
    return held
