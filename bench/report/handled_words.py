"""What share of injected faults was shown to be handled, goal by goal. It is no diagnostic coverage, and says so.

The share is a lower bound of a count: a function of the number of attempts, not of the element's failure modes. 59
clean attempts show 95 % of anything.
"""

from collections.abc import Mapping

from bench.verdict.fmea import Earned, HandledShare

CAVEAT = (
    "shown is a count: n clean attempts show as much of any DUT (59: 95 %, 299: 99 %), each with 95 % confidence on "
    "its own, for the faults injected at their operating points. The share of an element's dangerous failures that is "
    "detected (ISO 26262-5, annex D) needs all its failure modes with their rates, and is not shown by this"
)


def handled_lines(found: Mapping[tuple[str, str], HandledShare]) -> list[str]:
    """`injected faults handled, SG-OV: nmc at least 95 % (59 of 59 attempts, ov-step-cell17, ...)`; and what it is."""
    by_goal: dict[str, list[str]] = {}
    for (goal, chemistry), one in found.items():
        if one.share > 0:
            by_goal.setdefault(goal, []).append(f"{chemistry} {handled_words(one)}")
    lines = [f"injected faults handled, {goal}: {'; '.join(each)}" for goal, each in by_goal.items()]
    return [*lines, f"injected faults handled: {CAVEAT}."] if lines else []


def handled_words(found: HandledShare) -> str:
    """The share of handled faults in words, rounded down to 0.1 %."""
    share = f"at least {int(found.share * 1000) / 10:g} %"
    if found.weighted:
        return f"{share}, weighted by the failure rates given"
    return f"{share} ({_attempts(found.least)}{_of(found.modes)})" if found.least is not None else share


def _attempts(least: Earned | None) -> str:
    if least is None:
        return ""
    if least.bunched:
        return f"{least.attempts} attempts at bunched phases, which count as one"
    handled = least.attempts - least.not_handled
    return f"{handled} of {least.attempts} attempts"


def _of(modes: int) -> str:
    return f", least of {modes} failure modes" if modes > 1 else ""
