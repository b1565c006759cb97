"""The scenarios of a run in the order in which people read them, and those that passed folded to two lines a goal."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich import box
from rich.table import Table
from rich.text import Text

from bench.report.stacked import AIMS, packed
from bench.report.words import margin_ns, margin_words, max_words
from bench.verdict.result import Budget, LatencyStatistics, ScenarioResult, Verdict

MOST_ROWS = 10  # so many scenarios that passed are shown one by one: they fit a screen
TWIN = "--"  # between a scenario's id and the kind of its twin
_FIGURES: tuple[
    tuple[str, Callable[[ScenarioResult], LatencyStatistics | None], Callable[[Budget], int]], ...
] = (
    ("FDTI", lambda one: one.fdti, lambda budget: budget.fdti_ns),
    ("FHTI", lambda one: one.fhti, lambda budget: budget.fhti_ns),
)


def in_order(scenarios: Iterable[ScenarioResult]) -> list[ScenarioResult]:
    """What did not pass comes first, the worst verdict before all. Then by goal and id, twins after their scenario."""
    return sorted(scenarios, key=_place)


def _place(one: ScenarioResult) -> tuple[int, str, str, str]:
    parent, _, kind = one.scenario_id.partition(TWIN)
    return -one.judgement.verdict.value, one.budget.safety_goal, parent, kind


def is_folded(scenarios: Iterable[ScenarioResult]) -> bool:
    """Whether more passed than fit a screen one by one."""
    return sum(one.judgement.verdict is Verdict.PASS for one in scenarios) > MOST_ROWS


@dataclass(frozen=True, slots=True, kw_only=True)
class LeastMargin:
    """The latency of a goal that leaves the least margin (ns), and whose it is."""

    name: str
    statistics: LatencyStatistics
    margin_ns: int
    scenario_id: str

    @property
    def latency(self) -> str:
        return f"{self.name} {max_words(self.statistics)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalPassed:
    """The scenarios of one goal that passed. aims: what those without a latency had to do."""

    goal: Budget
    scenarios: int
    twins: int
    shots: int
    figures: tuple[LeastMargin, ...]
    aims: str

    @property
    def count(self) -> str:
        """`9 + 23 twins`."""
        twins = f"{self.twins} twin{'s' if self.twins > 1 else ''}" if self.twins else ""
        return " + ".join(filter(None, [str(self.scenarios) if self.scenarios else "", twins]))


def passed_by_goal(scenarios: Sequence[ScenarioResult]) -> Iterator[GoalPassed]:
    """Each goal with what passed of it, by name."""

    def named(one: ScenarioResult) -> str:
        return one.budget.safety_goal

    for _, group in groupby(sorted(scenarios, key=named), key=named):
        own = list(group)
        twins = sum(TWIN in one.scenario_id for one in own)
        yield GoalPassed(
            goal=own[0].budget,
            scenarios=len(own) - twins,
            twins=twins,
            shots=sum(len(one.shots) for one in own),
            figures=tuple(_worst(own)),
            aims=", ".join(dict.fromkeys(AIMS.get(one.aim, "–") for one in own)),
        )


def _worst(own: Sequence[ScenarioResult]) -> Iterator[LeastMargin]:
    for name, of, budget_ns in _FIGURES:
        found = [
            LeastMargin(name=name, statistics=statistics, margin_ns=margin, scenario_id=one.scenario_id)
            for one in own
            if (statistics := of(one)) is not None
            and (margin := margin_ns(statistics, budget_ns(one.budget))) is not None
        ]
        if found:
            yield min(found, key=lambda figure: figure.margin_ns)


def passed_table(scenarios: Sequence[ScenarioResult], *, named: bool) -> Table:
    """Two lines a goal: the detection and the handling that leave the least margin. named: with their scenarios."""
    told = f"{len(scenarios)} scenarios passed; -v shows each in a row of its own"
    table = Table(
        box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), caption=told, caption_justify="left", caption_style="dim"
    )
    table.add_column("passed", no_wrap=True)
    table.add_column("ASIL", no_wrap=True)
    table.add_column("scenarios", no_wrap=True)
    table.add_column("shots", justify="right", no_wrap=True)
    table.add_column("least margin of", no_wrap=True)
    table.add_column("margin", no_wrap=True)
    if named:
        table.add_column("in", no_wrap=True)
    for one in passed_by_goal(scenarios):
        cells = [
            "\n".join(figure.latency for figure in one.figures) or one.aims,
            "\n".join(margin_words(figure.margin_ns) for figure in one.figures),
            "\n".join(figure.scenario_id for figure in one.figures),
        ]
        shown = cells if named else cells[:2]
        table.add_row(one.goal.safety_goal, one.goal.asil, one.count, f"{one.shots:,}", *shown)
    return table


def passed_lines(scenarios: Sequence[ScenarioResult], width: int) -> Text:
    """The same for a terminal that is narrower than the table."""
    text = Text()
    for one in passed_by_goal(scenarios):
        text.append(f"{one.goal.safety_goal} ASIL {one.goal.asil} passed\n")
        parts = [one.count, f"{one.shots:,} shots"]
        figures = [f"{figure.latency} ({margin_words(figure.margin_ns)})" for figure in one.figures]
        text.append("".join(f"  {line}\n" for line in packed([*parts, *(figures or [one.aims])], width - 2)))
    return text
