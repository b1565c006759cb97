"""The page beside a report that shows shots of one scenario: their signals over time, and what was done and seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template

from bench.report.finding_words import reasons_words
from bench.report.narrow import narrow
from bench.report.page import part, policy
from bench.report.traces import TracePicture, trace_svg
from bench.trace.facts import Fact
from bench.trace.mark import Mark
from bench.units import format_ns
from bench.verdict.result import RunResult, ScenarioResult, ShotResult

FOLDER = "signals"  # of a run's folder
_PHONE = "/* phone */"
_FIRST, _LAST = 120, 80  # events that are listed


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotShown:
    """frames: the name of its BLF file within the run's folder, "" where there is none."""

    shot: ShotResult
    picture: TracePicture
    marks: Sequence[Mark[Fact]]
    frames: str = ""


def page_name(scenario_id: str) -> str:
    """Where the page of a scenario lies within the run's folder."""
    return f"{FOLDER}/{scenario_id}.html"


def shot_page(run: RunResult, scenario: ScenarioResult, shots: Sequence[ShotShown], report: str = "") -> str:
    """The page as text. report: the way from it to the report; "" where that lies elsewhere."""
    scripts = [part("traces.js")]
    made, phone = narrow(
        _template().render(
            run=run,
            scenario=scenario,
            shots=[(one, trace_svg(one.picture), *_events(one)) for one in shots],
            report=report,
            reasons_words=reasons_words,
            css=part("report.css"),
            narrow_css=_PHONE,
            scripts=scripts,
            policy=policy(scripts),
        )
    )
    return made.replace(_PHONE, phone, 1)


def _events(one: ShotShown) -> tuple[list[tuple[str, ...]], int]:
    """(time since the onset, since the start, what, by whom, its figures) of each, and how many are left out."""
    zero = one.picture.onset_ns
    marks = list(one.marks)
    left = max(0, len(marks) - _FIRST - _LAST)
    kept = [*marks[:_FIRST], *marks[len(marks) - _LAST :]] if left else marks
    rows: list[tuple[str, ...]] = []
    for mark in kept:
        since = "–" if zero is None else format_ns(mark.t_ns - zero).replace("-", "−")
        words = ", ".join(
            f"{name.removesuffix('_ns')} {_value(name, value)}"
            for name, value in mark.fact.version_1().items()
        )
        what = str(mark.kind.value).replace("_", " ")
        rows.append((since, format_ns(mark.t_ns), what, mark.source, words))
    return rows, left


def _value(name: str, value: object) -> str:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return format_ns(int(str(value))) if whole and name.endswith("_ns") else str(value)


@cache
def _template() -> Template:
    made = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return made.from_string(files("bench.report").joinpath("shots.html.j2").read_text(encoding="utf-8"))
