"""The report as one HTML file that needs nothing else: no network, no script, prints on A4."""

from collections import Counter
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from bench.errors import RecordError
from bench.report.figures import TracePicture, TraceSeries, budget_bar, strip_plot, worst_trace_svg
from bench.report.words import (
    TIMEBASE_WORDS,
    TIMEBASE_WORTH,
    margin_ns,
    margin_words,
    max_words,
    shots_to_explain,
    support_words,
    timebases,
)
from bench.units import format_ns
from bench.verdict.result import RunResult, ScenarioResult, Verdict

__all__ = ["TracePicture", "TraceSeries", "render_html", "write_html"]

_MOST_EXPLAINED = 40


def write_html(run: RunResult, path: Path, traces: Mapping[str, TracePicture] | None = None) -> None:
    """Write the report; `traces` gives the worst shot's picture by scenario id. Raises RecordError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render_html(run, traces), encoding="utf-8")
    except OSError as error:
        raise RecordError(f"{path}: cannot write the report: {error}") from error


def render_html(run: RunResult, traces: Mapping[str, TracePicture] | None = None) -> str:
    """The report's text."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(
        margin_ns=margin_ns,
        budget_bar=budget_bar,
        strip_plot=strip_plot,
        support_words=support_words,
        statistics_rows=_statistics_rows,
        failing=_failing,
    )
    environment.filters.update(ns=format_ns, max_words=max_words, margin=margin_words)
    template = environment.from_string(
        files("bench.report").joinpath("template.html.j2").read_text(encoding="utf-8")
    )
    counts = Counter(scenario.judgement.verdict for scenario in run.scenarios)
    pictures: dict[str, Markup] = {name: worst_trace_svg(picture) for name, picture in (traces or {}).items()}
    return template.render(
        run=run,
        headline="ABORTED" if run.aborted is not None else run.verdict.name,
        counts=[(verdict.name, counts[verdict]) for verdict in sorted(counts, reverse=True)],
        shots=sum(len(scenario.shots) for scenario in run.scenarios),
        badge=TIMEBASE_WORTH[run.timebase],
        groups=[
            (
                TIMEBASE_WORDS[timebase],
                [s for s in run.scenarios if s.timebase is timebase and s.aim != "must_not_trip"],
                [s for s in run.scenarios if s.timebase is timebase and s.aim == "must_not_trip"],
            )
            for timebase in timebases(run)
        ],
        traces=traces or {},
        pictures=pictures,
    )


def _statistics_rows(scenario: ScenarioResult) -> list[tuple[str, ...]]:
    """name, n, min, p50, p95, p99, max, budget, margin; upper ends but for min, max as interval."""
    budgets = (
        ("FDTI", scenario.fdti, scenario.budget.fdti_ns),
        ("FHTI", scenario.fhti, scenario.budget.fhti_ns),
    )
    rows = []
    for name, found, limit_ns in budgets:
        if found is not None:
            times = (found.min_low_ns, found.p50_high_ns, found.p95_high_ns, found.p99_high_ns)
            margin = margin_words(margin_ns(found, limit_ns))
            rows.append(
                (name, str(found.n), *map(format_ns, times), max_words(found), format_ns(limit_ns), margin)
            )
    return rows


def _failing(scenario: ScenarioResult) -> tuple[list[tuple[int, str, str, str, str]], int]:
    """(index, verdict, phase, reasons, folder) of shots that did not pass, and how many are left out."""
    shots = sorted(shots_to_explain(scenario), key=lambda s: (-s.judgement.verdict, s.index))
    rows = [
        (
            s.index,
            s.judgement.verdict.name if s.judgement.verdict is not Verdict.NONE else "no verdict",
            format_ns(s.phase_ns),
            "; ".join(s.judgement.reasons) or "no reason was given",
            s.folder,
        )
        for s in shots[:_MOST_EXPLAINED]
    ]
    return rows, len(shots) - len(rows)
