"""The DUT profile: which signals mean what, what a flag promises, what a safe state is."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bench.errors import ConfigError, nearest

if TYPE_CHECKING:
    from bench.config.profile_shape import ProfileShape
    from bench.config.toml_file import Place, TomlFile

_CHANNELS = ("vehicle", "sense")
_TEST = re.compile(r"\s*(\w+)\s*(==|!=|>=|<=|>|<)\s*(\S+)\s*")


class Role(NamedTuple):
    """Where a role is found on the buses."""

    channel: str
    message: str
    signal: str

    def __str__(self) -> str:
        return f"{self.channel}.{self.message}.{self.signal}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleTest:
    """A named yes/no question to one role: `op` is one of == != >= <= > <."""

    role: Role
    op: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Debounce:
    """The DUT waits `settle_ns`, counts `events` samples `period_ns` apart, and acts `delay_ns` later."""

    events: int
    period_ns: int
    delay_ns: int
    settle_ns: int = 0

    def floor_ns(self, report_cycle_ns: int, base_period_ns: int) -> int:
        """Earliest honest report: the count less its first sample, less what an outside view cannot tell.

        The DUT samples on its own grid and its report is seen between two frames, so a base period and a
        report cycle before the exact instant are no proof of a shortened debounce.
        """
        return max(0, (self.events - 1) * self.period_ns - report_cycle_ns - base_period_ns)

    def ceiling_ns(self, report_cycle_ns: int, base_period_ns: int) -> int:
        """Slowest: a full count, one report cycle, and a base period each for taking in and for sending."""
        return self.settle_ns + self.events * self.period_ns + report_cycle_ns + 2 * base_period_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """One fault flag of the DUT. `dtc` is None where the DUT stores no code for it."""

    name: str
    role: Role
    dtc: int | None
    debounce: Debounce | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """A message that proves the DUT alive; a silence longer than `longest_gap_ns` does not."""

    channel: str
    message: str
    longest_gap_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DutProfile:
    """Everything the bench knows about a DUT besides its DBC.

    roles: by role name; `cell_voltage` is no role but a template, see `cell_role`.
    safe_states, tests: named lists of tests; in a safe state "flag" stands for the scenario's own flag
    and is kept in `safe_states_with_flag`.
    modes, states: values of `mode_request` and `state` by name.
    """

    file: Path
    name: str
    base_period_ns: int
    cell_template: Role
    roles: dict[str, Role]
    modes: dict[str, int]
    states: dict[str, int]
    flags: dict[str, Flag]
    heartbeat: tuple[Heartbeat, ...]
    safe_states: dict[str, tuple[RoleTest, ...]]
    safe_states_with_flag: frozenset[str]
    tests: dict[str, tuple[RoleTest, ...]]

    def cell_role(self, cell: int) -> Role:
        """The role of cell `cell`, counted from 1."""
        return self.cell_template._replace(signal=self.cell_template.signal.format(cell=cell))


def load_profile(path: Path) -> DutProfile:
    """Read and check a DUT profile. Raises ConfigError with one line per mistake."""
    # Imported here: pydantic costs 0.1 s, which commands that never read a profile need not pay.
    from bench.config.profile_shape import ProfileShape
    from bench.config.toml_file import read_toml

    file = read_toml(path)
    shape = file.check(ProfileShape, file.data)
    file.stop_on_mistakes()
    if shape is None:  # unreachable after stop_on_mistakes; narrows the type
        raise ConfigError(f"{path}: found no profile; expected one")
    profile = _Reader(file, shape).profile()
    file.stop_on_mistakes()
    return profile


class _Reader:
    """Turns the checked text of a profile into roles and tests, noting every mistake."""

    def __init__(self, file: "TomlFile", shape: "ProfileShape") -> None:
        self._file = file
        self._shape = shape
        self._roles: dict[str, Role] = {}

    def profile(self) -> DutProfile:
        shape = self._shape
        for table in ("input", "output", "request"):
            for name, text in getattr(shape, table).model_dump(exclude_none=True).items():
                self._roles[name] = self._role(text, (table, name))
        cell_template = self._roles.pop("cell_voltage")
        self._check_template(cell_template)
        if "error" not in shape.state:
            near = nearest("error", shape.state)
            self._file.mistake(("state",), f"found no 'error'; expected the value of the error state{near}")
        flags = {
            name: Flag(
                name=name,
                role=self._role(flag.signal, ("flag", name, "signal")),
                dtc=flag.dtc,
                debounce=Debounce(
                    events=flag.debounce.events,
                    period_ns=flag.debounce.period,
                    delay_ns=flag.debounce.delay,
                    settle_ns=flag.debounce.settle,
                )
                if flag.debounce
                else None,
            )
            for name, flag in shape.flag.items()
        }
        return DutProfile(
            file=self._file.path,
            name=shape.name,
            base_period_ns=shape.base_period,
            cell_template=cell_template,
            roles=self._roles,
            modes=shape.mode.model_dump(),
            states=shape.state,
            flags=flags,
            heartbeat=tuple(self._heartbeat(index) for index in range(len(shape.heartbeat))),
            safe_states={
                name: self._tests([t for t in texts if t.strip() != "flag"], ("safe_state", name))
                for name, texts in shape.safe_state.items()
            },
            safe_states_with_flag=frozenset(
                name for name, texts in shape.safe_state.items() if any(t.strip() == "flag" for t in texts)
            ),
            tests={name: self._tests(texts, ("test", name)) for name, texts in shape.test.items()},
        )

    def _role(self, text: str, place: "Place") -> Role:
        parts = text.split(".", 2)
        if len(parts) != 3 or not all(parts):
            self._file.mistake(place, f"found '{text}'; expected \"channel.Message.Signal\"")
            return Role("", "", "")
        self._check_channel(parts[0], place)
        return Role(*parts)

    def _check_channel(self, channel: str, place: "Place") -> None:
        if channel not in _CHANNELS:
            near = nearest(channel, _CHANNELS)
            self._file.mistake(place, f"found channel '{channel}'; expected {' or '.join(_CHANNELS)}{near}")

    def _check_template(self, role: Role) -> None:
        try:
            distinct = role.signal.format(cell=1) != role.signal.format(cell=2)
        except (KeyError, IndexError, ValueError, AttributeError):
            distinct = False
        if not distinct and role.signal:
            self._file.mistake(
                ("input", "cell_voltage"),
                f"found '{role}'; expected the cell's number in it, as {{cell}} or {{cell:02d}}",
            )

    def _heartbeat(self, index: int) -> Heartbeat:
        beat = self._shape.heartbeat[index]
        channel, _, message = beat.message.partition(".")
        place: Place = ("heartbeat", index, "message")
        if not message or "." in message:
            self._file.mistake(place, f"found '{beat.message}'; expected \"channel.Message\"")
        else:
            self._check_channel(channel, place)
        return Heartbeat(channel=channel, message=message, longest_gap_ns=beat.longest_gap)

    def _tests(self, texts: list[str], place: "Place") -> tuple[RoleTest, ...]:
        tests = []
        for text in texts:
            match = _TEST.fullmatch(text)
            if match is None:
                self._file.mistake(
                    place, f'found \'{text}\'; expected "role op value", such as "state == error"'
                )
                continue
            role, op, value = match.groups()
            if role not in self._roles:
                known = ", ".join(self._roles)
                near = nearest(role, self._roles)
                self._file.mistake(place, f"found unknown role '{role}'; expected one of {known}{near}")
                continue
            number = self._value(role, value, place)
            if number is not None:
                tests.append(RoleTest(role=self._roles[role], op=op, value=number))
        return tuple(tests)

    def _value(self, role: str, text: str, place: "Place") -> float | None:
        names = {"state": self._shape.state, "mode_request": self._shape.mode.model_dump()}.get(role, {})
        if text in names:
            return float(names[text])
        try:
            return float(text)
        except ValueError:
            expected = ", ".join(["a number", *names])
            self._file.mistake(place, f"found value '{text}'; expected {expected}{nearest(text, names)}")
            return None
