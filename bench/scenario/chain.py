"""The links of the reaction chain that a DUT shows outside, as its profile names them."""

from bench.config.profile import DutProfile, Role
from bench.measure.plan import Probe
from bench.measure.signal_test import SignalTest

_NO_CURRENT_A = 1.0  # below this the current counts as gone


def reaction_chain(profile: DutProfile, flag: SignalTest) -> tuple[Probe, ...]:
    """Flag, state frame, contactor command, contactor feedback, current gone; only what the profile has."""
    roles = profile.roles
    chain = [Probe(name="flag", tests=(flag,))]
    if "state" in roles and "error" in profile.states:
        error = float(profile.states["error"])
        chain.append(Probe(name="state frame", tests=(_test(profile, roles["state"], "==", error),)))
    for name, end in (("contactor command", "command"), ("contactor feedback", "feedback")):
        both = [roles[f"{pole}_{end}"] for pole in ("plus", "minus") if f"{pole}_{end}" in roles]
        if both:
            chain.append(Probe(name=name, tests=tuple(_test(profile, role, "==", 0.0) for role in both)))
    if "pack_current" in roles:
        current = roles["pack_current"]
        gone = (_test(profile, current, "<", _NO_CURRENT_A), _test(profile, current, ">", -_NO_CURRENT_A))
        chain.append(Probe(name="current gone", tests=gone))
    return tuple(chain)


def _test(profile: DutProfile, role: Role, op: str, value: float) -> SignalTest:
    return SignalTest(
        channel=role.channel,
        message=role.message,
        signal=role.signal,
        op=op,
        value=value,
        lag=profile.lags.get(role),
    )
