"""What decides a time, and what was published beside what is computed, in words for table, terminal and picture."""

import math
from collections.abc import Sequence

from bench.hazard.published import TEMPERATURES, HeldBeside, beside
from bench.hazard.result import CaseResult, HazardStudy, draws_of, seconds
from bench.hazard.shares import told_apart_from


def value_words(one: HeldBeside, value: float) -> str:
    """A published or computed `value` in words: °C for a temperature, else a time in s; "never" for infinity."""
    if math.isinf(value):
        return "never"
    return f"{value:.0f} °C" if one.published.what in TEMPERATURES else seconds(value)


def published_words(one: HeldBeside) -> str:
    """`36 min to 48 min`."""
    low, high = one.published.low, one.published.high
    return value_words(one, low) if low == high else f"{value_words(one, low)} to {value_words(one, high)}"


def off_words(one: HeldBeside) -> str:
    """`1.8 to 2.4 times too early: OFF BY MORE THAN 2`; within what was published: says so."""
    of_low, of_high = one.off
    if of_low >= 1.0 and of_high <= 1.0:
        return "within"
    if math.isinf(of_low):
        return "never in the model: OFF BY MORE THAN 2"
    heat = one.published.what in TEMPERATURES
    if of_low < 1.0:
        ends, how = (1.0 / of_low, 1.0 / of_high), "too low" if heat else "too early"
    else:
        ends, how = (of_high, of_low), "too high" if heat else "too late"
    by = f"{ends[0]:.2g}" if f"{ends[0]:.2g}" == f"{ends[1]:.2g}" else f"{ends[0]:.2g} to {ends[1]:.2g}"
    return f"{by} times {how}{': OFF BY MORE THAN 2' if one.far_off else ''}"


def share_words(result: CaseResult, most: int = 4) -> str:
    """`electrolyte, rate 41 % (later), ...; rest 22 %`: the figures that this number of draws can tell from chance."""
    if not result.shares:
        return "no spread to share"
    floor = told_apart_from(draws_of(result.hazard.samples))
    told = [one for one in result.shares if one.share >= floor][:most]
    rest = max(0.0, 1.0 - sum(one.share for one in told))
    named = ", ".join(
        f"{one.figure} {100 * one.share:.0f} % {'(more: later)' if one.later else '(more: sooner)'}"
        for one in told
    )
    return f"{named}; rest {100 * rest:.0f} %" if named else "no figure stands out"


def every_share(results: Sequence[CaseResult]) -> list[tuple[str, dict[str, float]]]:
    """Each figure with its share in each case, averaged over the cases in which anything happened; largest first.

    The second of each pair is by chemistry.
    """
    found: dict[str, dict[str, list[float]]] = {}
    for result in results:
        for one in result.shares:
            found.setdefault(one.figure, {}).setdefault(result.chemistry, []).append(one.share)
    averaged = [
        (figure, {chemistry: sum(values) / len(values) for chemistry, values in by.items()})
        for figure, by in found.items()
    ]
    return sorted(averaged, key=lambda pair: -max(pair[1].values()))


def floor_words(samples: int) -> str:
    """The smallest share that this number of draws can tell from chance, in words."""
    draws = draws_of(samples)
    return f"{draws} draws tell a share from chance above {100 * told_apart_from(draws):.2g} %"


def beside_lines(study: HazardStudy) -> list[str]:
    """For a terminal: each published experiment, and the figure that decides most in each case."""
    lines = [
        f"published beside computed: {one.published.chemistry} {one.published.case}, {one.published.what}: "
        f"{published_words(one)} ({one.published.source}), computed {value_words(one, one.computed.mid_s)}: "
        f"{off_words(one)}"
        for one in beside(study.results)
    ]
    told = [
        f"what decides: {one.chemistry} {one.case}: {share_words(one, 3)}"
        for one in study.results
        if one.shares
    ]
    return [*lines, *told, *([f"({floor_words(study.samples)})"] if told else [])]
