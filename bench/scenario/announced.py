"""What the DUT's profile publishes of the delay between a flag and the opening, for the faults of one scenario."""

from collections.abc import Sequence

from bench.config.profile import Flag
from bench.measure.announced import Announced
from bench.measure.signal_test import SignalTest
from bench.scenario.lookup import Lookup
from bench.scenario.model import Request, Step


def announced_of(
    lookup: Lookup, steps: Sequence[Step], flag: Flag
) -> tuple[tuple[Announced, ...], tuple[SignalTest, ...]]:
    """The scenario's own flag first, then those that may come with it and trip; and what shows that the opening begins.

    Empty where nothing is published, where the vehicle itself asks for the opening, or where nothing shows it.
    """
    profile, expect = lookup.profile, lookup.scenario.expect
    asked_off = any(isinstance(step, Request) and step.mode == "off" for step in steps)
    delay_ns = flag.debounce.delay_ns if flag.debounce is not None else 0
    if expect is None or not delay_ns or asked_off:
        return (), ()
    opening = tuple(lookup.test(test) for test in profile.opening)
    if not opening and not _opens(lookup, expect.safe_state):
        return (), ()
    others = [profile.flags[name] for name in expect.also if name in profile.flags]
    faults = [flag, *(one for one in others if one.trips)]
    ceiling_ns = None
    if opening:
        told_ns = max(lookup.cycle_ns(test.role) for test in flag.tests)
        begun_ns = max(lookup.cycle_ns(test.role) for test in profile.opening)
        ceiling_ns = delay_ns + told_ns + begun_ns + 2 * profile.base_period_ns
    return (
        tuple(
            Announced(
                tests=tuple(lookup.test(test) for test in one.tests),
                floor_ns=_floor_ns(lookup, one),
                ceiling_ns=ceiling_ns if one is flag else None,
            )
            for one in faults
        ),
        opening,
    )


def _floor_ns(lookup: Lookup, flag: Flag) -> int:
    delay_ns = flag.debounce.delay_ns if flag.debounce is not None else 0
    return max(0, delay_ns - lookup.profile.base_period_ns)


def _opens(lookup: Lookup, safe_state: str) -> bool:
    """Whether a safe state asks for what tells of the contactors."""
    told = {test.role for tests in lookup.profile.contactors.values() for test in tests}
    return any(test.role in told for test in lookup.profile.safe_states[safe_state])
