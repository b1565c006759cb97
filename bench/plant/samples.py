"""Samples that somebody recorded or wrote down: whether a load may follow them, and if not, why, in one line each."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import median

# A step so many times the median step is a gap: a sample held over it would invent what was not recorded.
GAP_SHARE = 1.5


def mistakes_of(
    times_s: Sequence[float],
    values: Sequence[float],
    place: Callable[[int], str],
    what: str,
    longest_gap_s: float | None = None,
) -> list[str]:
    """What is wrong with them, at most one line of each kind: too few, not finite, time not advancing, a gap.

    place: a sample's number to where it stands in its file. longest_gap_s: None allows GAP_SHARE median steps.
    """
    if len(times_s) < 2:
        return [f"{place(0)}: found {len(times_s)} samples of {what}; expected at least 2"]
    for k, (time_s, value) in enumerate(zip(times_s, values)):
        if not math.isfinite(time_s):
            return [f"{place(k)}: found time {time_s}; expected a finite number of seconds"]
        if not math.isfinite(value):
            return [f"{place(k)}: found {what} {value} at {time_s:g} s; expected a finite number"]
    steps = [later - earlier for earlier, later in pairwise(times_s)]
    back = next((k for k, step in enumerate(steps) if step <= 0), None)
    if back is not None:
        return [
            f"{place(back + 1)}: found time {times_s[back + 1]:g} s after {times_s[back]:g} s; "
            "expected times that advance"
        ]
    usual_s = median(steps)
    allowed_s = GAP_SHARE * usual_s if longest_gap_s is None else longest_gap_s
    gap = next((k for k, step in enumerate(steps) if step > allowed_s * (1 + 1e-9)), None)
    if gap is not None:
        return [
            f"{place(gap + 1)}: found a gap of {steps[gap]:g} s in {what} after {times_s[gap]:g} s; "
            f"expected steps of at most {allowed_s:g} s (most are {usual_s:g} s)"
        ]
    return []
