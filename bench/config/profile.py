"""The DUT profile: which signals mean what, what a flag promises, what a safe state is."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bench.config.play import INDEXED, Play, PlayError, Shown, read_play, read_shown
from bench.errors import ConfigError, nearest
from bench.units import parse_quantity

if TYPE_CHECKING:
    from bench.config.profile_shape import ProfileShape
    from bench.config.toml_file import Place, TomlFile

_THRESHOLD_UNITS = ("V", "degC", "A", "ohm/V")
_FLIPPED = {">=": "<=", "<=": ">=", ">": "<", "<": ">"}
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
    """One fault flag of the DUT: set when `role` is `value`. `dtc` is None where the DUT stores no code for it.

    also: further signals that are 1 when the DUT knows; the first of all to say so is the detection.
    trips: False for a mere warning, which no scenario forbids as a trip.
    """

    name: str
    role: Role
    dtc: int | None
    debounce: Debounce | None
    value: float = 1.0
    also: tuple[Role, ...] = ()
    trips: bool = True

    @property
    def tests(self) -> tuple[RoleTest, ...]:
        """Any of these is the DUT saying that it knows; the flag itself first."""
        return (
            RoleTest(role=self.role, op="==", value=self.value),
            *(RoleTest(role=role, op="==", value=1.0) for role in self.also),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """A message that proves the DUT alive; a silence longer than `longest_gap_ns` does not."""

    channel: str
    message: str
    longest_gap_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DutProfile:
    """Everything the bench knows about a DUT besides its DBC.

    plays: what the bench sends to the DUT; unlisted: whether it also sends, at raw zero, the messages of others
        that the DBC names and `plays` does not ("idle"), or keeps silent.
    roles: by role name; what is shown of an unnumbered quantity is a role of its name. `cell_voltage` is no
        role but a template, see `cell_role`.
    contactors: what tells that the DUT wants a contactor closed, any of these.
    thresholds: the DUT's own, in SI, where they are not those of the chemistry.
    safe_states, tests: named lists of tests; in a safe state "flag" stands for the scenario's own flag
    and is kept in `safe_states_with_flag`.
    modes, states: values of `mode_request` and `state` by name.
    """

    file: Path
    name: str
    base_period_ns: int
    plays: tuple[Play, ...]
    unlisted: str
    cell_template: Role
    roles: dict[str, Role]
    contactors: dict[str, tuple[RoleTest, ...]]
    thresholds: dict[str, float]
    modes: dict[str, int]
    states: dict[str, int]
    flags: dict[str, Flag]
    heartbeat: tuple[Heartbeat, ...]
    safe_states: dict[str, tuple[RoleTest, ...]]
    safe_states_with_flag: frozenset[str]
    tests: dict[str, tuple[RoleTest, ...]]

    def cell_role(self, cell: int) -> Role:
        """The role of cell `cell`, counted from 1."""
        return self._numbered(self.cell_template, cell)

    def shown(self, quantity: str, op: str, value_si: float, number: int = 0) -> RoleTest | None:
        """What the DUT is shown, as a test in the signal's own unit and sign. None: the bench does not play it.

        number: of the cell or sensor, from 1.
        """
        for play in self.plays:
            for one in play.shown:
                if one.quantity == quantity and one.what == "value":
                    role = self._numbered(Role(play.channel, play.message, one.signal), number)
                    turned = _FLIPPED.get(op, op) if one.gain < 0 else op
                    return RoleTest(role=role, op=turned, value=one.gain * value_si + one.offset)
        return None

    def plays_message(self, channel: str, message: str) -> bool:
        return any((play.channel, play.message) == (channel, message) for play in self.plays)

    def _numbered(self, role: Role, number: int) -> Role:
        named = role.signal.format(cell=number, cell0=number - 1, sensor=number, sensor0=number - 1)
        return role._replace(signal=named)


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
        plays = tuple(self._play(index) for index in range(len(shape.play)))
        for name, text in shape.output.items():
            self._roles[name] = self._role(text, ("output", name))
        for name, known in (("state", shape.output), ("mode_request", self._roles)):
            if name not in known:
                wanted = "the signal of the DUT's state" if name == "state" else "a [[play]] that shows it"
                self._file.mistake(("output",), f"found no '{name}'; expected {wanted}{nearest(name, known)}")
        if "error" not in shape.state:
            near = nearest("error", shape.state)
            self._file.mistake(("state",), f"found no 'error'; expected the value of the error state{near}")
        flags = {
            name: Flag(
                name=name,
                role=self._role(flag.signal, ("flag", name, "signal")),
                value=float(flag.value),
                also=tuple(self._role(text, ("flag", name, "also")) for text in flag.also),
                trips=flag.severity == "trip",
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
            plays=plays,
            unlisted=shape.unlisted,
            cell_template=self._cell_template(plays),
            roles=self._roles,
            contactors=self._contactors(),
            thresholds={name: self._threshold(name, text) for name, text in shape.threshold.items()},
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
        return Role(*parts)

    def _play(self, index: int) -> Play:
        table = self._shape.play[index]
        place: Place = ("play", index, "message")
        channel, _, message = table.message.partition(".")
        if not message or "." in message:
            self._file.mistake(place, f"found '{table.message}'; expected \"channel.Message\"")
        shown = [
            one
            for name, content in table.shows.items()
            if (one := self._shown(index, name, content)) is not None
        ]
        for one in shown:
            if one.quantity and one.quantity not in INDEXED and one.what == "value":
                self._roles.setdefault(one.quantity, Role(channel, message, one.signal))
        try:
            return read_play(table, channel, message, tuple(shown))
        except PlayError as wrong:
            self._file.mistake(("play", index, "gap"), str(wrong))
            return Play(channel=channel, message=message, by=table.by, cycle_ns=None, gap_ns=0, shown=())

    def _shown(self, index: int, signal: str, content: object) -> Shown | None:
        from bench.config.profile_shape import ShownTable
        from bench.config.toml_file import describe

        place: Place = ("play", index, "shows", signal)
        if isinstance(content, dict):
            content = self._file.check(ShownTable, content, *place)
            if content is None:
                return None
        if isinstance(content, bool) or not isinstance(content, str | int | float | ShownTable):
            expected = "a quantity, a number, or a table"
            self._file.mistake(place, f"found {describe(content)}; expected {expected}")
            return None
        try:
            signal.format(cell=1, cell0=0, sensor=1, sensor0=0)
            return read_shown(signal, content)
        except PlayError as wrong:
            self._file.mistake(place, str(wrong))
        except (KeyError, IndexError, ValueError, AttributeError):
            self._file.mistake(
                place, f"found '{signal}'; expected {{cell}}, {{cell0}}, {{sensor}} or {{sensor0}}"
            )
        return None

    def _cell_template(self, plays: tuple[Play, ...]) -> Role:
        for play in plays:
            for one in play.shown:
                if one.quantity == "cell_voltage" and one.what == "value":
                    return Role(play.channel, play.message, one.signal)
        if not self._file.mistakes:  # else that is why
            self._file.mistake(("play",), "found no 'cell_voltage' shown; expected a [[play]] that shows it")
        return Role("", "", "")

    def _contactors(self) -> dict[str, tuple[RoleTest, ...]]:
        """As the profile says, else the roles named after the commands."""
        found: dict[str, tuple[RoleTest, ...]] = {}
        for name in ("plus", "minus", "precharge"):
            texts = self._shape.contactor.get(name)
            role = self._roles.get(f"{name}_command")
            if texts is not None:
                found[name] = self._tests(texts, ("contactor", name))
            elif role is not None:
                found[name] = (RoleTest(role=role, op="==", value=1.0),)
            else:
                self._file.mistake(
                    ("output",), f"found no '{name}_command'; expected it here, or '{name}' in [contactor]"
                )
        return found

    def _threshold(self, name: str, text: object) -> float:
        for dimension in _THRESHOLD_UNITS:
            try:
                return parse_quantity(str(text), dimension)
            except ValueError:
                continue
        self._file.mistake(("threshold", name), f"found '{text}'; expected a quantity, such as \"2.8 V\"")
        return 0.0

    def _heartbeat(self, index: int) -> Heartbeat:
        beat = self._shape.heartbeat[index]
        channel, _, message = beat.message.partition(".")
        place: Place = ("heartbeat", index, "message")
        if not message or "." in message:
            self._file.mistake(place, f"found '{beat.message}'; expected \"channel.Message\"")
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
