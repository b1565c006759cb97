"""The summary of a run for a terminal: one table per timebase."""

from rich import box
from rich.table import Table
from rich.text import Text

from bench.report.anomalies import anomaly_lines
from bench.report.endings import ending_words
from bench.report.estimates import short_words, worst_estimates
from bench.report.goals import NOT_SHOWN, not_shown, shown_goals
from bench.report.words import (
    TIMEBASE_WORDS,
    margin_ns,
    margin_words,
    max_words,
    p50_words,
    shots_to_explain,
    timebases,
)
from bench.timing.clock import Timebase
from bench.units import format_ns
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


def summary_tables(run: RunResult) -> tuple[Table, ...]:
    """One table for each timebase of the run; they are never mixed."""
    return tuple(summary_table(run, timebase) for timebase in timebases(run))


def summary_table(run: RunResult, timebase: Timebase | None = None) -> Table:
    """The scenarios of one timebase (the run's own unless said) and why those failed that did."""
    timebase = timebase or run.timebase
    scenarios = [scenario for scenario in run.scenarios if scenario.timebase is timebase]
    table = Table(
        title=f"{run.firmware} · {TIMEBASE_WORDS[timebase]} · seed {run.seed}",
        title_justify="left",
        caption=_reasons(run, scenarios),
        caption_justify="left",
        caption_style="",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("scenario", no_wrap=True)
    table.add_column("goal", overflow="fold")
    table.add_column("n", justify="right")
    table.add_column("FDTI p50\nFDTI max")
    table.add_column("FHTI max")
    table.add_column("budget (margin)")
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


_AIMS = {"must_not_trip": "must not trip", "must_refuse": "must be refused"}


def _detection(scenario: ScenarioResult) -> str:
    told = "\n".join(short_words(found) for _, found in worst_estimates(scenario))
    if told:
        return told
    if scenario.fdti is None:
        return _AIMS.get(scenario.aim, "–")
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


def _reasons(run: RunResult, scenarios: list[ScenarioResult]) -> Text:
    text = Text()
    if run.aborted is not None:
        text.append(f"ABORTED: {run.aborted}\n", style="bold red")
    for scenario in scenarios:
        verdict = scenario.judgement.verdict
        if verdict is Verdict.PASS:
            if scenario.mismatch:
                text.append(f"{scenario.scenario_id}: {'; '.join(scenario.judgement.reasons)}\n")
            continue
        reasons = scenario.judgement.reasons or tuple(
            f"shot {shot.index}: {'; '.join(shot.judgement.reasons)}"
            for shot in shots_to_explain(scenario)[:3]
        )
        text.append(f"{verdict.name} ", style=STYLES[verdict])
        text.append(f"{scenario.scenario_id}: {'; '.join(reasons) or 'no reason was given'}\n")
    for goal in not_shown(shown_goals(run).values()):
        text.append(f"{NOT_SHOWN} ", style="bold red" if goal.over else "bold yellow")
        text.append(f"{goal.words}\n")
    lines = anomaly_lines(scenarios)
    for line in lines[:_MOST_ANOMALIES]:
        text.append("anomaly ", style="yellow")
        text.append(f"{line}\n")
    if len(lines) > _MOST_ANOMALIES:
        text.append(f"and {len(lines) - _MOST_ANOMALIES} more kinds of anomaly, see the report\n")
    return text
