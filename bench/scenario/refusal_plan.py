"""The questions of a refusal: the DUT is asked to close after a fault, and before it, as a control."""

from collections.abc import Sequence
from dataclasses import replace

from bench.config.profile import RoleTest
from bench.measure.plan import Aim, Plan
from bench.measure.refusal_asked import ControlAsked, RefusalAsked
from bench.measure.signal_test import SignalTest
from bench.scenario.forbidden import state_of
from bench.scenario.lookup import Lookup
from bench.scenario.model import Request, Step
from bench.scenario.reach_plan import known_by

_CLOSED = ("precharge", "drive", "charge")


def refusal_plan(lookup: Lookup, steps: Sequence[Step], trip: Plan) -> Plan:
    """`trip`: the plan of the same scenario as a trip. What it asks of the safe state's time is not asked here."""
    asked = [step for step in steps if isinstance(step, Request)][-1]
    shown = lookup.profile.shown("mode_request", "==", float(asked.mode_value))
    if shown is None:
        lookup.profile_mistake(
            "a request: no [[play]] shows 'mode_request'", "mode_request", lookup.profile.roles
        )
    return replace(
        trip,
        aim=Aim.MUST_STAY_SAFE,
        refusal=None if shown is None else RefusalAsked(mode=asked.mode, shown=lookup.test(shown)),
        forbidden=tuple(dict.fromkeys([*trip.forbidden, *_closing(lookup)])),
        stays=(),  # they are asked to the end of the window
        announced=(),  # no delay before opening: nothing is closed
        opening=(),
        states=(),
        fhti_budget_ns=None,
        ftti_ns=None,
    )


def control_asked(lookup: Lookup) -> tuple[ControlAsked, ...]:
    """By what the modes are known that the DUT has to enter first."""
    profile, found = lookup.profile, []
    for mode in lookup.scenario.start.control:
        lookup.known(mode, profile.modes, ("start", "control"), "mode")
        if mode in profile.modes and state_of(mode) in profile.states:
            groups = tuple(tuple(map(lookup.test, group)) for group in known_by(profile, mode))
            found.append(ControlAsked(mode=mode, reached=groups))
        elif mode in profile.modes:
            lookup.state_lacking(mode)
    return tuple(found)


def _closing(lookup: Lookup) -> list[SignalTest]:
    """Whatever tells that the DUT closes a contactor, and the states in which some are closed."""
    profile = lookup.profile
    tests = [test for told in profile.contactors.values() for test in told]
    state = profile.roles["state"]
    tests += [
        RoleTest(role=state, op="==", value=float(profile.states[name]))
        for name in _CLOSED
        if name in profile.states
    ]
    return [lookup.test(test) for test in tests]
