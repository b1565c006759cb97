"""The answer of many frames to one question at once."""

import numpy as np

from bench.measure.always.columns import Flags, Floats
from bench.measure.signal_test import SignalTest


def answers(test: SignalTest, values: Floats) -> Flags:
    """As bench.measure.questions answers each by itself: scaling decides no threshold. `together` is not asked."""
    same: Flags = np.abs(values - test.value) <= 1e-9 * max(1.0, abs(test.value))
    match test.op:
        case "==":
            return same
        case "!=":
            return ~same
        case ">=":
            return same | (values >= test.value)
        case "<=":
            return same | (values <= test.value)
        case ">":
            return ~same & (values > test.value)
        case "<":
            return ~same & (values < test.value)
    wanted = round(test.value)
    bits: Flags = (np.rint(values).astype(np.int64) & wanted) == wanted
    return bits
