"""Which shots of a scenario are watched to the end of their window, and what a result says of the others.

A window that ends 100 ms after the hold never sees what the DUT does later. One that always goes to its end would take
the library far longer, and shows the same in each shot. So the first of a scenario does, and one more by the seed.
"""

import hashlib
from collections.abc import Iterator, Sequence

from bench.measure.plan import Plan
from bench.units import format_ns
from bench.verdict.result import ShotResult

WATCHED = 2  # shots of a scenario; fewer where it has fewer


def watched_to_the_end(run_seed: int, scenario_id: str, index: int, repeat: int) -> bool:
    """Whether this one of `repeat` shots is. Where there are one or two, all of them are."""
    if index == 0 or repeat <= WATCHED:
        return True
    digest = hashlib.sha256(f"{run_seed}/{scenario_id}/watched".encode()).digest()
    return index == 1 + int.from_bytes(digest[:6], "big") % (repeat - 1)


def watching_notes(plan: Plan, shots: Sequence[ShotResult]) -> Iterator[str]:
    """How many shots were watched for how long; nothing where all of them were to the end, or nothing says so."""
    known = [
        one.measurement.watched_to_end
        for one in shots
        if one.measurement is not None and one.measurement.watched_to_end is not None
    ]
    if known and not all(known):
        yield (
            f"{sum(known)} of {len(known)} shots were watched to the end of the window of {format_ns(plan.window_ns)}, "
            f"the others until the safe state had been held for {format_ns(plan.hold_ns)}: only the former show what "
            "the DUT does later"
        )
