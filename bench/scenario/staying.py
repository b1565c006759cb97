"""What has to stay as it is once a shot is over, while the bench only watches: contactors that a trip has opened."""

from collections.abc import Sequence

from bench.config.profile import Flag, RoleTest
from bench.measure.signal_test import SignalTest
from bench.scenario.lookup import Lookup
from bench.scenario.model import Inject, Step
from bench.scenario.word import as_known


def staying_tests(lookup: Lookup, steps: Sequence[Step], flag: Flag) -> tuple[SignalTest, ...]:
    """The outputs of a safe state that nothing ends, and the precharge contactor where it is forbidden to close.

    Nothing where the flag is a warning or goes with its cause, or where a cause that passes is not latched.
    """
    expect, profile = lookup.scenario.expect, lookup.profile
    passes = any(isinstance(step, Inject) and step.duration_ns is not None for step in steps)
    if expect is None or not flag.trips or flag.heals or (passes and not lookup.budget.latched):
        return ()
    outputs = [lookup.test(test) for test in profile.safe_states[expect.safe_state]]
    precharge = profile.roles.get("precharge_command")
    if "precharge_closed" in expect.forbidden and precharge is not None:
        outputs.append(lookup.test(RoleTest(role=precharge, op="==", value=0.0)))
    return tuple(dict.fromkeys(as_known(profile, outputs)))
