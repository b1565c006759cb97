"""The report as one HTML file that needs nothing else: no network; complete without its script, prints on A4."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from bench.errors import RecordError
from bench.report.anomalies import anomaly_lines
from bench.report.at_once_words import at_once_words
from bench.report.clauses import clause_rows, clause_words
from bench.report.comparison import HEADINGS, comparison_rows, headline
from bench.report.endings import ending_block
from bench.report.estimates import estimate_block
from bench.report.extras import ReportExtras, goal_rows
from bench.report.figures import budget_bar, ecdf_plot, strip_plot
from bench.report.finding_words import joined_words, reasons_words
from bench.report.format_words import format_2_words
from bench.report.glossary import glossary_html
from bench.report.goal_sources import shipped, sources_named
from bench.report.goals import goals_words, not_shown, partly_words, shown_goals
from bench.report.matrix import grid
from bench.report.mismatch import caught_words, misfit_words, mismatch_html, of_the_build, run_word
from bench.report.narrow import narrow
from bench.report.order_words import order_words
from bench.report.overview import closest, closest_words, not_passed, overview, twin_words
from bench.report.page import part, policy
from bench.report.reaction import HEADINGS as CHAIN_HEADINGS
from bench.report.reaction import chain_rows
from bench.report.run_facts import run_facts
from bench.report.sampling import bounds_words
from bench.report.section import sections_html
from bench.report.shot_page import page_name
from bench.report.sift import classes_of, sift_form, sift_marks
from bench.report.status_html import status_fragment
from bench.report.supported import (
    FEWEST_FOR_DISTRIBUTION,
    bound_of,
    evidence_lines,
    fewer_than_claimed,
    intervals,
)
from bench.report.ticks import ticks
from bench.report.traceability import denominator_words, rows
from bench.report.traces import TracePicture, TraceSeries, trace_svg
from bench.report.trend_picture import trend_html
from bench.report.uncertainty import DECISION_RULE, SIMULATED, budget_shown, only_from_frame_lines
from bench.report.words import (
    EVIDENCE_WORTH,
    class_words,
    interval_words,
    margin_ns,
    margin_words,
    max_words,
    p99_words,
    rules_words,
    shots_to_explain,
    support_words,
    timebases,
)
from bench.timing.clock import Timebase
from bench.units import format_ns
from bench.verdict.compare import Comparison
from bench.verdict.result import RunResult, ScenarioResult, Verdict
from bench.verdict.shift import Change

__all__ = ["TracePicture", "TraceSeries", "render_html", "write_html"]

_PHONE = "/* phone */"  # where the style sheet of its tables goes
_MOST_EXPLAINED = 12
_MOST_UNFOLDED = 30  # scenarios; more of them are folded where they passed


def write_html(
    run: RunResult,
    path: Path,
    traces: Mapping[str, Sequence[TracePicture]] | None = None,
    extras: ReportExtras | None = None,
) -> None:
    """Write the report; `traces` gives pictures of shots by scenario id. Raises RecordError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render_html(run, traces, extras), encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise RecordError(f"{path}: cannot write the report: {error}") from error


def render_html(
    run: RunResult,
    traces: Mapping[str, Sequence[TracePicture]] | None = None,
    extras: ReportExtras | None = None,
) -> str:
    """The report's text. `traces`, where given, take the place of the extras' own."""
    extras = extras or ReportExtras()
    traces = extras.traces if traces is None else traces
    template = _template()
    whole, run = run, replace(run, scenarios=tuple(of_the_build(run.scenarios)))
    views = [(class_words(run, one), overview(run, one, extras.library)) for one in timebases(run)]
    nearest = closest([one for one in run.scenarios if one.aim != "must_not_trip"])
    counts = Counter(scenario.judgement.verdict for scenario in run.scenarios)
    pictures = {name: [(one.title, trace_svg(one)) for one in shown] for name, shown in traces.items()}
    tried = list(shown_goals(run, extras.goals, extras.library).values())
    classes = (
        classes_of((one.scenario_id, one.file) for one in extras.library.entries) if extras.library else {}
    )
    scripts = [part("sift.js"), part("traces.js")]
    page, phone = narrow(
        template.render(
            estimate_block=lambda s: estimate_block(s, extras.estimates.get(s.scenario_id, ())),
            run=run,
            extras=extras,
            before=sections_html(run, replace(extras, said={})),  # these stand in the head
            goals=goal_rows(run, extras.goals, extras.library),
            headline=_headline(whole, extras),
            mismatches=mismatch_html(whole.scenarios),
            misfit=misfit_words(run) if run.mismatch else "",
            caught=caught_words(whole.scenarios),
            counts=[(verdict.name, counts[verdict]) for verdict in sorted(counts, reverse=True)],
            shots=sum(len(scenario.shots) for scenario in run.scenarios),
            sheet="" if extras.sheet is None else status_fragment(extras.sheet),
            badge=EVIDENCE_WORTH[run.evidence_class],
            twins=sum(len(own) for _, view in views for own in view.twins.values()),
            trouble=not_passed(whole),
            nearest=closest_words(nearest) if nearest is not None else "",
            nearest_one=nearest,
            clauses=clause_rows(extras.library, run.scenarios) if extras.library else [],
            clause_words=clause_words,
            not_shown=not_shown(tried),
            partly=partly_words(tried),
            goals_words=goals_words(tried),
            anomalies=anomaly_lines(run.scenarios),
            decision_rule=DECISION_RULE,
            simulated_words=SIMULATED if Timebase.SIMULATED in timebases(run) else "",
            only_from_frame=only_from_frame_lines(run),
            at_once=at_once_words(run.scenarios),
            few=fewer_than_claimed(run),
            old_format=format_2_words(run),
            old_rules=rules_words(run),
            views=views,
            fold=sum(len(view.detailed) for _, view in views) > _MOST_UNFOLDED,
            **_coverage(run, extras),
            pictures=pictures,
            run_facts=run_facts(run, extras),
            trend=trend_html(extras.trend),
            page_of=lambda one: extras.link(page_name(one.scenario_id)),
            frames_of=lambda folder: extras.link(f"{folder}.blf"),
            parts=_parts(extras),
            sift=lambda one: sift_marks(one, classes),
            sift_form=sift_form([one for _, view in views for one in view.detailed], classes),
            glossary=glossary_html(sources_named(one.budget.provenance for one in run.scenarios)),
            css=part("report.css"),
            narrow_css=_PHONE,
            scripts=scripts,
            policy=policy(scripts),
        )
    )
    return page.replace(_PHONE, phone, 1)


def _parts(extras: ReportExtras) -> list[tuple[str, str]]:
    """(place, words) of what the page can be entered by."""
    return [
        *([("main", "Status sheet")] if extras.sheet is not None else []),
        ("result", "Result"),
        ("goals", "Safety goals"),
        ("coverage", "Coverage"),
        *([("trend", "Last builds")] if extras.trend else []),
        *([("last-build", "Last build")] if extras.previous is not None else []),
        ("scenarios", "Scenarios"),
        ("made-of", "Inputs and environment"),
        ("words", "Words"),
    ]


@cache
def _template() -> Template:
    """Compiled once: that takes longer than most reports."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(
        margin_ns=margin_ns,
        budget_bar=budget_bar,
        latency_plot=_latency_plot,
        evidence_lines=evidence_lines,
        order_words=order_words,
        chain_rows=chain_rows,
        chain_headings=CHAIN_HEADINGS,
        twin_words=twin_words,
        grouped=_grouped,
        comparison_rows=_changed_rows,
        comparison_headline=headline,
        comparison_headings=HEADINGS,
        support_words=support_words,
        bounds_words=bounds_words,
        statistics_rows=_statistics_rows,
        failing=_failing,
        anomaly_lines=anomaly_lines,
        ending_block=ending_block,
        budget_shown=budget_shown,
    )
    environment.filters.update(
        ns=format_ns,
        max_words=max_words,
        margin=margin_words,
        reasons=reasons_words,
        shipped=shipped,
        joined=joined_words,
        ticks=ticks,
    )
    return environment.from_string(
        files("bench.report").joinpath("template.html.j2").read_text(encoding="utf-8")
    )


def _headline(run: RunResult, extras: ReportExtras) -> str:
    if extras.altered:
        return "ALTERED"
    return "ABORTED" if run.aborted is not None else run_word(run)


def _latency_plot(scenario: ScenarioResult, name: str) -> Markup | None:
    """Few shots are drawn one by one, many as their distribution."""
    limit_ns = scenario.budget.fdti_ns if name == "FDTI" else scenario.budget.fhti_ns
    found = intervals(scenario, name)
    if len(found) < FEWEST_FOR_DISTRIBUTION:
        return strip_plot(name, scenario.shots, limit_ns)
    window = (scenario.floor_ns, scenario.ceiling_ns) if name == "FDTI" else (None, None)
    return ecdf_plot(name, found, limit_ns, window, bound_of(scenario, name))


def _changed_rows(found: Comparison) -> tuple[list[tuple[str, ...]], str]:
    """Rows that say something, and how many do not."""
    silent = (Change.SAME, Change.NOT_SLOWER, Change.UNDECIDED)
    quiet = Counter(m.change.value for m in found.metrics if m.change in silent)
    rows = [row for row in comparison_rows(found) if row[6] not in (*quiet, "no change shown")]
    told = ", ".join(f"{count} {name}" for name, count in sorted(quiet.items()))
    return rows, told


def _grouped(not_run: Mapping[str, str]) -> list[tuple[str, str, int]]:
    """(why, scenarios, their number) so that a filter is told once."""
    groups: dict[str, list[str]] = {}
    for name, why in not_run.items():
        groups.setdefault(why, []).append(name)
    return [(why, ", ".join(names), len(names)) for why, names in groups.items()]


def _coverage(run: RunResult, extras: ReportExtras) -> dict[str, object]:
    """The traceability matrix and its denominator in words; neither where the run does not say what there was."""
    if extras.library is None:
        return {"matrix": ((), ()), "denominator": ""}
    found = rows(extras.library, extras.goals, run.scenarios, run.chemistry)
    return {"matrix": grid(found), "denominator": denominator_words(found)}


def _statistics_rows(scenario: ScenarioResult) -> list[tuple[str, ...]]:
    """name, n, min, p50, p95, p99, max, budget, margin; all but min as intervals."""
    budgets = (
        ("FDTI", scenario.fdti, scenario.budget.fdti_ns),
        ("FHTI", scenario.fhti, scenario.budget.fhti_ns),
    )
    rows: list[tuple[str, ...]] = []
    for name, found, limit_ns in budgets:
        if found is not None:
            times = (
                (found.p50_low_ns, found.p50_high_ns),
                (found.p95_low_ns, found.p95_high_ns),
                (found.max_low_ns, found.max_high_ns),
            )
            p50, p95, largest = (interval_words(*one) for one in times)
            shown = (format_ns(found.min_low_ns), p50, p95, p99_words(found), largest, format_ns(limit_ns))
            rows.append((name, str(found.n), *shown, margin_words(margin_ns(found, limit_ns))))
    return rows


def _failing(scenario: ScenarioResult) -> tuple[list[tuple[int, str, str, str, str]], int]:
    """(index, verdict, phase, reasons, folder) of shots that did not pass, and how many are left out."""
    shots = sorted(shots_to_explain(scenario), key=lambda s: (-s.judgement.verdict, s.index))
    rows = [
        (
            s.index,
            s.judgement.verdict.name if s.judgement.verdict is not Verdict.NONE else "no verdict",
            format_ns(s.phase_ns),
            joined_words(s.judgement) or "no reason was given",
            s.folder,
        )
        for s in shots[:_MOST_EXPLAINED]
    ]
    return rows, len(shots) - len(rows)
