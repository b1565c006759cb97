"""How many scenarios are told in a minute: by class of fault, twins folded into their scenario, trouble first."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.report.extras import share_used
from bench.report.words import margin_words
from bench.scenario.library import Library
from bench.timing.clock import Timebase
from bench.verdict.result import RunResult, ScenarioResult, Verdict

MUST_NOT_TRIP = "must_not_trip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Must-trip scenarios of one class of fault (the folder of their files; "" where it is not known)."""

    name: str
    scenarios: tuple[ScenarioResult, ...]

    @property
    def counts(self) -> list[tuple[str, int]]:
        found = Counter(one.judgement.verdict for one in self.scenarios)
        return [(verdict.name, found[verdict]) for verdict in sorted(found, reverse=True)]

    @property
    def shots(self) -> int:
        return sum(len(one.shots) for one in self.scenarios)

    @property
    def passed(self) -> bool:
        return all(one.judgement.verdict is Verdict.PASS for one in self.scenarios)

    @property
    def closest(self) -> str:
        one = closest(self.scenarios)
        return "" if one is None else closest_words(one)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """One timebase. twins: must-not-trip twins by the id of their scenario. quiet: every other must-not-trip one."""

    timebase: Timebase
    groups: tuple[Group, ...]
    quiet: tuple[ScenarioResult, ...]
    twins: Mapping[str, tuple[ScenarioResult, ...]]

    @property
    def detailed(self) -> list[ScenarioResult]:
        """With a section of their own: all but twins that stayed quiet beside their scenario."""
        odd = [one for own in self.twins.values() for one in own if one.judgement.verdict is not Verdict.PASS]
        trips = [one for group in self.groups for one in group.scenarios]
        first = closest(trips)
        others = [one for one in trips if one is not first]
        return [*([first] if first is not None else []), *others, *self.quiet, *odd]


def overview(run: RunResult, timebase: Timebase, library: Library | None) -> Overview:
    """The counts of one timebase for the top of a report."""
    own = [one for one in run.scenarios if one.timebase is timebase and not one.mismatch]
    trips = [one for one in own if one.aim != MUST_NOT_TRIP]
    parents = {one.scenario_id for one in trips}
    twins: dict[str, list[ScenarioResult]] = {}
    quiet: list[ScenarioResult] = []
    for one in own:
        if one.aim == MUST_NOT_TRIP:
            parent, mark, _ = one.scenario_id.partition("--")
            if mark and parent in parents:
                twins.setdefault(parent, []).append(one)
            else:
                quiet.append(one)
    folders = {one.scenario_id: one.file.partition("/")[0] for one in library.entries} if library else {}
    groups: dict[str, list[ScenarioResult]] = {}
    for one in trips:
        groups.setdefault(folders.get(one.scenario_id, ""), []).append(one)
    return Overview(
        timebase=timebase,
        groups=tuple(Group(name=name, scenarios=_worst_first(groups[name])) for name in sorted(groups)),
        quiet=_worst_first(quiet),
        twins={parent: tuple(ones) for parent, ones in twins.items()},
    )


def _worst_first(scenarios: Sequence[ScenarioResult]) -> tuple[ScenarioResult, ...]:
    return tuple(sorted(scenarios, key=lambda one: -one.judgement.verdict))


def closest(scenarios: Sequence[ScenarioResult]) -> ScenarioResult | None:
    """The one that uses most of a budget (FDTI or FHTI); None where nothing was measured."""
    measured = [one for one in scenarios if one.fhti is not None or one.fdti is not None]
    return max(measured, key=share_used, default=None)


def closest_words(one: ScenarioResult) -> str:
    """The latency of a scenario that leaves the smallest margin to its budget, in words."""
    pairs = (("FDTI", one.fdti, one.budget.fdti_ns), ("FHTI", one.fhti, one.budget.fhti_ns))
    name, left = min(
        (
            (name, limit - found.max_high_ns, found.max_high_ns / limit)
            for name, found, limit in pairs
            if found
        ),
        key=lambda item: -item[2],
    )[:2]
    return f"{one.scenario_id} uses {share_used(one):.0%} of its {name} budget ({margin_words(left)})"


def twin_words(twins: Sequence[ScenarioResult]) -> str:
    """`3 of 3 quiet`; – without any."""
    passed = sum(one.judgement.verdict is Verdict.PASS for one in twins)
    return f"{passed} of {len(twins)}" if twins else "–"


def not_passed(run: RunResult) -> list[ScenarioResult]:
    """Trouble first, whatever its kind."""
    return sorted(
        (one for one in run.scenarios if one.judgement.verdict is not Verdict.PASS),
        key=lambda one: -one.judgement.verdict,
    )
