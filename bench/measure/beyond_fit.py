"""Where the plant left the range in which its chemistry's fit holds: told, and no estimate is held against it there."""

from bench.measure.finding.base import Since, When
from bench.measure.finding.plant import EstimateBeyondFit, PlantBeyondFit
from bench.trace.facts import FitLeft
from bench.trace.timeline import Trace


def left_the_fit(trace: Trace, armed_ns: int) -> list[PlantBeyondFit]:
    """One for each side that was left, in whatever part of the shot."""
    return [
        PlantBeyondFit(
            side=mark.fact.side,
            bound=mark.fact.bound,
            value=mark.fact.value,
            cell=mark.fact.cell,
            since=When(offset_ns=mark.fact.since_ns - armed_ns, since=Since.ARMING),
            farthest=When(offset_ns=mark.fact.farthest_ns - armed_ns, since=Since.ARMING),
        )
        for mark in trace.of(FitLeft)
    ]


def no_truth_for(trace: Trace, estimate: str, until_ns: int) -> EstimateBeyondFit | None:
    """What of the plant was outside first, if it was before the last truth that the estimate is scored by.

    A voltage that is not the cell's own may mislead a good DUT, and hide what a poor one gets wrong.
    """
    left = [mark.fact for mark in trace.of(FitLeft) if mark.fact.since_ns <= until_ns]
    if not left:
        return None
    first = min(left, key=lambda one: one.since_ns)
    return EstimateBeyondFit(estimate=estimate, side=first.side, bound=first.bound, value=first.value)
