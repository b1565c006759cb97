"""What the shots of a scenario were sampled over. Without this, n shots support no statement.

A bound over 59 shots holds for what was drawn again in each of them: the phase of the DUT's cycle, the boot, the
spread of the pack's cells. What was the same in all of them (temperature, age, roughly the uptime) is not sampled.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.measure.interval import Interval
from bench.verdict.proportion import lower_bound
from bench.verdict.result import ShotResult
from bench.verdict.spread import REFUSED_BELOW, spread_p


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """n: shots with a latency. cycle_ns: the DUT's cycle whose phases were met; 0 where it is not known.

    draws: number of different seeds; each seed draws pack and boot again. uptime_ns: shortest and longest time from
    boot to onset; None where it was not recorded. builds: names that the DUT gave its build, "" where it was not
    asked.
    """

    n: int
    cycle_ns: int
    draws: int
    uptime_ns: Interval | None
    builds: tuple[str, ...] = ()


def sampled(shots: Sequence[ShotResult]) -> Sampled | None:
    """None where no shot has a latency."""
    found = [
        (shot, one)
        for shot in shots
        if (one := shot.measurement) is not None and (one.fdti is not None or one.fhti is not None)
    ]
    if not found:
        return None
    uptimes = [one.dut_uptime_ns for _, one in found]
    known = [one for one in uptimes if one is not None]
    return Sampled(
        n=len(found),
        cycle_ns=max(one.dut_cycle_ns for _, one in found),
        draws=len({shot.seed for shot, _ in found}),
        builds=tuple(sorted({shot.identity for shot, _ in found})),
        uptime_ns=Interval(low_ns=min(known), high_ns=max(known)) if len(known) == len(uptimes) else None,
    )


def bunched(shots: Sequence[ShotResult]) -> bool:
    """Whether the shots are copies of fewer: nothing may be concluded from their number."""
    p = spread_p(shots)
    return p is not None and p < REFUSED_BELOW


def share_handled(handled: int, n: int, *, copies: bool, confidence: float) -> float:
    """Lower bound of the share. Copies are one attempt, which is handled where all of them were."""
    return lower_bound(int(handled == n), 1, confidence) if copies else lower_bound(handled, n, confidence)
