"""What tells of a restart of the DUT, where the profile names it among its outputs and no step asks for one."""

from collections.abc import Sequence

from bench.measure.restart_sign import RestartSign, Sign
from bench.scenario.lookup import Lookup
from bench.scenario.model import Inject, Step


def restart_signs(lookup: Lookup, steps: Sequence[Step]) -> tuple[RestartSign, ...]:
    """The signals that show a restart of the DUT; empty where a step of the scenario restarts it."""
    if any(isinstance(step, Inject) and step.fault.restarts for step in steps):
        return ()
    roles = lookup.profile.roles
    told = (Sign.UPTIME, Sign.RESET_COUNT, Sign.BOOT)
    return tuple(_sign(lookup, sign) for sign in told if sign.value in roles)


def build_signs(lookup: Lookup) -> tuple[RestartSign, ...]:
    """What names the build, in a cyclic message or when asked."""
    identity = lookup.profile.identity
    return tuple(
        RestartSign(sign=Sign.BUILD, channel=role.channel, message=role.message, signal=role.signal)
        for role in (identity.signals.values() if identity is not None else ())
    )


def _sign(lookup: Lookup, sign: Sign) -> RestartSign:
    role = lookup.profile.roles[sign.value]
    known = lookup.databases.get(role.channel)
    field = known[role.message].fields.get(role.signal) if known and role.message in known else None
    return RestartSign(
        sign=sign,
        channel=role.channel,
        message=role.message,
        signal=role.signal,
        highest=float(field.reach[1]) if field is not None and sign is Sign.UPTIME else None,
    )
