"""What of a DUT's words is its request to stop the current: a told limit of 0 A. GB 38031-2025, 8.2.11 to 8.2.15."""

from bench.config.profile import RoleTest
from bench.measure.signal_test import SignalTest
from bench.scenario.lookup import Lookup

LIMITS_OF = {"charge": "charge_current_limit", "discharge": "discharge_current_limit"}


def limits_asked(signal: bool | str) -> tuple[str, ...]:
    """Outputs of the profile: of the direction that [end] names, or of both; none where no signal ends the test."""
    if isinstance(signal, str):
        return (LIMITS_OF[signal],)
    return tuple(LIMITS_OF.values()) if signal else ()


def stop_request(lookup: Lookup, limits: tuple[str, ...]) -> tuple[SignalTest, ...]:
    """All of them at 0 A; none where the DUT does not tell one of them: then it has no such signal to give."""
    roles = lookup.profile.roles
    if any(name not in roles for name in limits):
        return ()
    return tuple(lookup.test(RoleTest(role=roles[name], op="<=", value=0.0)) for name in limits)
