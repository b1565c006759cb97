"""Which cyclic messages of other ECUs the bench sends at raw zero, so that the DUT does not miss them."""

from collections.abc import Mapping

from bench.codec.database import Database, Message
from bench.config.profile import DutProfile


def idle_messages(profile: DutProfile, databases: Mapping[str, Database]) -> list[tuple[str, Message]]:
    """Nothing that is the DUT's own: what is read of it, what its node sends, and what no DBC names a sender of."""
    state = profile.roles["state"]
    if profile.unlisted != "idle" or state.channel not in databases:
        return []
    if state.message not in databases[state.channel]:
        return []  # told by the scenarios, which all ask for it
    node = set(databases[state.channel][state.message].senders)
    kept_out = profile.said().keys() | profile.asked()
    return [
        (channel, message)
        for channel, database in databases.items()
        for message in database.messages
        if message.cycle_ns > 0
        and message.senders
        and not node & set(message.senders)
        and (channel, message.name) not in kept_out
        and not profile.plays_message(channel, message.name)
    ]
