"""The summary of a run for a terminal: one table per timebase."""

import io
from collections import Counter
from collections.abc import Iterator

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from bench.report.anomalies import anomaly_lines
from bench.report.at_once_words import at_once_words
from bench.report.endings import ending_words
from bench.report.estimates import short_words, worst_estimates
from bench.report.finding_words import joined_words, reasons_words
from bench.report.folded import in_order, is_folded, passed_lines, passed_table
from bench.report.format_words import format_2_words
from bench.report.goals import NOT_SHOWN, not_shown, shown_goals
from bench.report.mismatch import (
    TITLE,
    WHAT,
    caught_words,
    failed_words,
    mismatched,
    of_the_build,
    why_words,
    word,
)
from bench.report.sampling import bounds_words
from bench.report.stacked import AIMS, stacked
from bench.report.uncertainty import only_from_frame_lines
from bench.report.words import (
    EVIDENCE_WORTH,
    class_at,
    margin_ns,
    margin_words,
    max_words,
    p50_words,
    shots_to_explain,
    timebases,
)
from bench.timing.clock import Timebase
from bench.units import NS_PER_S, format_ns
from bench.verdict.result import RunResult, ScenarioResult, Verdict

STYLES = {
    Verdict.NONE: "dim",
    Verdict.PASS: "bold green",
    Verdict.GAP: "bold blue",
    Verdict.INCONCLUSIVE: "bold yellow",
    Verdict.FAIL: "bold red",
    Verdict.ERROR: "bold magenta",
    Verdict.BLOCKED: "bold cyan",
}

_MOST_ANOMALIES = 4
_MOST_NAMED = 3


FILE_WIDTH = 130  # of what is no terminal, and has no width of its own: at least so wide


def summary(run: RunResult, width: int | None, *, every: bool = True) -> tuple[RenderableType, ...]:
    """The tables of a run on a terminal `width` columns wide, or what stands in for one that does not fit.

    width: None for a file or a pipe, which takes the table as wide as it is. every: what passed, too, row by row; else
    many that passed are folded to their goals.
    """
    shown: list[RenderableType] = []
    for timebase in timebases(run):
        scenarios = in_order(one for one in of_the_build(run.scenarios) if one.timebase is timebase)
        if scenarios or not run.scenarios:
            shown += _of_timebase(run, timebase, scenarios, width, every=every)
    return (*shown, *_mismatches(run))


def _of_timebase(
    run: RunResult, timebase: Timebase, scenarios: list[ScenarioResult], width: int | None, *, every: bool
) -> Iterator[RenderableType]:
    if every or not is_folded(scenarios):
        yield from _one_by_one(_title(run, timebase), scenarios, width, _reasons(run, scenarios))
        return
    trouble = [one for one in scenarios if one.judgement.verdict is not Verdict.PASS]
    if trouble:
        yield from _one_by_one(_title(run, timebase), trouble, width, _why(trouble))
    else:
        yield Text(f"{_title(run, timebase)}\n", style="italic")
    passed = [one for one in scenarios if one.judgement.verdict is Verdict.PASS]
    yield _folded(passed, width)
    yield _reasons(run, scenarios, why=False)


def _one_by_one(
    title: str, scenarios: list[ScenarioResult], width: int | None, below: Text
) -> Iterator[RenderableType]:
    table = _table(title, scenarios, below)
    if width is None or natural_width(table) <= width:
        yield table
        return
    yield Text(f"{title}\n", style="italic")
    yield stacked(scenarios, width, STYLES)
    yield below


def _folded(passed: list[ScenarioResult], width: int | None) -> RenderableType:
    for table in (passed_table(passed, named=True), passed_table(passed, named=False)):
        if width is None or natural_width(table) <= width:
            return table
    return passed_lines(passed, width or FILE_WIDTH)


def _mismatches(run: RunResult) -> Iterator[Text]:
    """In a part of their own: they are no results of the build that the tables above are of."""
    found = mismatched(run.scenarios)
    if found:
        text = Text()
        text.append(f"{TITLE}: {WHAT}\n", style="italic")
        for one in found:
            text.append(f"{word(one)} ", style=STYLES[one.judgement.verdict])
            text.append(
                f"{one.scenario_id}, {failed_words(one)}: {'; '.join(why_words(one)) or 'no reason'}\n"
            )
        yield text


def natural_width(table: Table) -> int:
    """Columns that it takes to cut and to wrap nothing."""
    console = Console(width=10_000, file=io.StringIO())
    return console.measure(table).maximum


def last_line(run: RunResult) -> str:
    """`PASS 300 of 300 scenarios, 9,102 shots, 274 s`: the run's verdict, how many have it, how many have others."""
    own = of_the_build(run.scenarios)
    counts = Counter(scenario.judgement.verdict for scenario in own)
    others = [f"{counts[one]} {one.name}" for one in sorted(counts, reverse=True) if one is not run.verdict]
    shots = sum(len(scenario.shots) for scenario in own)
    told = caught_words(run.scenarios)
    apart = [told] if told and own else []
    parts = [
        f"{run.verdict.name} {counts[run.verdict]} of {len(own)} scenarios" if own or not told else told,
        *others,
        *(["1 shot" if shots == 1 else f"{shots:,} shots"] if own or not told else []),
        *apart,
        *([f"{run.mismatch}: no results of this build on its own pack"] if run.mismatch else []),
        *([f"{run.took_ns / NS_PER_S:,.0f} s"] if run.took_ns is not None else []),
    ]
    return ("ABORTED " if run.aborted is not None else "") + ", ".join(parts)


def summary_tables(run: RunResult) -> tuple[Table, ...]:
    """One table for each timebase of the run; they are never mixed."""
    return tuple(summary_table(run, timebase) for timebase in timebases(run))


def summary_table(run: RunResult, timebase: Timebase | None = None) -> Table:
    """The scenarios of one timebase, with the reasons of those that failed. timebase: the run's own where None."""
    timebase = timebase or run.timebase
    scenarios = in_order(one for one in of_the_build(run.scenarios) if one.timebase is timebase)
    return _table(_title(run, timebase), scenarios, _reasons(run, scenarios))


def _table(title: str, scenarios: list[ScenarioResult], below: Text) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        caption=below,
        caption_justify="left",
        caption_style="",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("scenario", no_wrap=True)
    table.add_column("goal", no_wrap=True)
    table.add_column("n", justify="right", no_wrap=True)
    table.add_column("FDTI p50\nFDTI max", no_wrap=True)
    table.add_column("FHTI max", no_wrap=True)
    table.add_column("budget (margin)", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for scenario in scenarios:
        verdict = scenario.judgement.verdict
        table.add_row(
            Text(scenario.scenario_id),
            Text(f"{scenario.budget.safety_goal}\nASIL {scenario.budget.asil}"),
            str(len(scenario.shots)),
            _detection(scenario),
            max_words(scenario.fhti),
            _budgets(scenario),
            Text(verdict.name, style=STYLES[verdict]),
        )
    return table


def _title(run: RunResult, timebase: Timebase) -> str:
    misfit = f" · {run.mismatch}" if run.mismatch else ""
    return f"{run.firmware}{misfit} · {EVIDENCE_WORTH[class_at(run, timebase)]} · seed {run.seed}"


def _detection(scenario: ScenarioResult) -> str:
    told = "\n".join(short_words(found) for _, found in worst_estimates(scenario))
    if told:
        return told
    if scenario.fdti is None:
        return AIMS.get(scenario.aim, "–")
    ended = ending_words(scenario)
    return f"{p50_words(scenario.fdti)}\n{max_words(scenario.fdti)}" + (f"\n{ended}" if ended else "")


def _budgets(scenario: ScenarioResult) -> Text:
    budgets = (
        ("FDTI", scenario.fdti, scenario.budget.fdti_ns),
        ("FHTI", scenario.fhti, scenario.budget.fhti_ns),
    )
    lines = []
    for name, statistics, budget_ns in budgets:
        if statistics is not None:
            margin = margin_ns(statistics, budget_ns)
            style = "red" if margin is not None and margin < 0 else ""
            lines.append(Text(f"{name} {format_ns(budget_ns)} ({margin_words(margin)})", style=style))
    return Text("\n").join(lines) if lines else Text("–")


def _why(scenarios: list[ScenarioResult]) -> Text:
    """Why they did not pass; of several with one reason, once with their number."""
    alike: dict[tuple[Verdict, str], list[str]] = {}
    for scenario in scenarios:
        verdict = scenario.judgement.verdict
        if verdict is Verdict.PASS:
            continue
        reasons = reasons_words(scenario.judgement) or [
            f"shot {shot.index}: {joined_words(shot.judgement)}" for shot in shots_to_explain(scenario)[:3]
        ]
        why = "; ".join(reasons) or "no reason was given"
        alike.setdefault((verdict, why), []).append(scenario.scenario_id)
    text = Text()
    for (verdict, why), names in alike.items():
        named = ", ".join(names[:_MOST_NAMED])
        more = f" and {len(names) - _MOST_NAMED} more" if names[_MOST_NAMED:] else ""
        many = f"{len(names)} scenarios, " if len(names) > 1 else ""
        text.append(f"{verdict.name} ", style=STYLES[verdict])
        text.append(f"{many}{named}{more}: {why}\n")
    return text


def _reasons(run: RunResult, scenarios: list[ScenarioResult], *, why: bool = True) -> Text:
    """What is to be known below the figures. why: also why those did not pass that did not."""
    text = Text()
    if run.aborted is not None:
        text.append(f"ABORTED: {run.aborted}\n", style="bold red")
    if why:
        text.append_text(_why(scenarios))
    for goal in not_shown(shown_goals(run).values()):
        text.append(f"{NOT_SHOWN} ", style="bold red" if goal.over else "bold yellow")
        text.append(f"{goal.words}\n")
    for line in only_from_frame_lines(run):
        text.append("from the frame only ", style="bold yellow")
        text.append(f"{line}\n")
    if told := format_2_words(run):
        text.append("format 1 ", style="yellow")
        text.append(f"{told}\n")
    lines = anomaly_lines(scenarios)
    for line in lines[:_MOST_ANOMALIES]:
        text.append("anomaly ", style="yellow")
        text.append(f"{line}\n")
    if len(lines) > _MOST_ANOMALIES:
        text.append(f"and {len(lines) - _MOST_ANOMALIES} more kinds of anomaly, see the report\n")
    for line in (*bounds_words(scenarios), at_once_words(scenarios)):
        text.append(f"{line}\n" if line else "")
    return text
