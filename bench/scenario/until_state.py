"""Waiting until the DUT says that it is in a state."""

from bench.codec.heard import heard
from bench.config.profile import DutProfile
from bench.rig.rig import Rig
from bench.scenario.memory import POLL_NS
from bench.scenario.start_missed import StartMissed
from bench.timing.looking import look_until
from bench.units import NS_PER_S


async def until_state(
    rig: Rig, profile: DutProfile, name: str, timeout_ns: int, missed: str, mode: str | None = None
) -> None:
    """Wait until the DUT reports the state; StartMissed names the last one seen. mode: that was asked for."""
    role = profile.roles["state"]
    message = rig.databases[role.channel][role.message]
    read = heard(message.reader(role.signal))
    wanted = profile.states[name]
    deadline_ns = rig.clock.now_ns() + timeout_ns
    last: float | None = None

    def is_over() -> bool:
        nonlocal last
        if rig.clock.now_ns() >= deadline_ns:
            return True
        rig.view.update()
        seen = rig.view.latest((role.channel, message.can_id))
        if seen is not None:
            last = read(seen.frame.data)
        return last == wanted

    if not is_over():
        await look_until(rig.clock, deadline_ns + POLL_NS, POLL_NS, is_over)
    if last == wanted:
        return
    names = {value: state for state, value in profile.states.items()}
    told = "nothing was heard" if last is None else f"its last state was {names.get(int(last), last)}"
    raise StartMissed(f"{missed} within {timeout_ns / NS_PER_S:g} s; {told}{_reported(rig, profile)}", mode)


def _reported(rig: Rig, profile: DutProfile) -> str:
    """Which flags the DUT holds up now, for whoever has to find out why it is not ready."""
    told = []
    for flag in profile.flags.values():
        message = rig.databases[flag.role.channel][flag.role.message]
        seen = rig.view.latest((flag.role.channel, message.can_id))
        if seen is not None and heard(message.reader(flag.role.signal))(seen.frame.data) == flag.value:
            told.append(flag.name)
    return f", and it reports {', '.join(told)}" if told else ""
