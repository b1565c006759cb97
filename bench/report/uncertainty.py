"""The uncertainty budget of each scenario in words: rows and lines for HTML and Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.measure.interval import BENCH_LATENESS, CALIBRATION, CLOCK_RATE, CalibrationUsed, LeftOut, Term
from bench.measure.lagging import ASSUMED, REPORT_LAG
from bench.measure.trip_band import TRIP_TOLERANCE
from bench.report import markdown as md
from bench.report.words import interval_words, margin_words
from bench.timing.clock import Timebase
from bench.units import format_ns
from bench.verdict.decision import Zone
from bench.verdict.result import RunResult, ScenarioResult
from bench.verdict.uncertainty import (
    NarrowedBy,
    TimeBudget,
    UncertaintyBudget,
    uncertainty_of,
    uncertainty_of_run,
)

DECISION_RULE = (
    "Decision rule (ISO/IEC 17025:2017, 7.8.6; guarded acceptance after JCGM 106:2012, 8.3.2): PASS where the upper "
    "end keeps the limit, FAIL where the lower end does not, else INCONCLUSIVE. The guard band is half the interval; "
    "the 1.645 u_c of ISO 14253-1, never more, stands beside it. Evaluation (7.6): each term is a bound, given with "
    "its whole width and taken as rectangular for u_c (GUM 4.3.7), which is at most that of the interval; the interval "
    "is their sum less what is shown to narrow it, and so covers all that is possible within these bounds"
)
SIMULATED = (
    "Simulated time: stamps are exact and no clock runs wrong. The uncertainty of the models (cells, sensors, bus, the "
    "DUT's own clock) is in none of these figures"
)
_SOURCES = {
    "onset": "the bench's stamp of the frame that shows the fault, or the span in which it began",
    "onset over pages": "several pages show the fault one after the other",
    TRIP_TOLERANCE: "the DUT profile's `limit_tolerance` and half a step of the signal, on a stimulus that climbs",
    "DUT reporting cycle": "the DUT's last frame without it to its first with it, by their stamps",
    REPORT_LAG: "the DUT profile's `lag`",
    REPORT_LAG + ASSUMED: "the DUT profile's `lag`, without a source there",
    "stamp": "the bench's stamp of the DUT's frame, twice its half-width",
    BENCH_LATENESS: "the bench's own lateness, measured in the shot",
    CALIBRATION: "the certificate's expanded uncertainty either way; of a voltage: over the ramp's slope",
    CLOCK_RATE: "by how much the host's clock may run wrong, over the interval",
}
_NARROWED = {
    NarrowedBy.NEVER_NEGATIVE: ("Cut at 0", "no effect comes before its cause, so no time is below 0"),
    NarrowedBy.NOT_BEFORE_CAUSE: (
        "Cut at the cause",
        "the report cannot have become true before the onset began",
    ),
    NarrowedBy.LAST_OF_SEVERAL: (
        "Last of several reports",
        "the terms are those of the latest; another that it needs denied it for longer",
    ),
    NarrowedBy.UNNAMED: ("Wider than the terms", "no term names it"),
}
_MOST_ROWS = 40  # in Markdown; those that use most of their limit
HEADINGS = (
    "scenario",
    "worst shot",
    "interval",
    "terms, widest first",
    "guard band",
    "limit",
    "left out before it",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetShown:
    """headings and rows of a table; lines below it; warnings: what a reader must not miss."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[str, ...]
    warnings: tuple[str, ...]


def budget_shown(scenario: ScenarioResult) -> BudgetShown | None:
    """None where nothing was measured."""
    found = uncertainty_of(scenario)
    if found is None:
        return None
    heads = tuple(f"{one.time}, shot {one.shot}" for one in found.times)
    return BudgetShown(
        headings=("Uncertainty budget, worst shot", *heads, "Source"),
        rows=(*_term_rows(found.times), *_narrowed_rows(found.times), *_sum_rows(found.times)),
        lines=(f"{left_out_words(found)}.", *(f"{line}." for line in clock_lines(found))),
        warnings=tuple(f"{line}." for line in only_from_frame_words(found)),
    )


def _term_rows(times: Sequence[TimeBudget]) -> list[tuple[str, ...]]:
    """A row for each term that one of the times has, in their order."""
    keys = dict.fromkeys(key for one in times for key in _widths(one.terms))
    return [
        (
            _named(*key),
            *(
                format_ns(widths[key]) if key in widths else "–"
                for widths in (_widths(o.terms) for o in times)
            ),
            source_words(*key),
        )
        for key in keys
    ]


def _narrowed_rows(times: Sequence[TimeBudget]) -> list[tuple[str, ...]]:
    """What the interval does not hold of the terms, so that a reader who adds them up comes to its width."""
    widths = [{one.by: one.width_ns for one in time.narrowed} for time in times]
    return [
        (name, *(_less(found[by]) if by in found else "–" for found in widths), why)
        for by, (name, why) in _NARROWED.items()
        if any(by in found for found in widths)
    ]


def _less(width_ns: int) -> str:
    return f"{'−' if width_ns > 0 else '+'}{format_ns(abs(width_ns))}"


def _widths(terms: Sequence[Term]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for one in terms:
        found[one.name, one.note] = found.get((one.name, one.note), 0) + one.width_ns
    return found


def _named(name: str, note: str) -> str:
    return f"{name} ({note})" if note else name


def source_words(name: str, note: str) -> str:  # noqa: ARG001
    """Where a term of the uncertainty budget comes from; "" for an unknown term."""
    return _SOURCES.get(name, "")


def _sum_rows(times: Sequence[TimeBudget]) -> list[tuple[str, ...]]:
    ends = (interval_words(one.interval.low_ns, one.interval.high_ns) for one in times)
    limits = (f"{format_ns(o.limit_ns)} ({margin_words(o.limit_ns - o.interval.high_ns)})" for o in times)
    return [
        ("Interval", *ends, "as wide as the terms, less what narrows them"),
        (
            "u_c",
            *(format_ns(one.u_c_ns) for one in times),
            "combined standard uncertainty, at most the interval's",
        ),
        ("Guard band", *(format_ns(one.guard_ns) for one in times), _guard_source(times)),
        ("Limit", *limits, "in brackets: the upper end's margin"),
        ("Decision", *(_zone_words(one.zone) for one in times), "by the lower and the upper end"),
    ]


def _guard_source(times: Sequence[TimeBudget]) -> str:
    return f"half of the interval; 1.645 u_c is {' and '.join(format_ns(one.guard_iso_ns) for one in times)}"


def _zone_words(zone: Zone) -> str:
    return {Zone.ACCEPT: "within", Zone.REJECT: "beyond"}.get(zone, f"open, {zone.value}")


def clock_lines(found: UncertaintyBudget) -> list[str]:
    """What stamps and clock were taken for, and by which source: one line for all channels with the same facts."""
    channels: dict[str, list[str]] = {}
    for one in found.stamps:
        worth = one.worth or f"±{format_ns(one.u_ns)} claimed for this kind of link, not measured on this rig"
        channels.setdefault(f"{one.source}, {worth}", []).append(one.channel)
    told = [f"Stamps on {', '.join(names)}: {words}" for words, names in channels.items()]
    return [
        *told,
        *([f"Clock rate ±{found.rate_ppb / 1000:g} ppm, {found.rate_why}"] if found.rate_ppb else []),
        *(_calibration_line(one) for one in found.calibrations),
    ]


def _calibration_line(one: CalibrationUsed) -> str:
    told = f"'{one.instrument}' is uncertain by ±{one.words} as calibrated"
    if one.moves_ns:
        return f"{told}: ±{format_ns(one.moves_ns)} of the onset, a term above"
    return f"{told}: an uncertainty of the level that it sets, and no time, as it makes no ramp here"


def left_out_words(found: UncertaintyBudget) -> str:
    """What no latency of the scenario holds: from the fault at the terminals to the frame that shows it."""
    span = found.left_out_range
    if found.left_out is LeftOut.KNOWN and span is not None:
        shots = "1 shot" if found.left_out_shots == 1 else f"{found.left_out_shots} shots"
        return (
            f"Not included: {interval_words(span.low_ns, span.high_ns)} from the readback that shows the fault at the "
            f"DUT's terminals to the frame that shows it, over {shots}{_from_terminal_words(found.times)}"
        )
    return {
        LeftOut.NOTHING: (
            "Not included: nothing; the onset is the readback or the plant's event itself, or frames are the fault"
        ),
        LeftOut.COMMAND: (
            "Not included, and not known: how long before its frame the DUT gave the command that is the onset. Where "
            "its profile states how late it tells it (`lag`), that is a term"
        ),
        LeftOut.DEVELOPS: (
            "Not included, and not known: the time from the fault at the DUT's terminals to the frame that shows it: "
            "the stimulus develops, or was not read back, so that nothing says when it was there. Where the DUT's "
            "tolerance around its limit is no term, its profile states none (`limit_tolerance`)"
        ),
    }.get(
        found.left_out,
        "Not included, and not recorded by the release that made this run: the time from the readback at the DUT's "
        "terminals to the frame that shows the fault",
    )


def _from_terminal_words(times: Sequence[TimeBudget]) -> str:
    told = [
        f"{one.time} {interval_words(one.from_terminal.low_ns, one.from_terminal.high_ns)}"
        for one in times
        if one.from_terminal is not None
    ]
    if not told:
        return ""
    kept = all(one.meets_from_terminal for one in times)
    return f"; counted from there, worst {', '.join(told)}{', within the limits as well' if kept else ''}"


def only_from_frame_words(found: UncertaintyBudget) -> list[str]:
    """Limits that only the shorter of the two times keeps."""
    return [
        f"{one.time} keeps its limit of {format_ns(one.limit_ns)} only when counted from the frame that shows the "
        f"fault ({interval_words(one.interval.low_ns, one.interval.high_ns)}); from the readback at the terminals "
        f"it is {interval_words(one.from_terminal.low_ns, one.from_terminal.high_ns)}"
        for one in found.only_from_frame
        if one.from_terminal is not None
    ]


def only_from_frame_lines(run: RunResult) -> list[str]:
    """These lines for a whole run, each with its scenario's id."""
    return [
        f"{found.scenario_id}: {line}"
        for found in uncertainty_of_run(run)
        for line in only_from_frame_words(found)
    ]


def markdown_lines(run: RunResult) -> list[str]:
    """A folded table, those that use most of their limit first; nothing where nothing was measured."""
    found = uncertainty_of_run(run)
    pairs = [(one, time) for one in found for time in one.times]
    if not pairs:
        return []
    pairs.sort(key=lambda pair: -pair[1].interval.high_ns / max(1, pair[1].limit_ns))
    told = [f"- **{md.text(line)}**" for line in only_from_frame_lines(run)[:_MOST_ROWS]]
    more = [f"and {len(pairs) - _MOST_ROWS} more in the HTML report", ""] if len(pairs) > _MOST_ROWS else []
    simulated = [f"{SIMULATED}.", ""] if any(one.timebase is Timebase.SIMULATED for one in found) else []
    said = dict.fromkeys(words for one in found for words in clock_lines(one))
    stamps = [line for words in said for line in (f"{md.text(words)}.", "")]
    return [
        *([*told, ""] if told else []),
        "<details>",
        f"<summary>Uncertainty budgets of {_scenarios(len(found))}</summary>",
        "",
        *md.table(HEADINGS, (_markdown_row(*pair) for pair in pairs[:_MOST_ROWS])),
        "",
        *more,
        f"{DECISION_RULE}.",
        "",
        *stamps,
        *simulated,
        "</details>",
    ]


def _markdown_row(found: UncertaintyBudget, one: TimeBudget) -> tuple[str, ...]:
    widest = sorted(_widths(one.terms).items(), key=lambda item: -item[1])
    terms = "; ".join(f"{_named(*key)} {format_ns(width)}" for key, width in widest if width > 0)
    less = "".join(f"; {_NARROWED[part.by][0].lower()} {_less(part.width_ns)}" for part in one.narrowed)
    span = found.left_out_range
    return (
        found.scenario_id,
        f"{one.time}, shot {one.shot}",
        interval_words(one.interval.low_ns, one.interval.high_ns),
        (terms or "none wider than 0") + less,
        format_ns(one.guard_ns),
        format_ns(one.limit_ns),
        found.left_out.value if span is None else interval_words(span.low_ns, span.high_ns),
    )


def _scenarios(count: int) -> str:
    return "1 scenario" if count == 1 else f"{count} scenarios"
