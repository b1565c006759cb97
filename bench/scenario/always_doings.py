"""Statements about what a DUT does, as far as the roles and flags of its profile allow them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from bench.codec.message import Message
from bench.config.always import STATEMENTS, AlwaysSaid
from bench.config.profile import DutProfile, Flag, Role, RoleTest
from bench.measure.always.asked import CodeOf, Form, Statement, ToldSignal
from bench.measure.signal_test import SignalTest


class OfDut(Protocol):
    """What this needs of bench.scenario.always.Statements."""

    @property
    def profile(self) -> DutProfile: ...
    def test(self, test: RoleTest, /) -> SignalTest: ...
    def message(self, role: Role, /) -> Message: ...
    def since_ns(self, role: str, told_ns: int, wanted: AlwaysSaid, /) -> int: ...
    def told(self, role: str, dimension: str, /) -> ToldSignal: ...


Made = Statement | str
_NO_SIGNAL = ToldSignal(channel="", message="", signal="")


def doing(of: OfDut, name: str, wanted: AlwaysSaid) -> Made:
    """A statement about what the DUT does, or what it lacks."""
    return OF_DOINGS[name](of, name, wanted)


def _late_ns(of: OfDut, name: str, wanted: AlwaysSaid, tests: Sequence[RoleTest]) -> int:
    cycle_ns = max((of.message(test.role).cycle_ns for test in tests), default=0)
    return of.since_ns(STATEMENTS[name].roles[0], cycle_ns, wanted)


def _made(
    of: OfDut,
    name: str,
    wanted: AlwaysSaid,
    form: Form,
    tests: Sequence[RoleTest],
    causes: Sequence[RoleTest],
) -> Statement:
    return Statement(
        name=name,
        form=form,
        told=_NO_SIGNAL,
        tests=tuple(map(of.test, tests)),
        causes=tuple(map(of.test, causes)),
        late_ns=_late_ns(of, name, wanted, [*tests, *causes]),
    )


def _is(of: OfDut, role: str, value: float = 1.0) -> RoleTest:
    return RoleTest(role=of.profile.roles[role], op="==", value=value)


def _pyro(of: OfDut, name: str, wanted: AlwaysSaid) -> Made:
    flags = of.profile.flags.values()
    fires = [test for flag in flags if "pyro_command" in flag.sets for test in flag.tests]
    if not fires:
        return "a flag that sets pyro_command"
    return _made(of, name, wanted, Form.CAUSED, [_is(of, "pyro_command")], fires)


def _closing(of: OfDut, name: str, wanted: AlwaysSaid) -> Made:
    coils = [test for tests in of.profile.contactors.values() for test in tests]
    return _made(of, name, wanted, Form.INHIBITED, coils, [_is(of, "restart_inhibit")])


def _charging(of: OfDut, name: str, wanted: AlwaysSaid) -> Made:
    if "charge" not in of.profile.states:
        return "[state] charge"
    state = _is(of, "state", float(of.profile.states["charge"]))
    return _made(of, name, wanted, Form.INHIBITED, [state], [_is(of, "charge_inhibit")])


def _order(of: OfDut, name: str, wanted: AlwaysSaid) -> Made:
    if not wanted.first:
        return "'first' under [[always]]: the contactor that opens first"
    other = "minus" if wanted.first == "plus" else "plus"
    pair = [_is(of, f"{one}_command") for one in (wanted.first, other)]
    return _made(of, name, wanted, Form.ORDERED, pair, ())


def _counters(of: OfDut, name: str, wanted: AlwaysSaid) -> Made:  # noqa: ARG001
    return Statement(name=name, form=Form.COUNTED, told=_NO_SIGNAL)


def _codes(of: OfDut, name: str, wanted: AlwaysSaid) -> Made:
    profile = of.profile
    flags = [flag for flag in profile.flags.values() if flag.dtc is not None and not _in_turn(profile, flag)]
    if not flags:
        return "a flag with a dtc"
    role = profile.roles["dtc_code"]
    told = (role.channel, role.message, role.signal)
    codes = [
        CodeOf(
            code=flag.dtc,
            flag=flag.name,
            tests=tuple(map(of.test, flag.tests)),
            told=told,
        )
        for flag in flags
        if flag.dtc is not None
    ]
    healed = name == "test-failed-heals"
    return Statement(
        name=name,
        form=Form.HEALED if healed else Form.CODES,
        told=of.told("dtc_code", ""),
        codes=tuple(codes),
        late_ns=_late_ns(of, name, wanted, [test for flag in flags for test in flag.tests]),
        status=profile.roles["dtc_status"].signal if healed else "",
    )


def _in_turn(profile: DutProfile, flag: Flag) -> bool:
    return any(profile.tells_in_turn(test.role) for test in flag.tests)


OF_DOINGS: Mapping[str, Callable[[OfDut, str, AlwaysSaid], Made]] = {
    "pyro-for-cause": _pyro,
    "no-closing-when-inhibited": _closing,
    "no-charging-when-inhibited": _charging,
    "opening-order": _order,
    "codes-with-their-flags": _codes,
    "test-failed-heals": _codes,
    "alive-counters": _counters,
}
