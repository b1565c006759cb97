"""What a scenario expects the DUT to report, and so what would be a wrong report: everything else that it could say."""

import re
from collections.abc import Iterable, Iterator, Sequence

from bench.config.profile import Flag, Role, RoleTest
from bench.measure.only_expected import OR, Codes, Standing, Unexpected, What
from bench.measure.plan import Aim
from bench.scenario.lookup import Lookup
from bench.scenario.model import Also, Expect, Inject, Quiet, Request, Step

_CONTACTORS = re.compile(r"(plus|minus|precharge)(_\d+)?_command")  # of any string


def check_also(lookup: Lookup, asked: Expect | Quiet, table: str) -> None:
    """Notes names of `also` that the DUT's profile does not know. Codes are known to nobody beforehand."""
    known = dict.fromkeys([*lookup.profile.flags, *_outputs(lookup)])
    for name in asked.also:
        if isinstance(name, str):
            lookup.known(name, known, (table, "also"), "flag or output")


def flags_in(also: Iterable[Also], lookup: Lookup) -> tuple[Flag, ...]:
    """The flags of the profile among the names in `also`."""
    flags = lookup.profile.flags
    return tuple(flags[name] for name in also if isinstance(name, str) and name in flags)


def unexpected_reports(lookup: Lookup, steps: Sequence[Step]) -> tuple[Unexpected, ...]:
    """Every flag and every output of one bit that `also`, the expected flag and its safe state do not name."""
    flags = _flags_expected(lookup)
    allowed = _outputs_expected(lookup, steps, flags)
    borne = {test for flag in flags for test in flag.tests}
    borne |= {_set(role) for name, role in lookup.profile.outputs().items() if name in allowed}
    told: dict[RoleTest, tuple[What, list[Flag | str]]] = {}
    for flag in lookup.profile.flags.values():
        for test in flag.tests if flag not in flags else ():
            if test not in borne:
                told.setdefault(test, (What.FLAG, []))[1].append(flag)
    of_flags = {test for flag in lookup.profile.flags.values() for test in flag.tests}
    for name, role in _outputs(lookup).items():
        test = _set(role)
        if test not in borne and test not in of_flags:
            told.setdefault(test, (What.OUTPUT, []))[1].append(name)
    grouped: dict[tuple[What, str, str], list[tuple[str, str, float, int | None]]] = {}
    for test, (what, owners) in told.items():
        lookup.test(test)  # what the DBC lacks is told
        names = OR.join(one if isinstance(one, str) else one.name for one in owners)
        code = next((one.dtc for one in owners if isinstance(one, Flag) and len(owners) == 1), None)
        key = (what, test.role.channel, test.role.message)
        grouped.setdefault(key, []).append((names, test.role.signal, test.value, code))
    return tuple(
        Unexpected(what=what, channel=channel, message=message, says=tuple(says))
        for (what, channel, message), says in grouped.items()
    )


def codes_expected(lookup: Lookup) -> Codes | None:
    """None where the profile names no signal that tells trouble codes."""
    role = lookup.profile.roles.get("dtc_code")
    if role is None:
        return None
    lookup.test(RoleTest(role=role, op="==", value=0.0))
    asked = lookup.scenario.expect or lookup.scenario.quiet
    codes = [code for code in (asked.also if asked is not None else ()) if isinstance(code, int)]
    codes += [flag.dtc for flag in _flags_expected(lookup) if flag.dtc is not None]
    return Codes(
        channel=role.channel,
        message=role.message,
        signal=role.signal,
        expected=tuple(dict.fromkeys([*lookup.profile.no_dtc, *codes])),
    )


def standing_reports(lookup: Lookup, steps: Sequence[Step]) -> Standing:
    """A DUT to which nothing wrong is done has nothing to report from its boot on either."""
    scenario, profile = lookup.scenario, lookup.profile
    reach = scenario.aim is Aim.MUST_REACH
    spared = any(isinstance(step, Inject) for step in steps) or scenario.start.beyond
    healthy = scenario.aim is Aim.MUST_NOT_TRIP and not spared and scenario.mismatch is None
    of_faults = {name for flag in profile.flags.values() for name in flag.sets} | set(profile.with_any_flag)
    return Standing(
        fails=reach or healthy,
        borne=tuple(name for name in profile.outputs() if name not in of_faults),
        reports=unexpected_reports(lookup, steps) if reach else (),
        codes=codes_expected(lookup) if reach else None,
    )


def _flags_expected(lookup: Lookup) -> tuple[Flag, ...]:
    expect, quiet = lookup.scenario.expect, lookup.scenario.quiet
    if expect is not None:
        return flags_in((expect.flag, *expect.also), lookup)
    return flags_in(quiet.also if quiet is not None else (), lookup)


def _outputs(lookup: Lookup) -> dict[str, Role]:
    """What the DUT says with one bit. A value of more bits has no rest that a bench could know."""
    return {name: role for name, role in lookup.profile.outputs().items() if _is_bit(lookup, role)}


def _is_bit(lookup: Lookup, role: Role) -> bool:
    database = lookup.databases.get(role.channel)
    field = database[role.message].fields.get(role.signal) if database and role.message in database else None
    return field is not None and tuple(field.reach) == (0, 1)


def _set(role: Role) -> RoleTest:
    return RoleTest(role=role, op="==", value=1.0)


def _outputs_expected(lookup: Lookup, steps: Sequence[Step], flags: Sequence[Flag]) -> set[str]:
    """By `also`, the expected flags and the safe state; what comes with any flag; contactors asked to close."""
    profile, expect = lookup.profile, lookup.scenario.expect
    asked = expect or lookup.scenario.quiet
    allowed = {name for name in (asked.also if asked is not None else ()) if isinstance(name, str)}
    allowed.update(name for flag in flags for name in flag.sets)
    if flags:
        allowed |= set(profile.with_any_flag)
    if expect is not None:
        allowed |= set(_demanded(lookup, expect))
    if any(isinstance(step, Request) and step.mode != "off" for step in steps):
        allowed |= {name for name in lookup.profile.roles if _CONTACTORS.fullmatch(name)}
    return allowed


def _demanded(lookup: Lookup, expect: Expect) -> Iterator[str]:
    profile = lookup.profile
    wanted = {test.role for test in profile.safe_states.get(expect.safe_state, ()) if test.value != 0}
    return (name for name, role in profile.outputs().items() if role in wanted)
