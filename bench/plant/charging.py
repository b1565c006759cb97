"""What of a current a cell stores: all of what it gives, and of what it is given a share."""

import numpy as np

from bench.plant.source import FloatArray


def span_of(current_a: float | FloatArray) -> tuple[float, float]:
    """The smallest and the largest current, A; not a number where one of them is none."""
    if isinstance(current_a, int | float):
        return current_a, current_a
    return float(np.minimum.reduce(current_a)), float(np.maximum.reduce(current_a))


def stored_a(
    current_a: float | FloatArray, span_a: tuple[float, float], efficiency: float
) -> float | FloatArray:
    """`current_a` (A, > 0 discharges) less what charging loses; `span_a` is its `span_of`."""
    if span_a[0] >= 0.0:
        return current_a
    if span_a[1] < 0.0:
        return current_a * efficiency
    return np.where(np.less(current_a, 0.0), current_a * efficiency, current_a)
