"""Two builds under one seed in simulated time: every shot has the same phases in both builds, so shots form pairs.

The difference within a pair comes from the builds and from the DUT's reporting grid, not from the scatter of the
phases. So sameness can be shown where the comparison of two samples leaves it open. 59 pairs without a difference
beyond the limits show it for 95 % of all shots with 95 % confidence. With one pair that differs, 93 pairs are needed
(Clopper and Pearson).
"""

import statistics
from dataclasses import dataclass

from bench.measure.interval import Interval
from bench.timing.clock import Timebase
from bench.verdict.proportion import upper_bound
from bench.verdict.result import ScenarioResult, ShotResult, Verdict

_SHARE = 0.95
_CONFIDENCE = 0.95
_SAYS_NOTHING = (Verdict.ERROR, Verdict.BLOCKED, Verdict.NONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """apart_ns: the largest difference that the two intervals allow. hidden_ns: their mean width.

    moved_ns: from middle to middle, positive where the new build's is later.
    """

    apart_ns: int
    hidden_ns: float
    moved_ns: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """alone: pairs of which only one shot has a latency."""

    both: tuple[Pair, ...]
    alone: int

    def same_within(self, within_ns: float, coarse: float) -> float | None:
        """The bounds within which 95 % of all shots are the same; None where that is not shown.

        coarse: times what its reports hide may lie between the shots of a pair, where that is more than within_ns; 0:
        nothing but within_ns counts.
        """
        n = len(self.both) + self.alone
        if self.both and abs(statistics.median(one.moved_ns for one in self.both)) >= within_ns:
            return None  # by no more than the reports hide, but in one direction
        allowed = [max(within_ns, coarse * one.hidden_ns) for one in self.both]
        beyond = self.alone + sum(one.apart_ns >= most for one, most in zip(self.both, allowed))
        if n == 0 or upper_bound(beyond, n, _CONFIDENCE) > 1 - _SHARE:
            return None
        return max(allowed)


def pairs(before: ScenarioResult, after: ScenarioResult, name: str) -> Pairs:
    """name: FDTI or FHTI. No pair in real time, where nothing but the injection comes at the same phase twice."""
    if before.timebase is not Timebase.SIMULATED or after.timebase is not Timebase.SIMULATED:
        return Pairs(both=(), alone=0)
    old = {(shot.seed, shot.phase_ns): shot for shot in before.shots}
    both: list[Pair] = []
    alone = 0
    for shot in after.shots:
        other = old.get((shot.seed, shot.phase_ns))
        if other is None or any(one.judgement.verdict in _SAYS_NOTHING for one in (shot, other)):
            continue
        one, two = _latency(other, name), _latency(shot, name)
        if one is not None and two is not None:
            apart_ns = max(two.high_ns - one.low_ns, one.high_ns - two.low_ns)
            moved_ns = (two.low_ns + two.high_ns - one.low_ns - one.high_ns) / 2
            both.append(
                Pair(apart_ns=apart_ns, hidden_ns=(one.width_ns + two.width_ns) / 2, moved_ns=moved_ns)
            )
        elif one is not None or two is not None:
            alone += 1
    return Pairs(both=tuple(both), alone=alone)


def _latency(shot: ShotResult, name: str) -> Interval | None:
    found = shot.measurement
    latency = None if found is None else found.fdti if name == "FDTI" else found.fhti
    return None if latency is None else latency.interval
