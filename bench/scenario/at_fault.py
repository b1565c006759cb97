"""A scenario's stimulus against the limits that the DUT has published, before a DUT is accused for what it did with it.

Only what is certain is told: a level of a quantity against the flag's own limit, and the state a scenario starts from.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.config.profile import QUANTITIES, DutProfile, Flag, Limit
from bench.config.toml_file import located
from bench.faults.catalogue.current import Current
from bench.faults.catalogue.insulation import Insulation
from bench.faults.port import Fault
from bench.measure.plan import Aim
from bench.scenario.model import (
    Drive,
    DriveText,
    FaultReset,
    Inject,
    InjectText,
    Request,
    Scenario,
    Start,
    Step,
    Wait,
)
from bench.units import format_ns

Voltages = Callable[[Start], tuple[float, float] | None]
"""Lowest and highest cell of the pack at a start's charge and current; None where that is not known."""

_KEYS = ("voltage", "temperature", "current", "resistance", "to")


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A level of a quantity that a step brings about. step: its place in the file; lasts: until the window's end."""

    quantity: str
    value: float
    step: int
    lasts: bool


def at_fault(
    scenario: Scenario,
    steps: Sequence[Step],
    profile: DutProfile,
    thresholds: Mapping[str, float],
    voltages: Voltages,
) -> list[str]:
    """One line for each thing that the scenario gets wrong, with its place and its mend. Twins have no file."""
    if scenario.twin_of or scenario.aim is Aim.MUST_REFUSE or scenario.mismatch is not None:
        return []
    known = {
        name: flag.limit
        for name, flag in profile.flags.items()
        if flag.limit is not None and flag.limit.threshold in thresholds
    }
    trips = {name: limit for name, limit in known.items() if profile.flags[name].trips}
    found = list(_start(scenario, trips, thresholds, voltages))
    levels = list(_levels(steps))
    if scenario.expect is not None and (limit := known.get(scenario.expect.flag)) is not None:
        found += _cannot_trip(scenario, steps, levels, scenario.expect.flag, limit, thresholds)
    if scenario.quiet is not None:
        found += _has_to_trip(scenario, levels, profile.flags, trips, thresholds)
    return found


def _start(
    scenario: Scenario, trips: Mapping[str, Limit], thresholds: Mapping[str, float], voltages: Voltages
) -> Iterator[str]:
    start = scenario.start
    if start.beyond:
        return
    flows_a = 0.0 if start.mode == "off" else start.current_a
    values: dict[str, tuple[float, ...]] = {"discharge_current": (flows_a,), "charge_current": (-flows_a,)}
    over = {name: limit for name, limit in trips.items() if _crossed(limit, values, thresholds)}
    key = "current"
    if not over and (cells := voltages(start)) is not None:
        values = {"cell_voltage": cells}
        over = {name: limit for name, limit in trips.items() if _crossed(limit, values, thresholds)}
        key = "soc" if start.soc is not None else "current"
    for name, limit in list(over.items())[:1]:
        value = next(one for one in values[limit.quantity] if limit.crossed(one, thresholds[limit.threshold]))
        yield located(
            scenario.file,
            scenario.lines,
            ("start", key),
            f"found a start that trips '{name}' by itself: {_at(limit, value, thresholds)}; expected one inside, or "
            "beyond = true in [start] where it is on purpose",
        )


def _crossed(limit: Limit, values: Mapping[str, Sequence[float]], thresholds: Mapping[str, float]) -> bool:
    return any(limit.crossed(one, thresholds[limit.threshold]) for one in values.get(limit.quantity, ()))


def _levels(steps: Sequence[Step]) -> Iterator[Level]:
    for step in steps:
        if isinstance(step, Inject):
            for quantity, value in _of(step.fault):
                yield Level(quantity=quantity, value=value, step=step.step, lasts=step.duration_ns is None)
        elif isinstance(step, Drive):
            for quantity, value in _current(step.current_a):
                yield Level(quantity=quantity, value=value, step=step.step, lasts=step is steps[-1])


def _of(fault: Fault) -> Iterator[tuple[str, float]]:
    if isinstance(fault, Current):
        yield from _current(fault.current_a)
    elif isinstance(fault, Insulation):
        yield "insulation", fault.ohm_per_volt / len(fault.poles)
    for one in fault.carried():
        if one.quantity in QUANTITIES and one.number:
            yield one.quantity, one.value


def _current(current_a: float) -> Iterator[tuple[str, float]]:
    yield ("discharge_current", current_a) if current_a > 0 else ("charge_current", -current_a)


def _cannot_trip(
    scenario: Scenario,
    steps: Sequence[Step],
    levels: Sequence[Level],
    flag: str,
    limit: Limit,
    thresholds: Mapping[str, float],
) -> Iterator[str]:
    """Where every step's effect on the quantity is known, and none of them is beyond the limit."""
    brought = {one.step for one in levels if one.quantity == limit.quantity}
    moves = [one for one in steps if not isinstance(one, Wait | Request | FaultReset)]
    if not brought or any(getattr(one, "step", None) not in brought for one in moves):
        return
    nearest = [one for one in levels if one.quantity == limit.quantity]
    if any(limit.crossed(one.value, thresholds[limit.threshold]) for one in nearest):
        return
    for step in sorted(brought):
        if _on_purpose(scenario, step):
            return
    last = nearest[-1]
    yield _at_step(
        scenario,
        last,
        f"found a level that cannot trip '{flag}': {_at(limit, last.value, thresholds)}; expected one beyond it, or "
        "beyond = true where it is on purpose",
    )


def _has_to_trip(
    scenario: Scenario,
    levels: Sequence[Level],
    flags: Mapping[str, Flag],
    trips: Mapping[str, Limit],
    thresholds: Mapping[str, float],
) -> Iterator[str]:
    """A level that stays under must_not_trip, at which a trip is published well within the window."""
    quiet = scenario.quiet
    if quiet is None or "any_trip" not in quiet.forbidden:
        return
    for level in levels:
        if not level.lasts or _on_purpose(scenario, level.step):
            continue
        for name, limit in trips.items():
            debounce = flags[name].debounce
            if limit.quantity != level.quantity or debounce is None:
                continue
            full_ns = debounce.settle_ns + debounce.events * debounce.period_ns
            if limit.crossed(level.value, thresholds[limit.threshold]) and 2 * full_ns < quiet.window_ns:
                yield _at_step(
                    scenario,
                    level,
                    f"found a level that has to trip '{name}' after {format_ns(full_ns)} under aim 'must_not_trip': "
                    f"{_at(limit, level.value, thresholds)}; expected one inside, a shorter duration, or beyond = true "
                    "where it is on purpose",
                )
                return


def _on_purpose(scenario: Scenario, step: int) -> bool:
    if not 0 <= step < len(scenario.steps):
        return False
    text = scenario.steps[step]
    if isinstance(text, InjectText):
        return bool(text.shape.beyond)
    return isinstance(text, DriveText) and text.beyond


def _at_step(scenario: Scenario, level: Level, text: str) -> str:
    key = next((one for one in _KEYS if f"step.{level.step}.{one}" in scenario.lines), None)
    place: tuple[str | int, ...] = ("step", level.step) if key is None else ("step", level.step, key)
    return located(scenario.file, scenario.lines, place, text)


def _at(limit: Limit, value: float, thresholds: Mapping[str, float]) -> str:
    unit = QUANTITIES[limit.quantity]
    at = thresholds[limit.threshold]
    return f"{limit.quantity} is {value:.6g} {unit}, and the limit {limit.words} is {at:.6g} {unit}"
