"""What the bench itself reads of the DUT has to be in the DBC files: found when they are loaded, not in a shot."""

from collections.abc import Iterator, Mapping

from bench.codec.database import Database
from bench.config.profile import DutProfile, Role
from bench.errors import ConfigError, at_place, choices, nearest

_READ = ("state", "pyro_command", "charge_current_limit")  # outputs that the rig reads, whatever is tested


def check_bound(profile: DutProfile, databases: Mapping[str, Database]) -> None:
    """Raises ConfigError, one line per mistake."""
    mistakes = [
        _line(profile, databases, wrong, place, channel, message)
        for place, channel, message, signal in _read(profile)
        if (wrong := _wrong(databases, channel, message, signal)) is not None
    ]
    mistakes += [
        at_place(
            profile.file,
            place,
            f"found {role}, which has factor 0 in its DBC file and reads the same whatever the DUT sends",
            "a factor other than 0",
        )
        for role, place in {role: place for place, role in reversed([*_answers(profile)])}.items()
        if _has_factor_0(databases, role)
    ]
    mistakes += _states_not_carried(profile, databases)
    if mistakes:
        raise ConfigError("\n".join(dict.fromkeys(mistakes)))


def _read(profile: DutProfile) -> Iterator[tuple[str, str, str, str | None]]:
    """(place in the profile, channel, message, signal or None) of everything that is read or sent in any shot."""
    for name in _READ:
        if name in profile.roles:
            yield _of(f"output.{name}", profile.roles[name])
    for name, tests in profile.contactors.items():
        for test in tests:
            yield _of(f"contactor.{name}", test.role)
    if profile.identity is not None:
        for name, role in profile.identity.signals.items():
            yield _of(f"identity.signals.{name}", role)
        if profile.identity.ask is not None:
            yield "identity.ask.message", profile.identity.ask.channel, profile.identity.ask.message, None
    if profile.uds is not None:
        yield "uds.request", profile.uds.channel, profile.uds.request, None
        yield "uds.response", profile.uds.channel, profile.uds.response, None


def _answers(profile: DutProfile) -> Iterator[tuple[str, Role]]:
    """(place in the profile, signal) of everything that the bench may read from the DUT."""
    for name, role in profile.roles.items():
        yield f"output.{name}", role
    for flag in profile.flags.values():
        for test in flag.tests:
            yield f"flag.{flag.name}", test.role
    for table, named in (
        ("contactor", profile.contactors),
        ("safe_state", profile.safe_states),
        ("test", profile.tests),
    ):
        for name, tests in named.items():
            for test in tests:
                for one in (test, *test.together, *test.either):
                    yield f"{table}.{name}", one.role
    if profile.identity is not None:
        for name, role in profile.identity.signals.items():
            yield f"identity.signals.{name}", role


def _states_not_carried(profile: DutProfile, databases: Mapping[str, Database]) -> list[str]:
    """A state whose value no frame can say would be waited for in vain."""
    role = profile.roles["state"]
    if role.channel not in databases or role.message not in databases[role.channel]:
        return []
    field = databases[role.channel][role.message].fields.get(role.signal)
    if field is None or field.scale == 0:
        return []
    low, high = field.reach
    step = "" if abs(field.scale) == 1 else f" in steps of {abs(field.scale):g}"
    return [
        at_place(
            profile.file, f"state.{name}", f"found {value}", f"{low:g} to {high:g}{step}, as {role} carries"
        )
        for name, value in profile.states.items()
        if not field.carries(value)
    ]


def _has_factor_0(databases: Mapping[str, Database], role: Role) -> bool:
    if role.channel not in databases or role.message not in databases[role.channel]:
        return False
    field = databases[role.channel][role.message].fields.get(role.signal)
    return field is not None and field.scale == 0


def _line(
    profile: DutProfile,
    databases: Mapping[str, Database],
    wrong: tuple[str, str],
    place: str,
    channel: str,
    message: str,
) -> str:
    """What is wrong in the profile; of a message that its file describes wrongly, what is wrong there."""
    trouble = databases[channel].trouble(message) if channel in databases else None
    return (
        at_place(profile.file, place, *wrong)
        if trouble is None
        else f"{trouble} (asked for by {profile.file} [{place}])"
    )


def _of(place: str, role: Role) -> tuple[str, str, str, str | None]:
    return place, role.channel, role.message, role.signal


def _wrong(
    databases: Mapping[str, Database], channel: str, message: str, signal: str | None
) -> tuple[str, str] | None:
    """(found, expected) in words; None where it is there."""
    if channel not in databases:
        return (
            f"found channel '{channel}'",
            f"one of {choices(channel, databases)}{nearest(channel, databases)}",
        )
    database = databases[channel]
    if message not in database:
        near = nearest(message, database.by_name)
        return f"found no message '{message}' in the DBC files of '{channel}'", f"one of theirs{near}"
    names = database[message].signal_names
    if signal is not None and signal not in names:
        return f"found no signal '{signal}' in {channel}.{message}", f"one of its own{nearest(signal, names)}"
    return None
