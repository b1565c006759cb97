"""Which scenario of a library can bring a second fault beside that of another: it says what the DUT owes to it."""

from collections.abc import Collection

from bench.measure.plan import Aim
from bench.scenario.model import Also, InjectText, Scenario

# Classes of fault that do not take from the DUT what it needs to see another one. A current is none of them: the bench
# cannot drive it once the contactors have opened for the other fault.
_SECOND_CLASSES = ("cells", "isolation", "thermal", "contactors")
# What is still there, and to be seen, when the contactors have opened for the other fault.
_STAYS = ("cells", "isolation", "thermal")


def class_and_flags(scenario: Scenario) -> tuple[str, set[Also]]:
    """Class of its first fault, and the flags that it expects or bears."""
    injections = [step for step in scenario.steps if isinstance(step, InjectText)]
    flags: set[Also] = {scenario.expect.flag, *scenario.expect.also} if scenario.expect is not None else set()
    return (injections[0].kind.fault_class if injections else ""), flags


def may_open(one: Scenario) -> bool:
    """Whether a good DUT may open its contactors for it."""
    return one.expect is not None and "mains_open" not in one.expect.forbidden


def fits_as_second(first: Scenario, one: Scenario, capabilities: Collection[str]) -> bool:
    """Whether it is of another kind, from the same mode, and never against what the first demands."""
    expect, demanded = one.expect, first.expect
    injection = one.steps[0] if one.steps else None
    if expect is None or demanded is None or len(one.steps) != 1 or not isinstance(injection, InjectText):
        return False
    own_class, own_flags = class_and_flags(first)
    flags = {expect.flag, *expect.also}
    return (
        one.lane == "short"
        and one.aim is Aim.MUST_TRIP
        and one.start
        == first.start  # its flags are known from there; a weak cell under more load raises others
        and expect.onset == "stimulus"
        and "other_trip" in expect.forbidden  # its flags are wholly known
        and injection.kind.fault_class in _SECOND_CLASSES
        # Not of the same class: a silent monitor hides the leak from the DUT.
        and injection.kind.fault_class != own_class
        and injection.kind.name
        not in {step.kind.name for step in first.steps if isinstance(step, InjectText)}
        and not set(one.needs) - set(capabilities)
        and not flags & own_flags
        and not (may_open(one) and (own_class not in _STAYS or "mains_open" in demanded.forbidden))
    )
