"""Traceability with a denominator: safety goal × fault class × ASIL, with mapped, run, passed, and what is absent."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.report.goals import NOT_SHOWN, GoalShown, partly_words, shown
from bench.scenario.library import Library
from bench.verdict.result import Budget, ScenarioResult, Verdict

# Of a must-trip scenario's own fault; a demand by request or by driving injects nothing.
_MOST_NAMED = 6
NOTHING_INJECTED = "no fault injected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One goal and fault class. `absent` is True for a goal that no scenario serves (fault_class is "" then).

    quiet, quiet_passed: number of must-not-trip twins of these scenarios that were run, and that passed.
    gaps: those of `not_passed` that have a known gap. lent: passed, but judged by longer times than the goal's own.
    shown: whether the goal passes by its own times, over all its fault classes; None where none of them was run.
    """

    safety_goal: str
    asil: str
    fault_class: str
    mapped: int
    run: int
    passed: int
    absent: bool
    not_passed: tuple[str, ...]
    not_run: tuple[str, ...]
    quiet: int
    quiet_passed: int
    gaps: tuple[str, ...] = ()
    lent: tuple[str, ...] = ()
    shown: GoalShown | None = None

    @property
    def word(self) -> str:
        """The goal's result by its own times; "" for a fault class of which no scenario was run, whatever other
        classes show.
        """
        return self.shown.word if self.run and self.shown is not None else ""

    @property
    def told(self) -> str:
        """The word with what it leaves open; "" as there."""
        return self.shown.told if self.run and self.shown is not None else ""


def rows(
    library: Library,
    goals: Mapping[str, Budget],
    results: Iterable[ScenarioResult] = (),
    chemistry: str = "",
) -> list[Row]:
    """Goals in their file's order. `goals`: the denominator, all that have to be served. chemistry: of the results."""
    known = list(results)
    here = library.on(chemistry)
    verdicts = {one.scenario_id: one.judgement.verdict for one in known}
    found: list[Row] = []
    for goal, budget in goals.items():
        of_goal = [one for one in library.entries if one.must_trip and one.safety_goal == goal]
        by_class: dict[str, list[str]] = {}
        for one in of_goal:
            by_class.setdefault(one.fault_class or NOTHING_INJECTED, []).append(one.scenario_id)
        told = shown(budget, known, here)
        if not by_class:
            found.append(_row(budget, "", [], verdicts, told))
        found += [_row(budget, name, by_class[name], verdicts, told) for name in sorted(by_class)]
    return found


def _row(
    goal: Budget, name: str, ids: Sequence[str], verdicts: Mapping[str, Verdict], told: GoalShown | None
) -> Row:
    lent = {one.scenario_id for one in told.lent} if told is not None else set()
    quiet = [verdict for one, verdict in verdicts.items() if one.partition("--")[0] in ids and "--" in one]
    return Row(
        safety_goal=goal.safety_goal,
        asil=goal.asil,
        fault_class=name,
        mapped=len(ids),
        run=sum(one in verdicts for one in ids),
        passed=sum(verdicts.get(one) is Verdict.PASS for one in ids),
        absent=not ids,
        not_passed=tuple(one for one in ids if one in verdicts and verdicts[one] is not Verdict.PASS),
        not_run=tuple(one for one in ids if one not in verdicts),
        quiet=len(quiet),
        quiet_passed=quiet.count(Verdict.PASS),
        gaps=tuple(one for one in ids if verdicts.get(one) is Verdict.GAP),
        lent=tuple(one for one in ids if one in lent and verdicts[one] is Verdict.PASS),
        shown=told,
    )


def outside(library: Library, results: Iterable[ScenarioResult]) -> list[str]:
    """Scenarios that were run and are not in the library, so that they count in no row. Twins are listed with their
    scenario.
    """
    known = {entry.scenario_id for entry in library.entries}
    return [
        one.scenario_id
        for one in results
        if one.scenario_id not in known and one.scenario_id.partition("--")[0] not in known
    ]


def denominator(budgets: Mapping[str, Budget], lent: Iterable[str]) -> dict[str, Budget]:
    """The goals that have to be served: all sections but those that only lend their times to a scenario."""
    without = set(lent)
    return {goal: budget for goal, budget in budgets.items() if goal not in without and not budget.of}


def denominator_words(found: Sequence[Row]) -> str:
    """`... 13 of 24 were run, 11 of these passed by their own times, NOT SHOWN: SG-SC; 15 of 109 scenarios run ...`."""
    goals = dict.fromkeys(row.safety_goal for row in found)
    by_goal = {goal: [row for row in found if row.safety_goal == goal] for goal in goals}
    served = [goal for goal, own in by_goal.items() if not own[0].absent]
    run = [goal for goal, own in by_goal.items() if any(row.run for row in own)]
    told = {goal: by_goal[goal][0].shown for goal in run}
    passed = [goal for goal, one in told.items() if one is not None and one.passed]
    lent = [goal for goal, one in told.items() if one is not None and one.word == NOT_SHOWN]
    mapped, shot, good = (sum(getattr(row, key) for row in found) for key in ("mapped", "run", "passed"))
    absent = [goal for goal, own in by_goal.items() if own[0].absent]
    untouched = [goal for goal in served if goal not in run]
    open_words = f", {len(lent)} {NOT_SHOWN} ({', '.join(lent)})" if lent else ""
    if partly := partly_words(one for one in told.values() if one is not None):
        open_words += f", {partly}"
    words = (
        f"{len(served)} of {len(goals)} safety goals have a scenario; {len(run)} of {len(goals)} were run, "
        f"{len(passed)} of these passed by their own times{open_words}; "
        f"{shot} of {mapped} must-trip scenarios run, {good} passed"
    )
    gaps = sum(len(row.gaps) for row in found)
    words += f", {gaps} with a known gap" if gaps else ""
    if 0 < len(untouched) <= _MOST_NAMED:
        words += f"; goals not run: {', '.join(untouched)}"
    return words + (f"; goals that no scenario serves: {', '.join(absent)}" if absent else "")
