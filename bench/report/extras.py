"""What a report shows beside the result itself. Everything may be absent; then the report says so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from bench.report.estimates import EstimatePicture
from bench.report.goals import GoalShown, shown_goals
from bench.report.status import Sheet
from bench.report.traces import TracePicture
from bench.report.trend_picture import GoalTrend
from bench.scenario.library import Library
from bench.verdict.compare import Comparison
from bench.verdict.result import Budget, RunResult, ScenarioResult, Verdict, together


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportExtras:
    """traces: by scenario id, of the shots that the report itself shows. goals: all of them, the matrix's denominator.

    estimates: truth and estimate of the worst shot, by scenario id.
    library: what there was to be run; None where the run does not say. not_run: scenario id → why.
    qualification: None where a current one covers this run, else what is wrong; qualified_by says which.
    equipment: adapters and instruments. timekeeping: what kept the host's time, as the header has it.
    alerts: what a reader must know first.
    altered: what of the run is not as it was written; then its result is no evidence.
    said: rig, people and names of the run, by the words of the reports.
    always: statement, how it stands ("holds", "off" or "lacks") and why, of each statement that holds in every shot.
    corrected: signal, file, range stated, range taken and reason of each range that the profile put right.
    trend: safety goals over the runs before. kept: files that the report may lead to, by their place in the run.
    to_run: the way from the report to the run's folder.
    evidence_why: what keeps the run from the next stronger class of evidence.
    """

    traces: Mapping[str, Sequence[TracePicture]] = field(default_factory=dict)
    goals: Mapping[str, Budget] = field(default_factory=dict)
    library: Library | None = None
    estimates: Mapping[str, tuple[EstimatePicture, ...]] = field(default_factory=dict)
    not_run: Mapping[str, str] = field(default_factory=dict)
    previous: Comparison | None = None
    qualification: str | None = "no qualification of this rig is known to the report"
    qualified_by: str = ""
    equipment: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    timekeeping: Mapping[str, str] = field(default_factory=dict)
    alerts: tuple[str, ...] = ()
    altered: tuple[str, ...] = ()
    evidence_why: tuple[str, ...] = ()
    always: tuple[tuple[str, ...], ...] = ()
    corrected: tuple[tuple[str, ...], ...] = ()
    sheet: Sheet | None = None
    said: Mapping[str, str] = field(default_factory=dict)
    trend: tuple[GoalTrend, ...] = ()
    kept: frozenset[str] = frozenset()
    to_run: str = ""

    def link(self, name: str) -> str:
        """The way from the report to a file of the run; "" where there is none."""
        return quote(f"{self.to_run}{name}") if name in self.kept else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalRow:
    """One safety goal over all of its scenarios. `worst`: the scenario that uses most of the goal's own times.

    shown: whether the goal passes by its own times; None where no scenario of it was run.
    """

    budget: Budget
    scenarios: tuple[ScenarioResult, ...]
    worst: ScenarioResult | None
    shown: GoalShown | None = None

    @property
    def must_trip(self) -> int:
        return sum(s.aim != "must_not_trip" for s in self.scenarios)

    @property
    def passed(self) -> int:
        return sum(s.judgement.verdict is Verdict.PASS for s in self.scenarios)

    @property
    def verdict(self) -> Verdict:
        return together(s.judgement.verdict for s in self.scenarios)


def share_used(one: ScenarioResult, budget: Budget | None = None) -> float:
    """The share of the tighter of two budgets that the worst upper end uses. budget: the scenario's own where None."""
    budget = budget or one.budget
    pairs = ((one.fdti, budget.fdti_ns), (one.fhti, budget.fhti_ns))
    return max(
        (found.max_high_ns / limit for found, limit in pairs if found is not None and limit), default=0.0
    )


def goal_rows(
    run: RunResult, goals: Mapping[str, Budget], library: Library | None = None
) -> tuple[GoalRow, ...]:
    """Goals with scenarios first, the worst verdict on top. Goals without scenarios keep their place at the end.

    Deliberate mismatches are left out, since they do not test the DUT.
    """
    goals = {goal: budget.own for goal, budget in goals.items()}
    tried = shown_goals(run, goals, library)
    known = {**{goal: one.goal for goal, one in tried.items()}, **goals}
    rows = []
    for goal, budget in {goal: known[goal] for goal in (*goals, *known)}.items():
        own = tuple(s for s in run.scenarios if s.budget.safety_goal == goal and s.serves_goal)
        measured = [(share_used(s, budget), s) for s in own if s.fhti is not None]
        worst = max(measured, key=lambda one: one[0], default=(0.0, None))[1]
        rows.append(GoalRow(budget=budget, scenarios=own, worst=worst, shown=tried.get(goal)))
    return tuple(sorted(rows, key=_rank))


def _rank(row: GoalRow) -> tuple[bool, int, bool]:
    """Worst first; of those without a failure, first what is not shown."""
    return not row.scenarios, -row.verdict, row.shown is None or row.shown.passed
