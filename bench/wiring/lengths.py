"""Whether a bus can carry the frames that are meant for it: CAN FD asks for a second bit rate."""

from collections.abc import Iterable, Mapping

from bench.codec.database import Database, Message
from bench.config.bench_file import BenchConfig, CanConfig
from bench.config.profile import DutProfile
from bench.errors import ConfigError, at_place
from bench.wiring.virtual_signals import IDLE, Played

_MOST_NAMED = 3


def refuse_what_no_bus_carries(
    config: BenchConfig, profile: DutProfile, databases: Mapping[str, Database], played: Iterable[Played]
) -> None:
    """Raises ConfigError, a line for each bus that cannot carry CAN FD, though what it is used for is."""
    used: dict[str, dict[str, tuple[Message, str]]] = {}
    for one in played:
        how = "sent idle" if one.by == IDLE else "shown by a [[play]]"
        used.setdefault(one.channel, {})[one.message.name] = one.message, how
    for channel, name in (*profile.said(), *profile.asked()):
        if channel in databases and name in databases[channel]:
            used.setdefault(channel, {}).setdefault(name, (databases[channel][name], "read from the DUT"))
    mistakes = []
    for channel, messages in used.items():
        fd = [(message, how) for message, how in messages.values() if message.fd]
        why = _classic(config.can[channel], simulated=config.simulated) if channel in config.can else None
        if why is None or not fd:
            continue
        found, expected = why
        if any(how == "sent idle" for _, how in fd):
            expected += ", or a profile that leaves out what is sent idle (unlisted = 'silent')"
        named = ", ".join(
            f"{message.name} of {message.length} bytes ({databases[channel].file_of(message.name)}, {how})"
            for message, how in fd[:_MOST_NAMED]
        )
        more = f" and {len(fd) - _MOST_NAMED} more" if len(fd) > _MOST_NAMED else ""
        mistakes.append(
            at_place(
                config.file, f"can.{channel}", f"found {found}, and in use of CAN FD {named}{more}", expected
            )
        )
    if mistakes:
        raise ConfigError("\n".join(mistakes))


def _classic(can: CanConfig, *, simulated: bool) -> tuple[str, str] | None:
    """(found, expected) where the bus carries classic frames alone; None where it carries both, or nobody knows."""
    if simulated:
        return ("no data_bitrate", "data_bitrate") if can.data_bitrate is None else None
    if can.options.get("fd") in (False, 0) and "fd" in can.options:
        return "options with fd = false", "fd = true"
    return None
