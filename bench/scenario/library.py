"""What there is to be run, run or not: every scenario of the library as far as tracing needs it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.errors import ConfigError
from bench.measure.plan import Aim
from bench.scenario.load import load_scenario
from bench.scenario.model import InjectText, Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One scenario file. fault_class: of the injection that is measured, "" where nothing is injected.

    faults: every kind it injects.
    long: of the lane that a run of the whole library leaves out.
    performs, touches: clauses of standards.
    times_of: the section of budgets.toml that lends its times; "" where the goal's own count.
    """

    scenario_id: str
    title: str
    file: str
    safety_goal: str
    aim: str
    fault_class: str
    faults: tuple[str, ...] = ()
    times_of: str = ""
    long: bool = False
    not_for: dict[str, str] = field(default_factory=dict)
    performs: tuple[str, ...] = ()
    touches: tuple[str, ...] = ()

    @property
    def must_trip(self) -> bool:
        return self.aim == Aim.MUST_TRIP.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """`unreadable`: files that could not be loaded when the library was listed; they are in no denominator."""

    entries: tuple[Entry, ...]
    unreadable: tuple[str, ...] = ()

    def on(self, chemistry: str) -> "Library":
        """Without what says nothing on this chemistry of the pack."""
        return replace(self, entries=tuple(one for one in self.entries if chemistry not in one.not_for))

    @property
    def lent(self) -> frozenset[str]:
        """Sections of budgets.toml that only lend their times, so are no goals to be served."""
        return frozenset(one.times_of for one in self.entries if one.times_of)


def list_library(files: Iterable[Path]) -> Library:
    """Load every file; a broken one that is not asked to run is told, and stops nothing."""
    entries: list[Entry] = []
    unreadable: list[str] = []
    for file in files:
        try:
            scenario = load_scenario(file)
            if (
                scenario.mismatch is None
            ):  # which shows that the library notices, and serves no goal of the DUT
                entries.append(entry_of(scenario))
        except ConfigError:
            unreadable.append(f"{file.parent.name}/{file.name}")
    return Library(entries=tuple(entries), unreadable=tuple(unreadable))


def entry_of(scenario: Scenario) -> Entry:
    """What the library's list keeps of a scenario."""
    return Entry(
        scenario_id=scenario.id,
        title=scenario.title,
        file=f"{scenario.file.parent.name}/{scenario.file.name}",
        safety_goal=scenario.safety_goal,
        aim=scenario.aim.value,
        fault_class=_measured_class(scenario),
        faults=tuple(
            dict.fromkeys(step.kind.name for step in scenario.steps if isinstance(step, InjectText))
        ),
        times_of=scenario.budget or "",
        long=scenario.lane == "long",
        not_for=dict(scenario.not_for),
        performs=scenario.performs,
        touches=scenario.standards,
    )


def _measured_class(scenario: Scenario) -> str:
    injections: Sequence[InjectText] = [step for step in scenario.steps if isinstance(step, InjectText)]
    step = scenario.expect.step if scenario.expect is not None else None
    if step is not None and isinstance(scenario.steps[step], InjectText):
        return scenario.steps[step].kind.fault_class  # type: ignore[union-attr]
    return injections[-1].kind.fault_class if injections else ""
