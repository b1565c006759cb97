"""What of a safe state the bench sees itself, and what it knows by the DUT's word alone, which may come late."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bench.config.profile import DutProfile, Role
from bench.measure.plan import Probe, StateAsked
from bench.measure.signal_test import SignalTest
from bench.scenario.lookup import Lookup
from bench.scenario.model import StateText

# What the bench shows of the plant that changes when the contactors do.
_FOLLOWS = (
    "plus_feedback",
    "minus_feedback",
    "precharge_feedback",
    "pack_current",
    "pack_current_redundant",
    "link_voltage",
    "pack_power",
    "charger_current",
)


def as_known(profile: DutProfile, tests: Iterable[SignalTest]) -> tuple[SignalTest, ...]:
    """The tests, where the plant's contactors follow reports that lag, with that lag on what follows the contactors.

    The bench can open them only when it hears of it; the current of the real ones had ended before.
    """
    lag = profile.contactor_lag
    if lag is None:
        return tuple(tests)
    return tuple(
        replace(one, lag=lag) if _follows(profile, one) and one.lag is None else one for one in tests
    )


def states_asked(lookup: Lookup, states: Iterable[StateText]) -> tuple[StateAsked, ...]:
    """The further safe states of a scenario, as the profile knows them."""
    profile = lookup.profile
    found = []
    for text in states:
        if text.name not in profile.safe_states:
            lookup.known(text.name, profile.safe_states, ("expect", "safe_state"), "safe state")
            continue
        tests = as_known(profile, [lookup.test(test) for test in profile.safe_states[text.name]])
        found.append(
            StateAsked(name=text.name, tests=tests, at_least_ns=text.at_least_ns, at_most_ns=text.at_most_ns)
        )
    return tuple(found)


def probes_as_known(profile: DutProfile, probes: Iterable[Probe]) -> tuple[Probe, ...]:
    """The probes, with tests on what the bench itself sees where it can."""
    return tuple(replace(probe, tests=as_known(profile, probe.tests)) for probe in probes)


def by_word_alone(profile: DutProfile, tests: Sequence[SignalTest]) -> bool:
    """True where the bench sees no coil, auxiliary contact or current of its own among the tests.

    A value of the bench's plant does not count where the plant follows what the DUT reports of itself.
    """
    witnesses, contactors = profile.witnesses, profile.contactors.values()
    coils = profile.coils_told or all(one.role in witnesses for told in contactors for one in told)
    return not any((_follows(profile, one) and coils) or _place(one) in witnesses for one in tests)


def _follows(profile: DutProfile, test: SignalTest) -> bool:
    roles = (profile.roles.get(name) for name in _FOLLOWS)
    return profile.plays_message(test.channel, test.message) and _place(test) in roles


def _place(test: SignalTest) -> Role:
    return Role(test.channel, test.message, test.signal)
