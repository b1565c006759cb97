"""Whether any DUT can meet the bounds of the safe states of a scenario: else it is the file that is wrong."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bench.config.profile import RoleTest
from bench.scenario.lookup import Lookup
from bench.scenario.model import Expect, StateText
from bench.units import format_ns

_PLACE = ("expect", "safe_state")


def check_state_bounds(lookup: Lookup, expect: Expect) -> None:
    """Notes a mistake for bounds that lie outside the window, or that no order of events fits."""
    known = [one for one in expect.states if one.name in lookup.profile.safe_states]
    for one in known:
        _by_itself(lookup, expect, one)
    for late in known:
        _before_the_budget(lookup, expect, late)
        for early in known:
            _one_within_the_other(lookup, late, early)


def _by_itself(lookup: Lookup, expect: Expect, one: StateText) -> None:
    least_ns, most_ns = one.at_least_ns, one.at_most_ns
    if least_ns is not None and most_ns is not None and least_ns > most_ns:
        lookup.mistake(
            _PLACE,
            f"found '{one.name}' with at_least {format_ns(least_ns)}; expected at most its at_most, "
            f"{format_ns(most_ns)}",
        )
        return
    for key, bound_ns in (("at_least", least_ns), ("at_most", most_ns)):
        if bound_ns is not None and bound_ns > expect.window_ns:
            lookup.mistake(
                _PLACE,
                f"found '{one.name}' with {key} {format_ns(bound_ns)}; expected at most the window of "
                f"{format_ns(expect.window_ns)}, after which nobody looks",
            )


def _before_the_budget(lookup: Lookup, expect: Expect, one: StateText) -> None:
    """The state of the budget has to be there in time, and with it whatever is a part of it."""
    budget, least_ns = lookup.budget, one.at_least_ns
    if least_ns is None or not budget.title or lookup.scenario.known_gap is not None:
        return  # no budget known, or one that is known to be missed
    most_ns = expect.window_ns if one.at_most_ns is None else one.at_most_ns
    if least_ns > most_ns or least_ns <= budget.fhti_ns:
        return
    if expect.safe_state in lookup.profile.safe_states and _implies(lookup, expect.safe_state, one.name):
        lookup.mistake(
            _PLACE,
            f"found '{one.name}' with at_least {format_ns(least_ns)}; expected at most {format_ns(budget.fhti_ns)}, "
            f"FDTI + FRTI of {budget.safety_goal}, in which '{expect.safe_state}' has to be reached and it with it",
        )


def _one_within_the_other(lookup: Lookup, late: StateText, early: StateText) -> None:
    """A state is never there before one that is a part of it."""
    most_ns, least_ns = late.at_most_ns, early.at_least_ns
    if late is early or most_ns is None or least_ns is None or most_ns >= least_ns:
        return
    if _implies(lookup, late.name, early.name):
        lookup.mistake(
            _PLACE,
            f"found '{late.name}' with at_most {format_ns(most_ns)}; expected at least the at_least of "
            f"'{early.name}', {format_ns(least_ns)}: it is never there without that",
        )


def _implies(lookup: Lookup, whole: str, part: str) -> bool:
    """Whether `part` is true in all cases in which `whole` is true, by what their tests show."""
    states = lookup.profile.safe_states
    return all(_follows(states[whole], test) for test in states[part])


def _follows(whole: Sequence[RoleTest], test: RoleTest) -> bool:
    if test in whole:
        return True
    enough = set(_alternatives(test))
    return not test.together and any(
        one in enough for had in whole if not had.either for one in (_alone(had), *had.together)
    )


def _alternatives(test: RoleTest) -> Iterator[RoleTest]:
    yield _alone(test)
    yield from test.either


def _alone(test: RoleTest) -> RoleTest:
    return replace(test, together=(), either=())
