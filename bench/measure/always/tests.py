"""The answer of many frames to one question at once."""

import numpy as np

from bench.measure.always.columns import Flags, Floats
from bench.measure.signal_test import SignalTest


def answers(test: SignalTest, values: Floats) -> Flags:
    """As bench.measure.questions answers each by itself: scaling decides no threshold. `together` is not asked."""
    same: Flags = np.isclose(values, test.value, rtol=1e-9, atol=1e-9)
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
