"""The statements that hold in every shot, as far as the roles of a profile, its DBC and its plays allow them."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bench.codec.layout import Field
from bench.config.always import NOTHING_SAID, STATEMENTS, AlwaysSaid
from bench.config.play import QUANTITIES as SHOWN
from bench.config.profile import DutProfile, Flag, Role, RoleTest
from bench.errors import ConfigError
from bench.faults.expression import parse_expression, value_of
from bench.faults.find import kind as kind_named
from bench.faults.port import STRINGS
from bench.measure.always.asked import (
    Always,
    Condition,
    Form,
    How,
    ShownIn,
    ShownQuantity,
    Statement,
    ToldSignal,
)
from bench.measure.signal_test import SignalTest
from bench.scenario.always_doings import OF_DOINGS, doing
from bench.scenario.model import Also, Inject, Step
from bench.units import unit_factor

if TYPE_CHECKING:
    from bench.codec.database import Database
    from bench.codec.message import Message
    from bench.scenario.lookup import Lookup

# role: (quantity, which of its values)
_TELLS = {
    "highest-cell": ("cell_voltage", How.HIGHEST),
    "lowest-cell": ("cell_voltage", How.LOWEST),
    "mean-cell": ("cell_voltage", How.MEAN),
    "hottest-sensor": ("temperature", How.HIGHEST),
    "coldest-sensor": ("temperature", How.LOWEST),
    "pack-current": ("pack_current", How.ONLY),
}
_NAMES = {
    "highest-cell-named": ("cell_voltage", How.HIGHEST),
    "lowest-cell-named": ("cell_voltage", How.LOWEST),
    "hottest-sensor-named": ("temperature", How.HIGHEST),
    "coldest-sensor-named": ("temperature", How.LOWEST),
}
_TRIPS = {"charge-limit-below-trip": "oc_charge", "discharge-limit-below-trip": "oc_discharge"}
_BEYOND = {
    "charge-limit-zero-full-cell": (How.HIGHEST, "ov_warn"),
    "discharge-limit-zero-empty-cell": (How.LOWEST, "uv_trip"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """How a statement stands for one profile. statement: None where it is not looked at.

    off: the profile's reason; lacks: what is not there; both "" where it is looked at.
    """

    name: str
    statement: Statement | None = None
    off: str = ""
    lacks: str = ""


# What is shown beside a quantity and says, where it is not at rest, that its reading is none.
_DOUBTS = {
    "pack_current": ("current_error", "current_overrange", "current_mismatch"),
    "cell_voltage": ("afe_chain_status", "afe_adc_fault", "afe_modules_lost", "afe_open_wire"),
}


def always_of(lookup: "Lookup", steps: Sequence[Step], also: Sequence[Also] = ()) -> Always:
    """The same for every scenario on one bench, except for what a scenario disturbs itself, and what `also` bears."""
    key = tuple(sorted(lookup.thresholds.items()))
    known = lookup.asked.always
    if key not in known:
        known[key] = Statements.of(lookup).always()
    always, disturbed = known[key], tuple(_disturbed(steps))
    if borne := {one for one in also if isinstance(one, str)}:
        kept = tuple(one for one in always.statements if not _bears(borne, one.name))
        always = replace(always, statements=kept)
    return replace(always, disturbed=disturbed) if disturbed else always


def _bears(also: Set[str], name: str) -> bool:
    """Whether the scenario lets an output come for which a statement asks for a cause."""
    return name == "pyro-for-cause" and STATEMENTS[name].roles[0] in also


def _disturbed(steps: Sequence[Step]) -> Iterator[tuple[str, str]]:
    """Messages that the DUT may refuse or miss, by a fault of the communication; all where it is started again."""
    for step in steps:
        if isinstance(step, Inject) and step.fault.restarts:
            yield "", ""
        elif isinstance(step, Inject) and kind_named(step.kind).fault_class == "communication":
            yield getattr(step.fault, "channel", ""), getattr(step.fault, "message", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """The statements about one DUT on one pack. cells, sensors: of the pack."""

    profile: DutProfile
    databases: Mapping[str, "Database"]
    thresholds: Mapping[str, float]
    cells: int
    sensors: int

    @classmethod
    def of(cls, lookup: "Lookup") -> "Statements":
        cells, sensors = lookup.items
        return cls(
            profile=lookup.profile,
            databases=lookup.databases,
            thresholds=lookup.thresholds,
            cells=cells,
            sensors=sensors,
        )

    def always(self) -> Always:
        """Those that are looked at, with what the bench shows for them."""
        statements = [one.statement for one in self.stand() if one.statement is not None]
        asked = dict.fromkeys(
            quantity
            for one in statements
            for quantity in (one.quantity, one.condition.quantity if one.condition else "")
            if quantity
        )
        sources = [self._source(quantity) for quantity in asked]
        return Always(sources=tuple(one for one in sources if one is not None), statements=tuple(statements))

    def stand(self) -> Iterator[Stands]:
        """Every statement there is, and how it stands."""
        for name, kind in STATEMENTS.items():
            said = self.profile.always.get(name, NOTHING_SAID)
            if said.off:
                yield Stands(name=name, off=said.off)
                continue
            lacking = [role for role in kind.roles if self._field(role) is None]
            if lacking:
                yield Stands(name=name, lacks=f"[output] {' and '.join(lacking)}")
                continue
            try:
                made = self._made(name, said)
            except ConfigError as error:  # told at its place where scenarios ask for it
                made = str(error)
            yield (
                Stands(name=name, lacks=made) if isinstance(made, str) else Stands(name=name, statement=made)
            )

    def _made(self, name: str, said: AlwaysSaid) -> Statement | str:
        """The statement, or what it lacks."""
        if name in _TELLS or name in _NAMES:
            return self._of_shown(name, said)
        if name in OF_DOINGS:
            return doing(self, name, said)
        return self._of_limit(name, said)

    def _of_shown(self, name: str, said: AlwaysSaid) -> Statement | str:
        quantity, how = _TELLS.get(name) or _NAMES[name]
        if (strings := int(self.thresholds.get(STRINGS, 1))) > 1:
            return f"a pack of one string: of {strings} the output does not say of which it tells"
        source = self._source(quantity)
        if source is None:
            return f"a [[play]] that shows {quantity}"
        told = self.told(STATEMENTS[name].roles[0], SHOWN[quantity])  # a number that names one has no unit
        tells = name in _TELLS
        late_ns = self._late_ns(quantity, STATEMENTS[name].roles[0], said)
        return Statement(
            name=name,
            form=Form.TELLS if tells else Form.NAMES,
            told=told,
            quantity=quantity,
            how=how,
            sweeps=1 + -(-late_ns // max(1, source.cycle_ns)),
            late_ns=late_ns,
            tolerance=said.tolerance + source.resolution + (told.resolution if tells else 0.0),
            index_from=said.index_from,
        )

    def _of_limit(self, name: str, said: AlwaysSaid) -> Statement | str:
        role = STATEMENTS[name].roles[0]
        told = self.told(role, "A")
        rounding = told.resolution / 2
        if name in _TRIPS:
            bound = self._value(said.at or _TRIPS[name], "A")
            return Statement(name=name, form=Form.AT_MOST, told=told, bound=bound, tolerance=rounding)
        condition = self._condition(name, role, said)
        if isinstance(condition, str):
            return condition
        derated = name == "discharge-limit-derated"
        bound = self._value(said.at or "50 % of oc_discharge", "A") if derated else 0.0
        return Statement(
            name=name, form=Form.AT_MOST, told=told, bound=bound, tolerance=rounding, condition=condition
        )

    def _condition(self, name: str, role: str, said: AlwaysSaid) -> Condition | str:
        """When no current may be allowed, or less."""
        if name == "discharge-limit-derated":
            if not said.flags:
                return "'flags' under [[always]]: those that derate"
            tests = [test for flag in said.flags for test in self.profile.flags[flag].tests]
            cycle_ns = max(self.message(test.role).cycle_ns for test in tests)
            return Condition(
                since_ns=self.since_ns(role, cycle_ns, said),
                cycle_ns=cycle_ns,
                tests=tuple(map(self.test, tests)),
            )
        if name in _BEYOND:
            how, usual = _BEYOND[name]
            source = self._source("cell_voltage")
            if source is None:
                return "a [[play]] that shows cell_voltage"
            return Condition(
                since_ns=self.since_ns(role, source.cycle_ns + self._evaluated_ns("cell_voltage"), said),
                cycle_ns=source.cycle_ns,
                quantity="cell_voltage",
                how=how,
                value=self._value(said.at or usual, "V"),
            )
        other = STATEMENTS[name].roles[1]
        value = float(self.profile.states["error"]) if other == "state" else 1.0
        cycle_ns = self._cycle_ns(other)
        return Condition(
            since_ns=self.since_ns(role, cycle_ns, said),
            cycle_ns=cycle_ns,
            tests=(self.test(RoleTest(role=self.profile.roles[other], op="==", value=value)),),
        )

    def test(self, test: RoleTest) -> SignalTest:
        role = test.role
        return SignalTest(
            channel=role.channel, message=role.message, signal=role.signal, op=test.op, value=test.value
        )

    def since_ns(self, role: str, told_ns: int, said: AlwaysSaid) -> int:
        """How long ago what a limit follows must have been told at the latest: its cycles, lags and the DUT's own."""
        return told_ns + self._cycle_ns(role) + self._own_ns + self._lag_ns(role) + said.delay_ns

    def _late_ns(self, quantity: str, role: str, said: AlwaysSaid) -> int:
        """How old a sweep may be that the DUT tells: its evaluation, its task, the lag of what tells it."""
        return self._evaluated_ns(quantity) + self._own_ns + self._lag_ns(role) + said.delay_ns

    @property
    def _own_ns(self) -> int:
        return max(self.profile.base_period_ns, self.profile.sample_period_ns)

    def _evaluated_ns(self, quantity: str) -> int:
        """The longest period in which the DUT evaluates a quantity, as the debounces of its flags say."""
        kinds = _EVALUATED.get(quantity, (quantity,))
        return max(
            (_period_ns(flag) for flag in self.profile.flags.values() if _is_of(flag, kinds)), default=0
        )

    def _lag_ns(self, role: str) -> int:
        lag = self.profile.lags.get(self.profile.roles[role])
        return 0 if lag is None else lag.high_ns

    def _cycle_ns(self, role: str) -> int:
        return self.message(self.profile.roles[role]).cycle_ns

    def _value(self, text: str, dimension: str) -> float:
        return value_of(parse_expression(text, dimension), self.thresholds)

    def message(self, role: Role) -> "Message":
        if role.channel not in self.databases:
            raise ConfigError(f"no channel '{role.channel}' has a DBC")
        return self.databases[role.channel][role.message]

    def _field(self, role: str) -> Field | None:
        """None: the profile has no such output, or the DBC no such signal; that is told where scenarios ask for it."""
        found = self.profile.outputs().get(role)
        if found is None or found.channel not in self.databases:
            return None
        known = self.databases[found.channel]
        return known[found.message].fields.get(found.signal) if found.message in known else None

    def told(self, role: str, dimension: str) -> ToldSignal:
        """A unit of another dimension is taken for SI."""
        where = self.profile.roles[role]
        field = self.message(where).fields[where.signal]
        gain = _gain(field, dimension)
        low, high = (gain * float(end) for end in field.reach)
        return ToldSignal(
            channel=where.channel,
            message=where.message,
            signal=where.signal,
            gain=gain,
            resolution=0.0 if field.is_float else abs(gain * float(field.scale)),
            low=low,
            high=high,
            cycle_ns=self.message(where).cycle_ns,
            unit=dimension,
        )

    def _source(self, quantity: str) -> ShownQuantity | None:
        """Where the DUT is shown it; None: nowhere."""
        most = {"cell_voltage": self.cells, "temperature": self.sensors}.get(quantity, 1)
        found: list[ShownIn] = []
        known: set[int] = set()
        cycle_ns, resolution = 0, 0.0
        for play in self.profile.plays:
            if play.channel not in self.databases or play.message not in self.databases[play.channel]:
                continue
            message = self.databases[play.channel][play.message]
            for one in play.shown:
                if one.quantity != quantity or one.what != "value":
                    continue
                there = [
                    (name, number)
                    for name, number in one.names(most)
                    if number <= most and number not in known and name in message.fields
                ]
                if not there:
                    continue
                known |= {number for _, number in there}
                field = message.fields[there[0][0]]
                resolution = max(resolution, 0.0 if field.is_float else abs(float(field.scale) / one.gain))
                cycle_ns = max(cycle_ns, play.cycle_ns or message.cycle_ns)
                found.append(
                    ShownIn(
                        channel=play.channel,
                        message=play.message,
                        signals=" ".join(name for name, _ in there),
                        numbers=tuple(number for _, number in there),
                        gain=one.gain,
                        offset=one.offset,
                        no_value=one.no_value,
                    )
                )
        if not found:
            return None
        return ShownQuantity(
            quantity=quantity,
            shown_in=tuple(found),
            cycle_ns=cycle_ns,
            resolution=resolution,
            doubts=tuple(self._doubts(quantity)),
        )

    def _doubts(self, quantity: str) -> Iterator[SignalTest]:
        for play in self.profile.plays:
            for one in play.shown:
                if one.quantity in _DOUBTS.get(quantity, ()) and one.what == "value":
                    role = Role(play.channel, play.message, one.signal)
                    if self._has(role):
                        yield self.test(RoleTest(role=role, op="!=", value=one.offset))

    def _has(self, role: Role) -> bool:
        known = self.databases.get(role.channel)
        return known is not None and role.message in known and role.signal in known[role.message].fields


# What a flag's limit calls a quantity that is shown by another name.
_EVALUATED = {"pack_current": ("charge_current", "discharge_current")}


def _is_of(flag: Flag, kinds: tuple[str, ...]) -> bool:
    return flag.limit is not None and flag.limit.quantity in kinds


def _period_ns(flag: Flag) -> int:
    return 0 if flag.debounce is None else flag.debounce.period_ns


def _gain(field: Field, dimension: str) -> float:
    try:
        return unit_factor(field.unit, dimension)
    except ValueError:
        return 1.0
