"""Where the names and thresholds of a scenario are looked up; every one that is not there is noted as a mistake."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Self

from bench.config.profile import DutProfile, Role, RoleTest
from bench.config.toml_file import located
from bench.errors import ScenarioError, at_place, choices, nearest
from bench.faults.port import Terminals
from bench.measure.always.asked import Always
from bench.measure.signal_test import SignalTest
from bench.scenario.model import Scenario
from bench.verdict.result import Budget

if TYPE_CHECKING:
    from bench.codec.database import Database


DTC_DIGITS = 6  # a trouble code has 24 bits


class AskedTests(dict[RoleTest, tuple[SignalTest, tuple[str, ...]]]):
    """What tests of a profile ask of the databases, each with the mistakes in it: the same for every scenario.

    always: the statements that hold in every shot, by the thresholds that they rest on.
    """

    def __init__(self) -> None:
        super().__init__()
        self.always: dict[tuple[tuple[str, float], ...], Always] = {}


class Lookup:
    """One scenario against one bench: profile, thresholds, budget and the databases by channel.

    thresholds: ov_*, uv_* in V, iso_* in ohm per volt of pack voltage. asked: what others of the same profile and
    databases have asked for already.
    """

    def __init__(
        self,
        scenario: Scenario,
        profile: DutProfile,
        thresholds: Mapping[str, float],
        budget: Budget,
        databases: Mapping[str, "Database"],
        cells: int,
        sensors: int,
        asked: AskedTests | None = None,
    ) -> None:
        self.scenario = scenario
        self.profile = profile
        self.budget = budget
        self.databases = databases
        self.thresholds = thresholds
        self._cells = cells
        self._sensors = sensors
        self._mistakes: dict[str, None] = {}  # the same mistake is told once, in order
        self.asked = AskedTests() if asked is None else asked

    def of(self, scenario: Scenario) -> Self:
        """Another scenario against the same bench and budget."""
        on = (self.databases, self._cells, self._sensors, self.asked)
        return type(self)(scenario, self.profile, self.thresholds, self.budget, *on)

    @property
    def items(self) -> tuple[int, int]:
        """Cells and sensors of the pack."""
        return self._cells, self._sensors

    @property
    def mistaken(self) -> bool:
        return bool(self._mistakes)

    def stop_on_mistakes(self) -> None:
        """Raises ScenarioError, one line per mistake noted so far."""
        if self._mistakes:
            raise ScenarioError("\n".join(self._mistakes))

    def terminals(self, index: int, string: int = 1) -> Terminals:
        """What a fault of step `index` may ask, of this string; what it tells is told at that step."""

        def tell(key: str, text: str) -> None:
            self.mistake(("step", index, key) if key else ("step", index), text)

        found = Terminals(
            profile=self.profile,
            thresholds=self.thresholds,
            cells=self._cells,
            sensors=self._sensors,
            tell=tell,
            databases=self.databases,
            string=string,
        )
        if string > found.strings:
            tell("string", f"found {string}; expected 1 to {found.strings}, by [pack] strings")
        return found

    def test(self, test: RoleTest) -> SignalTest:
        """The question to a signal of the DBC that a test of the profile stands for."""
        if test not in self.asked:
            before, self._mistakes = self._mistakes, {}
            self.asked[test] = self._signal_test(test), tuple(self._mistakes)
            self._mistakes = before
        signal_test, mistakes = self.asked[test]
        self._mistakes.update(dict.fromkeys(mistakes))
        return signal_test

    def _signal_test(self, test: RoleTest) -> SignalTest:
        role = test.role
        signals = self.message(role.channel, role.message)[0]
        if signals and role.signal not in signals:
            self.profile_mistake(
                f"signal '{role.signal}' of {role.channel}.{role.message}", role.signal, signals
            )
        self._carried(test)
        return SignalTest(
            channel=role.channel,
            message=role.message,
            signal=role.signal,
            op=test.op,
            value=test.value,
            together=tuple(self.test(one) for one in test.together),
            lag=self.profile.lags.get(role),
            hex_digits=self._hex_digits(test),
            either=tuple(self.test(one) for one in test.either),
        )

    def _hex_digits(self, test: RoleTest) -> int:
        """A small number is a DUT's own, which its sources have as it is."""
        is_code = test.role == self.profile.roles.get("dtc_code")
        return DTC_DIGITS if is_code and 0xFFFF < test.value <= 0xFFFFFF else 0

    def _carried(self, test: RoleTest) -> None:
        """Note a test for a value that no frame can say: it has one answer, whatever the DUT does."""
        role = test.role
        known = self.databases.get(role.channel)
        field = known[role.message].fields.get(role.signal) if known and role.message in known else None
        if field is None or test.op not in ("==", "!=") or field.carries(test.value):
            return
        low, high = field.reach
        digits = self._hex_digits(test)
        value = f"0x{round(test.value):0{digits}X}" if digits else f"{test.value:g}"
        found = f"found {role} {test.op} {value}"
        self._mistakes[
            at_place(self.profile.file, "", found, f"a value that it carries, {low:g} to {high:g}")
        ] = None

    def cycle_ns(self, role: Role) -> int:
        return self.message(role.channel, role.message)[1]

    def message(self, channel: str, message: str) -> tuple[tuple[str, ...], int]:
        """(signal names, cycle in ns) of a message. For an unknown message it is empty, and the mistake is noted."""
        if channel not in self.databases:
            self.profile_mistake(f"channel '{channel}'", channel, self.databases)
            return (), 0
        database = self.databases[channel]
        if message not in database:
            if (trouble := database.trouble(message)) is not None:
                self._mistakes[f"{trouble} (asked for by {self.profile.file})"] = None
                return (), 0
            self.profile_mistake(
                f"message '{message}' on {channel}", message, [m.name for m in database.messages]
            )
            return (), 0
        return database[message].signal_names, database[message].cycle_ns

    def known(self, name: str, known: Mapping[str, object], place: tuple[str | int, ...], what: str) -> str:
        """The name itself; a mistake is noted at `place` of the scenario's file where it is not among `known`."""
        if name not in known:
            near = nearest(name, known)
            self.mistake(
                place, f"found unknown {what} '{name}'; expected one of {choices(name, known)}{near}"
            )
        return name

    def profile_mistake(self, found: str, word: str, known: Collection[str]) -> None:
        """Note what the DUT's profile names and the bench does not have."""
        near = nearest(word, known)
        line = f"{self.profile.file}: found unknown {found}; expected one of {choices(word, known)}{near}"
        self._mistakes[line] = None

    def state_lacking(self, mode: str) -> None:
        """Note that the DUT's profile does not say which state it has in a mode that scenarios start in."""
        found = f"found no '{mode}', and scenarios start in that mode"
        expected = f"the value of the DUT's state in it{nearest(mode, self.profile.states)}"
        self._mistakes[at_place(self.profile.file, "state", found, expected)] = None

    def states_alike(self, mode: str) -> None:
        """Note the states that cannot be told from one that the bench waits for: hearing it would prove nothing.

        Two modes may have one state: a DUT may say "on" for driving and for charging.
        """
        states, modes = self.profile.states, self.profile.modes
        for name in ("standby", "error", mode):
            alike = [
                other
                for other in states
                if other != name
                and states[other] == states.get(name)
                and not (name in modes and other in modes)
            ]
            if alike:
                found = f"found {states[name]}, which is {' and '.join(alike)} too"
                expected = f"a value of its own: the bench waits for {name}"
                self._mistakes[at_place(self.profile.file, f"state.{name}", found, expected)] = None

    def mistake(self, place: tuple[str | int, ...], text: str) -> None:
        """Note what is wrong at a place of the scenario's file."""
        self._mistakes[located(self.scenario.file, self.scenario.lines, place, text)] = None
