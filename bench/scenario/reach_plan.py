"""The questions of a must-reach scenario: by what a mode of the DUT is known from outside."""

from collections.abc import Sequence
from dataclasses import replace

from bench.config.profile import DutProfile, RoleTest
from bench.measure.plan import NOTHING, Aim, Plan
from bench.measure.signal_test import SignalTest
from bench.scenario.forbidden import forbidden_tests, state_of
from bench.scenario.lookup import Lookup
from bench.scenario.model import Request, Step
from bench.units import NS_PER_MS

KEPT_NS = 500 * NS_PER_MS
_NOT = {"==": "!=", "!=": "==", ">=": "<", "<": ">=", "<=": ">", ">": "<="}


def reach_plan(lookup: Lookup, steps: Sequence[Step]) -> Plan:
    """The plan of the only request among the steps."""
    profile = lookup.profile
    asked = next(step for step in steps if isinstance(step, Request))
    shown = profile.shown("mode_request", "==", float(asked.mode_value))
    return replace(
        NOTHING,
        aim=Aim.MUST_REACH,
        reached=tuple(tuple(map(lookup.test, group)) for group in known_by(profile, asked.mode)),
        carried=() if shown is None else (lookup.test(shown),),
        forbidden=forbidden_tests(lookup, ("any_trip", "state_error"), "quiet", None),
        hold_ns=KEPT_NS,
        window_ns=profile.waits.closed_ns + KEPT_NS,
    )


def last_reached(lookup: Lookup, steps: Sequence[Step]) -> tuple[tuple[SignalTest, ...], ...]:
    """By what the mode of the last request is known."""
    asked = [step for step in steps if isinstance(step, Request)][-1:]
    return tuple(
        tuple(map(lookup.test, group)) for step in asked for group in known_by(lookup.profile, step.mode)
    )


def known_by(profile: DutProfile, mode: str) -> list[tuple[RoleTest, ...]]:
    """By its state, its contactors and, to charge, a limit above zero. Any of each group; all groups at once."""
    roles = profile.roles
    state = RoleTest(role=roles["state"], op="==", value=float(profile.states[state_of(mode)]))
    mains = [profile.contactors.get(name, ()) for name in ("plus", "minus")]
    if mode == "off":
        opened = [tuple(_denied(test)) for tests in mains for test in tests]
        return [(state,), *opened]
    groups = [(state,), *(tests for tests in mains if tests)]
    if mode == "charge" and "charge_current_limit" in roles:
        groups.append((RoleTest(role=roles["charge_current_limit"], op=">", value=0.0),))
    return groups


def _denied(test: RoleTest) -> list[RoleTest]:
    """Any of these: the test does not hold."""
    parts = (replace(test, together=()), *test.together)
    return [replace(one, op=_NOT[one.op]) for one in parts]
