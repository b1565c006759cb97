"""The DUT profile: which signals mean what, what a flag promises, what a safe state is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from bench.config.always import AlwaysSaid
from bench.config.checksum import ChecksumConfig
from bench.config.correction import Correction
from bench.config.debounce import Debounce
from bench.config.lag import Lag
from bench.config.play import INDEXED, Play, Shown
from bench.units import NS_PER_S

_FLIPPED = {">=": "<=", "<=": ">=", ">": "<", "<": ">"}


class Role(NamedTuple):
    """Where a role is found on the buses."""

    channel: str
    message: str
    signal: str

    def __str__(self) -> str:
        return f"{self.channel}.{self.message}.{self.signal}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleTest:
    """A named yes/no question to one role: `op` is one of == != >= <= > <. value: in the signal's own unit.

    together: questions to the same message that have to be true in the same frame.
    either: questions to the same message, of which one is enough.
    """

    role: Role
    op: str
    value: float
    together: tuple["RoleTest", ...] = ()
    either: tuple["RoleTest", ...] = ()


QUANTITIES = {
    "cell_voltage": "V",
    "temperature": "degC",
    "charge_current": "A",
    "discharge_current": "A",
    "insulation": "ohm/V",
}
"""What the limit of a flag can be of, with the unit of its threshold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Where a flag has to be set: `quantity` is `op` (>= > <= <) `threshold` of the pack, by name.

    mode: the only one in which it has to be; None: in any.
    """

    quantity: str
    op: str
    threshold: str
    mode: str | None = None

    @property
    def words(self) -> str:
        only = "" if self.mode is None else f" in {self.mode}"
        return f"{self.quantity} {self.op} {self.threshold}{only}"

    def crossed(self, value: float, threshold: float) -> bool:
        return {">=": value >= threshold, ">": value > threshold, "<=": value <= threshold}.get(
            self.op, value < threshold
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """One fault flag of the DUT: set when `role` is `value`. `dtc` is None where the DUT stores no code for it.

    also: further signals that are 1 when the DUT knows; the first of all to say so is the detection.
    trips: False for a mere warning, which no scenario forbids as a trip.
    sets: outputs that come with it: where the flag is expected, they are.
    heals: it goes with its cause, which the DUT's own reaction may end; else it has to stay.
    limit: where it has to be set; None: that is no matter of one quantity and one threshold, or not said.
    limit_tolerance: how far from its limit the DUT may set it, either way, in SI; 0.0: exactly there, or not said.
    tests: any of these is the DUT saying that it knows; the flag itself first.
    """

    name: str
    role: Role
    dtc: int | None
    debounce: Debounce | None
    value: float = 1.0
    also: tuple[Role, ...] = ()
    trips: bool = True
    sets: tuple[str, ...] = ()
    heals: bool = False
    limit: Limit | None = None
    limit_tolerance: float = 0.0
    tests: tuple[RoleTest, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        own = RoleTest(role=self.role, op="==", value=self.value)
        others = (RoleTest(role=role, op="==", value=1.0) for role in self.also)
        object.__setattr__(self, "tests", (own, *others))


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """How good an estimate the DUT promises. Shares are 0 to 1, durations are in ns; None where it promises nothing.

    truth: the quantity of the plant that is estimated: "soc", "soh", or "charge_limit" or "discharge_limit", the
    current that the pack carries for ten seconds.
    The limits are shares of the chemistry's own. rms, max, drift_per_day: limits of the error; over: of the part
    above the truth alone.
    band, converges_ns: from any start the error enters the band within this time, and stays in it.
    """

    role: Role
    truth: str
    rms: float | None
    max: float | None
    band: float | None
    converges_ns: int | None
    drift_per_day: float | None
    over: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """How the DUT names its build on the bus: `text` with the signals' names in braces, as in "v{major} {hash:08x}".

    ask: sent to have it said, None where it is cyclic.
    """

    text: str
    signals: dict[str, Role]
    ask: Play | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Uds:
    """Diagnostics over ISO-TP: the DBC's request and response messages, time-outs, and the identifier of the build.

    clear: whether trouble codes stored before a shot may be cleared. occurrences: the extended data record that
    counts how often a code has occurred; None: the DUT has no such record.
    """

    channel: str
    request: str
    response: str
    p2_ns: int
    p2_star_ns: int
    identity_did: int
    clear: bool = True
    occurrences: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """A message that proves the DUT alive; a silence longer than `longest_gap_ns` does not."""

    channel: str
    message: str
    longest_gap_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """How long a shot waits for the DUT. In ns.

    standby: from its start until it is heard in standby. closed: from a request until it is in that mode.
    ready: of a process, in real time, until it has printed a line.
    """

    standby_ns: int = 3 * NS_PER_S
    closed_ns: int = 5 * NS_PER_S
    ready_ns: int = 15 * NS_PER_S


USUAL_WAITS = Waits()


@dataclass(frozen=True, slots=True, kw_only=True)
class DutProfile:
    """Everything the bench knows about a DUT besides its DBC.

    sample_period_ns: period of its slowest task that reads or evaluates something, where no debounce tells it; 0: none.
    plays: what the bench sends to the DUT.
    unlisted: "idle": the bench also sends, at raw zero, the messages of others that the DBC names and `plays` does
        not. "silent": it does not send them.
    roles: by role name; what is shown of an unnumbered quantity is a role of its name.
    contactors: any of these tells that the DUT wants a contactor closed.
    fault_reset_at_start: "fault_reset" is shown from power-on until the DUT is heard in standby. So faults that
        an earlier shot made it store permanently do not keep it from starting.
    thresholds: the DUT's own, in SI, where they are not those of the chemistry.
    safe_states, tests: named lists of tests. In a safe state "flag" stands for the scenario's own flag, and is kept in
        `safe_states_with_flag`.
    with_any_flag: outputs that it sets together with any of its flags: they are no wrong report by themselves.
    no_dtc: what `dtc_code` says where there is no code.
    estimates: what it promises of its estimates, by role and chemistry ("": any).
    modes, states: values of `mode_request` and `state` by name.
    lags: how long after the fact the DUT reports it, by role; a role that is not listed is reported at once.
    witnesses: outputs that an input of the bench shows, not the DUT's word: a coil, a contact or a current.
    opening: any of these tells that the DUT begins to open its contactors.
    corrections: ranges of the bus descriptions that are wrong in them.
    waits: how long a shot waits for it.
    always: what it says of statements that hold in every shot, by name; one that is not named holds as usual.
    checksums: those that no E2E profile of a bus description says.
    coils_told: `contactors` are the coils' own commands; False: they are taken from other reports of the DUT.
    """

    file: Path
    name: str
    base_period_ns: int
    plays: tuple[Play, ...]
    unlisted: str
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
    sample_period_ns: int = 0
    identity: Identity | None = None
    uds: Uds | None = None
    fault_reset_at_start: bool = False
    estimates: dict[tuple[str, str], Promise] = field(default_factory=dict)
    with_any_flag: tuple[str, ...] = ()
    no_dtc: tuple[int, ...] = ()
    lags: dict[Role, Lag] = field(default_factory=dict)
    coils_told: bool = True
    always: dict[str, AlwaysSaid] = field(default_factory=dict)
    opening: tuple[RoleTest, ...] = ()
    witnesses: frozenset[Role] = frozenset()
    corrections: tuple[Correction, ...] = ()
    waits: Waits = USUAL_WAITS
    checksums: tuple[ChecksumConfig, ...] = ()
    _outputs: dict[str, Role] = field(init=False, repr=False, compare=False)  # asked for by every scenario

    def __post_init__(self) -> None:
        object.__setattr__(self, "_outputs", self._without_what_is_shown())

    def promises(self, chemistry: str) -> dict[str, Promise]:
        """What the DUT promises of its estimates on a pack of this chemistry, by role."""
        roles = dict.fromkeys(role for role, _ in self.estimates)
        return {role: self.estimates.get((role, chemistry), self.estimates[role, ""]) for role in roles}

    @property
    def contactor_lag(self) -> Lag | None:
        """How long after the contactors themselves their plant follows: what tells of them may tell it late."""
        lag: Lag | None = None
        for tests in self.contactors.values():
            for told in (self.lags.get(test.role) for test in tests):
                lag = told.together(lag) if told is not None else lag
        return lag

    def longest_period_ns(self, flag: Flag | None = None) -> int:
        """The longest period that the profile declares: of everything, or as far as it bears on one flag."""
        flags = self.flags.values() if flag is None else (flag,)
        debounces = [one.debounce for one in flags if one.debounce is not None]
        counted = (one.period_ns for one in debounces)
        held = (stage.period_ns for one in debounces for stage in one.stages)
        return max(self.base_period_ns, self.sample_period_ns, *counted, *held)

    def tells_in_turn(self, role: Role) -> bool:
        """Whether the signal tells one code after the other: several flags are values of it."""
        return len({flag.value for flag in self.flags.values() if flag.role == role}) > 1

    def shown(
        self,
        quantity: str,
        op: str,
        value_si: float,
        number: int = 0,
        has: Callable[[Role], bool] = lambda _: True,
    ) -> RoleTest | None:
        """What the DUT is shown, as a test in the signal's own unit and sign. None: the bench does not play it.

        number: of the cell or sensor, from 1. has: whether the DBC has such a signal, as a cell may stand in any of
        several messages; the first of them that could show it stands in where none has.
        """
        place = self.place(quantity, number, has)
        if place is None:
            return None
        one, role = place
        turned = _FLIPPED.get(op, op) if one.gain < 0 else op
        return RoleTest(role=role, op=turned, value=one.gain * value_si + one.offset)

    def place(self, quantity: str, number: int, has: Callable[[Role], bool]) -> tuple[Shown, Role] | None:
        """Where and how the DUT is shown it; see `shown`."""
        found = [
            (one, Role(play.channel, play.message, name))
            for play in self.plays
            for one in play.shown
            if one.quantity == quantity and one.what == "value"
            if (name := one.name_of(number)) is not None
        ]
        return next((pair for pair in found if has(pair[1])), found[0] if found else None)

    def outputs(self) -> Mapping[str, Role]:
        """What the DUT says, by role: not what the bench shows it."""
        return self._outputs

    def _without_what_is_shown(self) -> dict[str, Role]:
        shown = {
            (one.quantity, Role(play.channel, play.message, one.signal))
            for play in self.plays
            for one in play.shown
        }
        strings = {role for quantity, role in shown if INDEXED.get(quantity) == "string"}
        return {
            name: role
            for name, role in self.roles.items()
            if (name, role) not in shown and role not in strings
        }

    def said(self) -> dict[tuple[str, str], str]:
        """(channel, message) of the DUT's own, as far as the bench reads them, each with one thing it says there."""
        roles = [
            *((f"output.{name}", role) for name, role in self.outputs().items()),
            *((f"flag.{one.name}", test.role) for one in self.flags.values() for test in one.tests),
            *(
                (f"identity.{name}", role)
                for name, role in (self.identity.signals.items() if self.identity else ())
            ),
        ]
        found = {(beat.channel, beat.message): "heartbeat" for beat in self.heartbeat}
        if self.uds is not None:
            found[self.uds.channel, self.uds.response] = "uds.response"
        return found | {(role.channel, role.message): what for what, role in reversed(roles)}

    def asked(self) -> set[tuple[str, str]]:
        """(channel, message) that the bench sends only when it has a question: none of them is sent idle."""
        found = {(self.uds.channel, self.uds.request)} if self.uds is not None else set()
        if self.identity is not None and self.identity.ask is not None:
            found.add((self.identity.ask.channel, self.identity.ask.message))
        return found

    def plays_message(self, channel: str, message: str) -> bool:
        return any((play.channel, play.message) == (channel, message) for play in self.plays)

    def play_of(self, channel: str, message: str) -> Play | None:
        """How the bench plays it; None: not as the profile says."""
        return next((one for one in self.plays if (one.channel, one.message) == (channel, message)), None)
