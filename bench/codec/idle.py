"""Which cyclic messages of other ECUs the bench sends at raw zero, so that the DUT does not miss them."""

from collections import Counter
from collections.abc import Mapping

from bench.codec.database import Database, Message
from bench.config.profile import DutProfile


def nodes_of_the_dut(profile: DutProfile, databases: Mapping[str, Database]) -> set[str]:
    """Who sends the DUT's state, by the DBC; where nobody does, who sends most of what is read from the DUT."""
    state = profile.roles["state"]
    senders = _senders(databases, state.channel, state.message)
    if senders:
        return set(senders)
    told = Counter(name for place in profile.said() for name in _senders(databases, *place))
    return {name for name, _ in told.most_common(1)}


def _senders(databases: Mapping[str, Database], channel: str, message: str) -> tuple[str, ...]:
    if channel not in databases or message not in databases[channel]:
        return ()
    return databases[channel][message].senders


def idle_messages(profile: DutProfile, databases: Mapping[str, Database]) -> list[tuple[str, Message]]:
    """Nothing that is the DUT's own: what is read of it, what its node sends, and what no DBC names a sender of."""
    state = profile.roles["state"]
    if profile.unlisted != "idle" or state.channel not in databases:
        return []
    if state.message not in databases[state.channel]:
        return []  # told by the scenarios, which all ask for it
    nodes = nodes_of_the_dut(profile, databases)
    kept_out = profile.said().keys() | profile.asked()
    return [
        (channel, message)
        for channel, database in databases.items()
        for message in database.messages
        if message.cycle_ns > 0
        and message.senders
        and not nodes & set(message.senders)
        and (channel, message.name) not in kept_out
        and not profile.plays_message(channel, message.name)
    ]
