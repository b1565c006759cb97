"""What the frames of a scenario have to carry, and whether their signals can: the stimulus is proven where the DUT
reads it, whatever is asked of the DUT then.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.codec.layout import Field
from bench.codec.page_layout import carries, expand
from bench.config.play import Shown
from bench.config.profile import DutProfile
from bench.faults.find import kind as kind_named
from bench.faults.port import Carried, Terminals
from bench.measure.plan import Aim, Plan
from bench.measure.signal_test import SignalTest
from bench.scenario.lookup import Lookup
from bench.scenario.model import Inject, Step

if TYPE_CHECKING:
    from bench.codec.database import Database

_EPSILON = {16: 2.0**-10, 32: 2.0**-22, 64: 2.0**-50}


def carried_tests(lookup: Lookup, steps: Sequence[Step], measured: int | None) -> tuple[SignalTest, ...]:
    """A test for each value that a fault forces: of the measured step, and of all where the DUT must not trip.

    None where messages are disturbed as well: what they would have carried is not what is asked.
    """
    asked = _asked(lookup, steps, measured)
    return _tests(lookup, [(step, _seen_of(step, steps)) for step in asked])


def held_tests(lookup: Lookup, steps: Sequence[Step], measured: int | None) -> tuple[SignalTest, ...]:
    """Those of the carried values that stay to the end: no step takes them off, and no later fault may change them."""
    injected = [step for step in steps if isinstance(step, Inject)]
    kept = []
    for step in _asked(lookup, steps, measured):
        later = injected[injected.index(step) + 1 :]
        if step.duration_ns is None and not any(_may_change(other, step) for other in later):
            kept.append((step, tuple(one for one in _seen_of(step, steps) if one.stays)))
    return _tests(lookup, kept)


def _seen_of(step: Inject, steps: Sequence[Step]) -> tuple[Carried, ...]:
    """What of its values no earlier fault changes on its way: a sensor that is stuck shows no new temperature."""
    before = [
        one for one in steps[: steps.index(step)] if isinstance(one, Inject) and one.duration_ns is None
    ]
    hidden = {place for one in before if one.fault.stage > step.fault.stage for place in one.fault.changes()}
    return tuple(one for one in step.fault.carried() if (one.quantity, one.number) not in hidden)


def _may_change(later: Inject, step: Inject) -> bool:
    """A fault that says what it forces changes that alone; of any other nobody knows. None reaches a later stage."""
    places = {(one.quantity, one.number) for one in step.fault.carried()}
    forced = later.fault.carried()
    reaches = later.fault.stage >= step.fault.stage
    return not forced or (reaches and any((one.quantity, one.number) in places for one in forced))


def _asked(lookup: Lookup, steps: Sequence[Step], measured: int | None) -> list[Inject]:
    injected = [step for step in steps if isinstance(step, Inject)]
    if any(kind_named(step.kind).fault_class == "communication" for step in injected):
        return []
    if lookup.scenario.aim is Aim.MUST_TRIP:
        return [step for step in injected if step.step == measured]
    return injected


def _tests(lookup: Lookup, forced: Iterable[tuple[Inject, tuple[Carried, ...]]]) -> tuple[SignalTest, ...]:
    found: dict[SignalTest, None] = {}
    for step, carried in forced:
        at = lookup.terminals(step.step)
        for wanted in carried:
            test = _test(wanted, at)
            if test is not None:
                found[test] = None
    return tuple(found)


def _test(wanted: Carried, at: Terminals) -> SignalTest | None:
    """The signal is the nearest of its steps to the value. What stands there in place of one out of range is not it."""
    place = at.place(wanted.quantity, wanted.number)
    if place is None:
        return None
    one, role = place
    database = at.databases.get(role.channel)
    if database is None or role.message not in database or role.signal not in database[role.message].fields:
        return None  # told by the onset, which asks for it too
    field = database[role.message].fields[role.signal]
    value, low, high = one.gain * wanted.value + one.offset, *carries(one, field)
    within = abs(one.gain) * wanted.within + _step(field, value)
    if value != value or (wanted.on_the_way and low - within <= value <= high + within):
        return None
    below = SignalTest(
        channel=role.channel, message=role.message, signal=role.signal, op="<=", value=value + within
    )
    return replace(below, op=">=", value=value - within, together=(below,))


def _step(field: Field, value: float) -> float:
    """How far a value that was rounded to the nearest of the signal's steps may be off."""
    return abs(value) * _EPSILON[field.length] if field.is_float else abs(field.scale) * 0.500001


Known = Mapping[tuple[str, str, str], tuple[Shown, Field]]


def shown_signals(profile: DutProfile, databases: Mapping[str, "Database"]) -> Known:
    """(channel, message, signal) of all that the bench plays."""
    return {
        (play.channel, play.message, name): (one, message.fields[name])
        for play in profile.plays
        if play.channel in databases and play.message in databases[play.channel]
        for message in (databases[play.channel][play.message],)
        for name, (one, _) in expand(play, message, "")[0].items()
    }


def uncarried(plan: Plan, known: Known) -> list[str]:
    """In words: what of the plan's stimulus no frame can show, because its signal ends before."""
    found = [words for test in plan.carried if (words := _beyond(test, known)) is not None]
    if plan.onset and not plan.onset_irregular:
        beyond = [words for test in plan.onset if (words := _beyond(test, known)) is not None]
        found += beyond[:1] if len(beyond) == len(plan.onset) and not found else []
    return found


def _beyond(test: SignalTest, known: Known) -> str | None:
    place = known.get((test.channel, test.message, test.signal))
    if place is None:
        return None
    low, high = carries(*place)
    one, field = place
    slack = 1e-6 * abs(field.scale)
    tests = (test, *test.together)
    if all(
        (each.op in ("<=", "<", "!=") or each.value <= high + slack)
        and (each.op in (">=", ">", "!=") or each.value >= low - slack)
        for each in tests
    ):
        return None
    if one.no_value is not None and test.op == "==" and test.value == one.no_value:
        return None
    wanted = sum(each.value for each in tests) / len(tests)
    return f"{test.message}.{test.signal} cannot carry {wanted:.6g}: its range is {low:.6g} to {high:.6g}"
