"""How results are said, the same in every report."""

import math

from bench.record.evidence import ClassFound
from bench.timing.clock import Timebase
from bench.timing.evidence_class import CLASS_WORDS, EvidenceClass, at_least_known
from bench.units import format_ns
from bench.verdict.result import (
    FEWEST_FOR_P99,
    LatencyStatistics,
    RunResult,
    ScenarioResult,
    ShotResult,
    Verdict,
)
from bench.verdict.rules import RULES
from bench.verdict.spread import REFUSED_BELOW

_MOST_PARTS = 4
EVIDENCE_WORTH = {
    EvidenceClass.SIMULATED: "simulated time: may not discharge a board's timing",
    EvidenceClass.REAL_TIME: "real time without a board: may not discharge a board's timing",
    EvidenceClass.HARDWARE: "hardware: a board, on real adapters and instruments",
}


def interval_words(low_ns: int, high_ns: int) -> str:
    """`2.491 … 2.501 s`: both ends, the unit once where it is the same."""
    low, high = format_ns(low_ns), format_ns(high_ns)
    if low == high:
        return high
    low_unit, high_unit = low.rpartition(" ")[2], high.rpartition(" ")[2]
    return f"{low.rpartition(' ')[0]} … {high}" if low_unit == high_unit else f"{low} … {high}"


def max_words(statistics: LatencyStatistics | None) -> str:
    """The largest latency as an interval; a dash without statistics."""
    return "–" if statistics is None else interval_words(statistics.max_low_ns, statistics.max_high_ns)


def p50_words(statistics: LatencyStatistics | None) -> str:
    """The median latency as an interval; a dash without statistics."""
    return "–" if statistics is None else interval_words(statistics.p50_low_ns, statistics.p50_high_ns)


def p99_words(statistics: LatencyStatistics) -> str:
    """The p99, or a dash for fewer than FEWEST_FOR_P99 latencies: there it would be their largest value under another
    name.
    """
    if statistics.p99_low_ns is None or statistics.p99_high_ns is None:
        return f"– (n < {FEWEST_FOR_P99})"
    return interval_words(statistics.p99_low_ns, statistics.p99_high_ns)


def margin_ns(statistics: LatencyStatistics | None, budget_ns: int) -> int | None:
    """What is left of the budget above the worst upper end; negative when it is overrun."""
    return None if statistics is None else budget_ns - statistics.max_high_ns


def margin_words(margin: int | None) -> str:
    """A margin (ns) with its sign; a dash for None."""
    if margin is None:
        return "–"
    return f"+{format_ns(margin)}" if margin >= 0 else format_ns(margin).replace("-", "−")


def support_words(statistics: LatencyStatistics, shots: int) -> str:
    """What this many runs support, never rounded up; nothing, where some of the shots have no latency."""
    if statistics.n < shots:
        return (
            f"{statistics.n} of {shots} shots have a latency: no statement on coverage while others have none"
        )
    if why := not_spread_words(statistics.spread_p):
        return f"no statement on coverage: {why}"
    percent = math.floor(statistics.confidence_95 * 1000) / 10
    confidence = "over 99.9" if percent >= 99.9 else f"{percent:g}"
    runs = "1 run" if statistics.n == 1 else f"{statistics.n} runs"
    return (
        f"{runs}: {confidence} % confidence that 95 % of latencies "
        f"lie below {format_ns(statistics.max_high_ns)}"
    )


def not_spread_words(spread_p: float | None) -> str:
    """Why shots are no independent looks at the DUT; "" where their phases are spread over its cycle."""
    if spread_p is None:
        return "where in the DUT's cycle the shots met it was not recorded"
    if spread_p < REFUSED_BELOW:
        return (
            f"the shots met the DUT at bunched phases of its cycle (Kuiper p = {spread_p:.1g}, "
            f"expected at least {REFUSED_BELOW:g}), so they are copies of fewer shots"
        )
    return ""


def banner(found: ClassFound) -> str:
    """The first line of a run: what it can be taken for, and what keeps it from more."""
    why = (
        f" ({'; '.join(found.why[:_MOST_PARTS])}{' …' if found.why[_MOST_PARTS:] else ''})"
        if found.why
        else ""
    )
    return f"evidence: {EVIDENCE_WORTH[found.evidence]}{why if not found.evidence.discharges else ''}"


def rules_words(run: RunResult) -> str:
    """That it was judged by older rules, and what judges it by today's; "" where it was not."""
    if run.rules >= RULES:
        return ""
    return (
        f"judged by rules {run.rules} of an older release, today's are rules {RULES}: its verdicts stand as they were "
        "stored, and `hil rejudge RUN` says what today's rules make of them"
    )


def class_words(run: RunResult, timebase: Timebase) -> str:
    """The class of evidence of those of a run's scenarios that share a timebase."""
    return CLASS_WORDS[class_at(run, timebase)]


def class_at(run: RunResult, timebase: Timebase) -> EvidenceClass:
    """A run has one timebase; what is of another one in it is no better than it says."""
    return run.evidence_class if timebase is run.timebase else at_least_known(timebase)


def timebases(run: RunResult) -> tuple[Timebase, ...]:
    """The timebases of a run's scenarios, each once; the run's own first."""
    return tuple(dict.fromkeys((run.timebase, *(scenario.timebase for scenario in run.scenarios))))


def shots_to_explain(scenario: ScenarioResult) -> tuple[ShotResult, ...]:
    """Shots that did not pass."""
    return tuple(shot for shot in scenario.shots if shot.judgement.verdict is not Verdict.PASS)
