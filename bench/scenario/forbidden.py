"""What must never hold while a scenario runs: named in its file, and looked up in the DUT's profile."""

from collections.abc import Sequence

from bench.config.profile import Flag, RoleTest
from bench.measure.signal_test import SignalTest
from bench.scenario.lookup import Lookup
from bench.scenario.model import FaultReset, Inject, Park, Request, Step


def forbidden_tests(
    lookup: Lookup, names: tuple[str, ...], table: str, own: Flag | None
) -> tuple[SignalTest, ...]:
    """The tests of `forbidden` in a table of the scenario; `own` is the flag that it expects."""
    profile = lookup.profile
    roles = profile.roles
    trips = [test for flag in profile.flags.values() if flag.trips for test in flag.tests]
    borne = [*(own.tests if own is not None else ()), *_also(lookup)]
    mains = [roles[r] for r in ("plus_command", "minus_command") if r in roles]
    known: dict[str, tuple[RoleTest, ...]] = {
        "any_trip": tuple(trips),
        "other_trip": tuple(test for test in trips if test not in borne),
        "state_error": (RoleTest(role=roles["state"], op="==", value=float(profile.states["error"])),),
    }
    if mains:
        known["mains_open"] = tuple(RoleTest(role=role, op="==", value=0.0) for role in mains)
    if "precharge_command" in roles:
        known["precharge_closed"] = (RoleTest(role=roles["precharge_command"], op="==", value=1.0),)
    known |= {name: flag.tests for name, flag in profile.flags.items()}
    known |= profile.tests
    tests: list[SignalTest] = []
    for name in names:
        if lookup.known(name, known, (table, "forbidden"), "test") in known:
            tests.extend(lookup.test(test) for test in known[name])
    return tuple(dict.fromkeys(tests))


def leaves_its_mode(lookup: Lookup, steps: Sequence[Step]) -> tuple[SignalTest, ...]:
    """A DUT that has to stay quiet stays in the mode it was asked for, where no step may take it out of it."""
    scenario, profile = lookup.scenario, lookup.profile
    state = state_of(scenario.start.mode)
    moved = any(
        isinstance(step, Request | Park | FaultReset) or (isinstance(step, Inject) and step.fault.restarts)
        for step in steps
    )
    if moved or scenario.format < 2 or scenario.mismatch is not None or state not in profile.states:
        return ()
    other = RoleTest(role=profile.roles["state"], op="!=", value=float(profile.states[state]))
    return (lookup.test(other),)


def state_of(mode: str) -> str:
    """The state that a DUT has in a mode, by its name in the profile."""
    return "standby" if mode == "off" else mode


def _also(lookup: Lookup) -> list[RoleTest]:
    """Flags that may come with the scenario's own."""
    expect, flags = lookup.scenario.expect, lookup.profile.flags
    names = expect.also if expect is not None else ()
    return [test for name in names if isinstance(name, str) and name in flags for test in flags[name].tests]
