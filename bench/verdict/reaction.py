"""The delay between a report and the opening, held against what was published: from both sides."""

from collections.abc import Sequence

from bench.measure.finding.base import Finding
from bench.measure.finding.times import Bound, Time, TooEarly, TooLate
from bench.measure.interval import Reaction
from bench.verdict.decision import straddles


def judge_reactions(
    reactions: Sequence[Reaction], fails: list[Finding], open_questions: list[Finding]
) -> None:
    """Too early only where every fault that was reported would have let it wait. A floor binds the upper end alone."""
    hasty = [one for one in reactions if one.latency.interval.high_ns < one.floor_ns]
    if hasty and len(hasty) == len(reactions):
        fails.append(_early(hasty[0]))
    for one in reactions:
        _judge_ceiling(one, fails, open_questions)


def _early(one: Reaction) -> TooEarly:
    low_ns, high_ns = one.latency.interval.low_ns, one.latency.interval.high_ns
    return TooEarly(
        time=Time.OPENING, bound=Bound.FLOOR, low_ns=low_ns, high_ns=high_ns, bound_ns=one.floor_ns
    )


def _judge_ceiling(one: Reaction, fails: list[Finding], open_questions: list[Finding]) -> None:
    ceiling_ns = one.ceiling_ns
    if ceiling_ns is None:
        return
    low_ns, high_ns = one.latency.interval.low_ns, one.latency.interval.high_ns
    if low_ns > ceiling_ns:
        late = TooLate(
            time=Time.OPENING, bound=Bound.CEILING, low_ns=low_ns, high_ns=high_ns, bound_ns=ceiling_ns
        )
        fails.append(late)
    elif high_ns > ceiling_ns:
        excess_ns = high_ns - ceiling_ns
        open_questions.append(straddles(Time.OPENING, one.latency, Bound.CEILING, ceiling_ns, excess_ns))
