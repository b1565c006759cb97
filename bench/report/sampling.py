"""What a bound over n shots is a bound over, in words: the same in terminal, HTML and Markdown."""

from collections.abc import Sequence

from bench.report.at_once_words import build_words
from bench.report.steady_words import drift_words
from bench.report.words import interval_words, not_spread_words
from bench.units import format_ns
from bench.verdict.result import ScenarioResult
from bench.verdict.sampling import Sampled, sampled
from bench.verdict.statistics import wilks_confidence

_MOST_NAMED = 3
_NOT_LIFE = "no sample of life: not over age, temperature or longer uptimes"


def sampled_words(found: Sampled, operating_point: str = "") -> str:
    """`phase (the DUT's cycle of 1.000 s), pack (59 draws …) and boot (the fault 2.1 … 3.1 s after it); …`."""
    point = f", {operating_point}" if operating_point else ""
    pack = f"pack ({_draws(found.draws)} of the cells' spread, one type{point})"
    over = f"{_phase(found.cycle_ns, found.cycle_ns)}, {pack} and {_boot([found])}"
    return f"{over}, of {build_words(found.builds)}; {_NOT_LIFE}"


def bounds_words(scenarios: Sequence[ScenarioResult]) -> list[str]:
    """For all scenarios with latencies: what their shots bound, and over which conditions. Also the conditions that
    they do not cover.
    """
    shown: list[tuple[ScenarioResult, Sampled]] = []
    refused: dict[str, list[str]] = {}
    for one in scenarios:
        found = sampled(one.shots)
        if one.mismatch or found is None or one.fdti is None:
            continue
        if found.n < len(one.shots):
            refused.setdefault("some of their shots have no latency", []).append(one.scenario_id)
        elif len(found.builds) > 1:
            refused.setdefault(f"of {build_words(found.builds)}", []).append(one.scenario_id)
        elif why := not_spread_words(one.fdti.spread_p):
            refused.setdefault(_without_figures(why), []).append(one.scenario_id)
        elif why := drift_words(one.shots, "FDTI", short=True):
            refused.setdefault(why, []).append(one.scenario_id)
        else:
            shown.append((one, found))
    lines = [_bounds(shown)] if shown else []
    return [*lines, *(f"No bound for {_some(names)}: {why}" for why, names in refused.items())]


def _bounds(shown: Sequence[tuple[ScenarioResult, Sampled]]) -> str:
    counts = sorted({found.n for _, found in shown})
    least = f"{int(wilks_confidence(counts[0], 0.95) * 1000) / 10:g} %"
    n = f"n = {counts[0]}" if len(counts) == 1 else f"n = {counts[0]} and more"
    cycles = [found.cycle_ns for _, found in shown]
    draws = min(found.draws for _, found in shown)
    builds = sorted({build for _, found in shown for build in found.builds})
    return (
        f"The worst of n latencies bounds 95 % of them ({n}: with {least} confidence), sampled over "
        f"{_phase(min(cycles), max(cycles))}, pack ({_draws(draws)} of the cells' spread, one type at one operating "
        f"point) and {_boot([found for _, found in shown])}, of {build_words(builds)}, each scenario on its own; "
        f"{_NOT_LIFE}"
    )


def _phase(least_ns: int, most_ns: int) -> str:
    if least_ns == most_ns:
        return f"phase (the DUT's cycle of {format_ns(most_ns)})"
    return f"phase (the DUT's cycles, {interval_words(least_ns, most_ns)})"


def _draws(count: int) -> str:
    return "1 draw" if count == 1 else f"{count} draws"


def _boot(found: Sequence[Sampled]) -> str:
    known = [one.uptime_ns for one in found if one.uptime_ns is not None]
    if len(known) < len(found):
        return "boot (its uptime at the fault was not recorded)"
    low, high = min(one.low_ns for one in known), max(one.high_ns for one in known)
    return f"boot (a fresh one each, the fault {interval_words(low, high)} after it)"


def _without_figures(why: str) -> str:
    return why.partition(" (Kuiper")[0]


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if names[_MOST_NAMED:] else ""
    return ", ".join(names[:_MOST_NAMED]) + more
