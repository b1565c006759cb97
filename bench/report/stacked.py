"""A run for a terminal that is too narrow for its table: a few lines per scenario, and no figure is ever cut."""

from collections.abc import Iterable, Sequence

from rich.text import Text

from bench.report.endings import ending_words
from bench.report.estimates import short_words, worst_estimates
from bench.report.words import margin_ns, margin_words, max_words, p50_words
from bench.units import format_ns
from bench.verdict.result import LatencyStatistics, ScenarioResult, Verdict

_INDENT = "  "
AIMS = {
    "must_not_trip": "must not trip",
    "must_stay_safe": "must stay safe",
    "must_reach": "must be reached",
    "bench_must_refuse": "must be refused",
    "must_refuse": "must be refused",  # of runs before the word was changed
}


def stacked(scenarios: Sequence[ScenarioResult], width: int, styles: dict[Verdict, str]) -> Text:
    """Verdict and scenario in a line of their own, what was measured below it; no part is broken over two lines."""
    text = Text()
    for scenario in scenarios:
        verdict = scenario.judgement.verdict
        text.append(f"{verdict.name} ", style=styles[verdict])
        text.append(f"{scenario.scenario_id}\n")
        for parts in (_what(scenario), *_figures(scenario)):
            text.append("".join(f"{_INDENT}{line}\n" for line in packed(parts, width - len(_INDENT))))
    return text


def _what(scenario: ScenarioResult) -> list[str]:
    shots = len(scenario.shots)
    parts = [
        f"{scenario.budget.safety_goal} ASIL {scenario.budget.asil}",
        "1 shot" if shots == 1 else f"{shots} shots",
    ]
    told = [short_words(found).replace("\n", ", ") for _, found in worst_estimates(scenario)]
    if not told and scenario.fdti is None and scenario.aim in AIMS:
        told = [AIMS[scenario.aim]]
    ended = ending_words(scenario)
    return [*parts, *told, *([ended] if ended else [])]


def _figures(scenario: ScenarioResult) -> Iterable[list[str]]:
    for name, found, budget_ns in (
        ("FDTI", scenario.fdti, scenario.budget.fdti_ns),
        ("FHTI", scenario.fhti, scenario.budget.fhti_ns),
    ):
        if found is not None:
            yield _figure(name, found, budget_ns)


def _figure(name: str, found: LatencyStatistics, budget_ns: int) -> list[str]:
    p50 = [f"p50 {p50_words(found)}"] if name == "FDTI" else []
    margin = margin_words(margin_ns(found, budget_ns))
    return [f"{name} max {max_words(found)}", *p50, f"budget {format_ns(budget_ns)} ({margin})"]


def packed(parts: Sequence[str], width: int) -> list[str]:
    """The parts with commas between them, on as few lines as go without breaking one."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + len(part) + 3 <= width:  # a comma may have to follow
            lines[-1] += f", {part}"
        else:
            if lines:
                lines[-1] += ","
            lines.append(part)
    return lines
