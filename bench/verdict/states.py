"""Further safe states, held against the bounds that a scenario gives them. Without bounds they are only measured."""

from bench.measure.finding.base import Finding
from bench.measure.finding.states import StateNotReached, StateStraddles, StateTooEarly, StateTooLate
from bench.measure.interval import Measurement, StateSeen
from bench.measure.plan import Plan, StateAsked


def judge_states(
    measurement: Measurement, plan: Plan, fails: list[Finding], open_questions: list[Finding]
) -> None:
    """Judge the further safe states of a shot: adds to `fails` and `open_questions`."""
    seen = {one.name: one for one in measurement.states}
    for asked in plan.states:
        if measurement.onset is None or (asked.at_least_ns is None and asked.at_most_ns is None):
            continue
        _judge(asked, seen.get(asked.name), plan.window_ns, fails, open_questions)


def _judge(
    asked: StateAsked,
    seen: StateSeen | None,
    window_ns: int,
    fails: list[Finding],
    open_questions: list[Finding],
) -> None:
    if seen is None or seen.latency is None:
        fails.append(StateNotReached(name=asked.name, window_ns=window_ns))
        return
    name, low_ns, high_ns = asked.name, seen.latency.interval.low_ns, seen.latency.interval.high_ns
    if (least_ns := asked.at_least_ns) is not None:
        if high_ns < least_ns:
            early = StateTooEarly(name=name, low_ns=low_ns, high_ns=high_ns, bound_ns=least_ns)
            fails.append(early)
        elif low_ns < least_ns:
            open_questions.append(
                StateStraddles(name=name, low_ns=low_ns, high_ns=high_ns, bound_ns=least_ns)
            )
    if (most_ns := asked.at_most_ns) is not None:
        if low_ns > most_ns:
            fails.append(StateTooLate(name=name, low_ns=low_ns, high_ns=high_ns, bound_ns=most_ns))
        elif high_ns > most_ns:
            open_questions.append(StateStraddles(name=name, low_ns=low_ns, high_ns=high_ns, bound_ns=most_ns))
