"""A must-trip scenario as the dimensions look at it: its measured fault, its flag, its limit, and its library."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.config.profile import DutProfile, Flag, Limit
from bench.faults.expression import Expression, value_of
from bench.measure.plan import Aim
from bench.scenario.model import Expect, InjectText, Scenario, Wait
from bench.units import NS_PER_MS
from bench.verdict.result import Budget

if TYPE_CHECKING:
    from bench.codec.database import Database

# From the DUT's report to the bench's having seen it, with all cycles in between.
REPORTED_NS = 300 * NS_PER_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One scenario of which variants are made. place: of the measured injection among the steps.

    develops: its fault is not there at once, or does not go at once: the plant or the load makes it.
    library: every scenario that can be run on this bench, for what one of them says about another's combination.
    at_once: ids of those whose fault does not develop.
    """

    scenario: Scenario
    expect: Expect
    place: int
    flag: Flag
    budget: Budget
    profile: DutProfile
    thresholds: Mapping[str, float]
    databases: Mapping[str, "Database"]
    capabilities: frozenset[str]
    sensors: int
    develops: bool
    library: Sequence[Scenario]
    at_once: frozenset[str]

    @property
    def fault(self) -> InjectText:
        found = self.scenario.steps[self.place]
        assert isinstance(found, InjectText)  # noqa: S101 - `subject_of` has looked
        return found

    @property
    def mode(self) -> str:
        return self.scenario.start.mode

    @property
    def plain(self) -> bool:
        """Whether its steps do nothing but bring faults on, and leave them."""
        steps = self.scenario.steps
        return (
            all(isinstance(one, InjectText | Wait) for one in steps)
            and all(
                one.duration_ns is None and one.ttl_ns is None for one in steps if isinstance(one, InjectText)
            )
            and self.place == len(steps) - 1
            and self.expect.onset == "stimulus"
            and self.scenario.end is None
        )

    @property
    def limit(self) -> Limit | None:
        """The limit of its flag; None where the fault names no level of it."""
        return self.flag.limit if self.level is not None else None

    @property
    def level(self) -> tuple[str, Expression] | None:
        """(key, value) of the fault's level that names the flag's threshold; None where it names none."""
        limit, shape = self.flag.limit, self.fault.shape
        if limit is None or self.fault.kind.name.endswith("_ramp"):
            return None
        for key in type(shape).model_fields:
            value = getattr(shape, key)
            if isinstance(value, Expression) and value.name is not None:
                return (key, value) if value.name in self.thresholds else None
        return None

    @property
    def above(self) -> bool:
        """Whether the flag's limit is crossed upwards."""
        return self.flag.limit is not None and self.flag.limit.op in (">", ">=")

    def value(self, expression: Expression) -> float:
        """In SI. Raises ValueError for a threshold that the pack has not."""
        return value_of(expression, self.thresholds)

    @property
    def counted_ns(self) -> int:
        """The slowest full count of the flag's debounce."""
        debounce = self.flag.debounce
        return self.budget.fdti_ns if debounce is None else debounce.full_ns

    @property
    def delay_ns(self) -> int:
        debounce = self.flag.debounce
        return 0 if debounce is None else debounce.delay_ns

    @property
    def done_ns(self) -> int:
        """From the fault on until a good DUT has reported, opened, and been seen."""
        if self.flag.debounce is None:
            return self.budget.fhti_ns + REPORTED_NS
        return self.counted_ns + self.delay_ns + REPORTED_NS


DEVELOPS = "its fault develops: when the DUT owes its answer depends on the plant and its load"


def opens(profile: DutProfile, safe_state: str) -> bool:
    """Whether the state is one of open contactors."""
    mains = {profile.roles[one] for one in ("plus_command", "minus_command") if one in profile.roles}
    return any(test.role in mains and test.value == 0 for test in profile.safe_states.get(safe_state, ()))


def why_none(scenario: Scenario, chemistry: str) -> str:
    """Why no variants are made of a scenario; "" where they are."""
    expect = scenario.expect
    if scenario.aim is not Aim.MUST_TRIP or expect is None:
        return f"aim {scenario.aim.value}"
    if scenario.mismatch is not None:
        return "a mismatch of BMS and pack"
    if scenario.lane == "long":
        return "of the long lane: its fault develops for minutes"
    if chemistry in scenario.not_for:
        return f"not for {chemistry}"
    if scenario.known_gap is not None:
        return "its file knows a gap, which every variant would show again"
    if scenario.space_left_out is not None:
        return scenario.space_left_out
    if expect.onset == "runaway":
        return "the plant decides when its fault is there"
    return ""


def place_of(scenario: Scenario) -> int | None:
    """Index of the measured injection among the steps; None: there is no such injection."""
    expect = scenario.expect
    injections = [n for n, step in enumerate(scenario.steps) if isinstance(step, InjectText)]
    if expect is not None and expect.step is not None:
        return expect.step if expect.step in injections else None
    return injections[0] if injections else None
