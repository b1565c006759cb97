"""What a run shows of a safety goal. A goal passes by its own times only; every report asks this module.

A scenario may bring longer times (`budget` in its file), because a mechanism or a bus is slower by nature. It is
judged by these longer times, so it does not show whether the goal's own times are kept: the goal is NOT SHOWN.
A goal is NOT SHOWN too where a scenario is measured up to another state than its safe state. The exception is a state
that the goal accepts as at least as safe.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.report.words import interval_words
from bench.scenario.library import Library
from bench.units import NS_PER_S, format_ns
from bench.verdict.accepted_states import is_weaker
from bench.verdict.result import Budget, RunResult, ScenarioResult, Verdict, together

NOT_SHOWN = "NOT SHOWN"
_QUIET = "must_not_trip"
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalShown:
    """One goal by its own times. `goal` holds them; lent: scenarios that were judged by longer ones.

    verdict: the worst of all its scenarios, each by the times it was judged by. tried: one of them had to trip.
    degraded: those measured up to a state in which emergency operation goes on: how long it lasts, nothing shows.
    weaker: those measured up to a state that the goal does not accept for its own.
    mapped: how many scenarios of the library have to trip for it, None where nobody kept the list; not_run: of these.
    """

    goal: Budget
    verdict: Verdict
    lent: tuple[ScenarioResult, ...]
    tried: bool
    degraded: tuple[ScenarioResult, ...] = ()
    weaker: tuple[ScenarioResult, ...] = ()
    mapped: int | None = None
    not_run: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """What failed or is open stands; a PASS has to be by the goal's own times."""
        lacking = self.lent or self.weaker or self.degraded or not self.tried
        if self.verdict is Verdict.PASS and lacking:
            return NOT_SHOWN
        return self.verdict.name

    @property
    def passed(self) -> bool:
        return self.word == Verdict.PASS.name

    @property
    def share(self) -> str:
        """`1 of 7` of its scenarios, where some were left out; "" else."""
        return f"{self.mapped - len(self.not_run)} of {self.mapped}" if self.mapped and self.not_run else ""

    @property
    def partly(self) -> str:
        """What was left out may be what fails: no PASS is told without it."""
        return f"{self.share} scenarios of this goal were run" if self.share else ""

    @property
    def told(self) -> str:
        """`PASS, 1 of 7 run`: the word with its denominator."""
        return f"{self.word}, {self.share} run" if self.share and self.passed else self.word

    @property
    def over(self) -> bool:
        """It is certain that the goal's FTTI was not kept: a measured lower end is not below it."""
        return any(_over(one, self.goal) for one in self.lent)

    @property
    def lines(self) -> tuple[str, ...]:
        """What was measured where longer times were lent, and the goal's own; why it is not shown else."""
        if not self.tried and self.word == NOT_SHOWN:
            return ("no scenario in which the DUT has to react was run",)
        measured = (lent_words(one, self.goal) for one in self.lent)
        needed = dict.fromkeys(words for one in self.lent for words in needed_words(one.budget))
        states = (weaker_words(self.weaker, self.goal),) if self.weaker else ()
        degraded = (_degraded_words(self),) if self.degraded else ()
        return (*measured, *needed, *states, *degraded, *((self.partly,) if self.partly else ()))

    @property
    def words(self) -> str:
        """`SG-SC (ASIL D): external-short FHTI 15.22 … 25.22 ms, above the FTTI of 10.00 ms; judged by ...`."""
        return f"{self.goal.safety_goal} (ASIL {self.goal.asil}): {'; '.join(self.lines)}"


def is_lent(scenario: ScenarioResult, goal: Budget | None = None) -> bool:
    """Whether it was judged by longer times than its goal's own, as recorded with it, or as `goal` has them."""
    if scenario.aim == _QUIET or scenario.mismatch:
        return False
    return any(_longer(scenario.budget, own) for own in (scenario.own_times, goal) if own is not None)


def is_of_weaker_state(scenario: ScenarioResult, goal: Budget | None = None) -> bool:
    """Whether it was measured up to a state that its goal does not accept for its own."""
    if scenario.aim == _QUIET or not scenario.serves_goal:
        return False
    return is_weaker(scenario.safe_state, goal or scenario.own_times or scenario.budget)


def why_in_part(scenario: ScenarioResult) -> tuple[str, ...]:
    """Why it does not show its goal, whatever its verdict; () where it does."""
    goal = scenario.own_times or scenario.budget
    lent = (lent_words(scenario), *needed_words(scenario.budget)) if is_lent(scenario) else ()
    return (*lent, *((weaker_words([scenario], goal),) if is_of_weaker_state(scenario, goal) else ()))


def shown(
    goal: Budget, scenarios: Iterable[ScenarioResult], library: Library | None = None
) -> GoalShown | None:
    """What the scenarios of this goal show; None where none was run. library: the scenarios that there were to run."""
    goal = goal.own
    own = [one for one in scenarios if one.budget.safety_goal == goal.safety_goal and one.serves_goal]
    if not own:
        return None
    entries = () if library is None else library.entries
    mapped = [one.scenario_id for one in entries if one.must_trip and one.safety_goal == goal.safety_goal]
    run = {one.scenario_id for one in own}
    return GoalShown(
        goal=goal,
        verdict=together(one.judgement.verdict for one in own),
        lent=tuple(one for one in own if is_lent(one, goal)),
        tried=any(one.aim != _QUIET for one in own),
        degraded=tuple(one for one in own if one.aim != _QUIET and one.safe_state in goal.emergency_states),
        weaker=tuple(one for one in own if is_of_weaker_state(one, goal)),
        mapped=None if library is None else len(mapped),
        not_run=tuple(one for one in mapped if one not in run),
    )


def shown_goals(
    run: RunResult, goals: Mapping[str, Budget] | None = None, library: Library | None = None
) -> dict[str, GoalShown]:
    """Every goal that the run tried, in the order of its scenarios. goals: the goals' own times, where they are
    known.
    """
    own: dict[str, Budget] = {}
    for one in run.scenarios:
        kept = own.get(one.budget.safety_goal)
        if kept is None or one.own_times is not None:
            own[one.budget.safety_goal] = one.own_times or one.budget
    own |= {name: goal for name, goal in (goals or {}).items() if name in own}
    here = None if library is None else library.on(run.chemistry)
    found = {name: shown(goal, run.scenarios, here) for name, goal in own.items()}
    return {name: one for name, one in found.items() if one is not None}


def not_shown(found: Iterable[GoalShown]) -> list[GoalShown]:
    """Goals with something that does not show them (lent times, another state), or with nothing that had to trip."""
    return [one for one in found if one.lent or one.weaker or one.degraded or one.word == NOT_SHOWN]


def goals_words(found: Sequence[GoalShown]) -> str:
    """`12 of 24 safety goals tried passed by their own times; NOT SHOWN: SG-SC, ...`; for the head of a report."""
    names = [one.goal.safety_goal for one in found if one.word == NOT_SHOWN]
    passed = sum(one.passed for one in found)
    words = f"{passed} of {len(found)} safety goals tried passed by their own times"
    words += f"; {NOT_SHOWN}: {', '.join(names)}" if names else ""
    return words + (f"; {partly}" if (partly := partly_words(found)) else "")


def partly_words(found: Iterable[GoalShown]) -> str:
    """`by a part of their scenarios only: SG-HVIL (1 of 7)`; "" where none was."""
    names = [f"{one.goal.safety_goal} ({one.share})" for one in found if one.passed and one.share]
    return f"by a part of their scenarios only: {', '.join(names)}" if names else ""


def lent_words(one: ScenarioResult, goal: Budget | None = None) -> str:
    """What was measured by lent times, and the goal's own."""
    goal = goal or one.own_times or one.budget
    if one.fhti is None:
        return f"{one.scenario_id} measured no FHTI; FTTI {format_ns(goal.ftti_ns)}"
    measured = interval_words(one.fhti.max_low_ns, one.fhti.max_high_ns)
    ftti = format_ns(goal.ftti_ns)
    against = f"above the FTTI of {ftti}" if _over(one, goal) else f"FTTI {ftti}"
    by, own = format_ns(one.budget.fhti_ns), format_ns(goal.fhti_ns)
    if by == own:  # only what stands above it is longer
        by, own = f"an FTTI of {format_ns(one.budget.ftti_ns)}", ftti
    return f"{one.scenario_id} FHTI {measured}, {against}, judged by {by} in place of {own}"


def needed_words(times: Budget) -> tuple[str, ...]:
    """What would show the goal's own times, and why the longer ones are held to be safe: of the section that lends."""
    if times.ordinary_ns and not times.of:
        return (f"longer times of a chemistry are {times.provenance}; needed: who gives them (given = true)",)
    none, _, why = times.probe.partition("none: ")
    if why and not none:
        needed = f"no probe would show it: {why}"
    else:
        needed = f"needed: {times.probe or 'a probe that budgets.toml does not name'}"
    return (needed, f"longer times are argued: {times.derivation}") if times.derivation else (needed,)


def weaker_words(found: Sequence[ScenarioResult], goal: Budget) -> str:
    """`slow-opening (warned) measured up to another state than its safe state inhibit_close_warn`."""
    named = [f"{one.scenario_id} ({one.safe_state})" for one in found]
    more = f" and {len(named) - _MOST_NAMED} more" if named[_MOST_NAMED:] else ""
    accepted = f" or {', '.join(goal.accepts)}, which it accepts" if goal.accepts else ""
    return (
        f"{', '.join(named[:_MOST_NAMED])}{more} measured up to another state than its safe state "
        f"{goal.safe_state}{accepted}"
    )


def _degraded_words(found: GoalShown) -> str:
    """Which scenarios end where emergency operation begins, in which states, and for how long that may go on."""
    names = [one.scenario_id for one in found.degraded]
    states = ", ".join(dict.fromkeys(one.safe_state for one in found.degraded))
    more = f" and {len(names) - _MOST_NAMED} more" if names[_MOST_NAMED:] else ""
    eotti = "–" if found.goal.eotti_ns is None else _in_hours(found.goal.eotti_ns)
    return (
        f"emergency operation ({states}) begins in {', '.join(names[:_MOST_NAMED])}{more}, and its end is not "
        f"measured; EOTTI {eotti}; needed: a scenario that waits for it"
    )


def _in_hours(duration_ns: int) -> str:
    hours = duration_ns / (3600 * NS_PER_S)
    return f"{hours:g} h" if hours >= 1 else format_ns(duration_ns)


def _longer(times: Budget, own: Budget) -> bool:
    return times.ftti_ns > own.ftti_ns or times.fdti_ns > own.fdti_ns or times.fhti_ns > own.fhti_ns


def _over(scenario: ScenarioResult, goal: Budget) -> bool:
    return scenario.fhti is not None and scenario.fhti.max_low_ns >= goal.ftti_ns
