"""A scenario's stimulus against the limits that the DUT has published, before a DUT is accused for what it did with it.

Only what is certain is told: a level of a quantity against the flag's own limit, and the state a scenario starts from.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from bench.config.profile import QUANTITIES, DutProfile, Flag, Limit
from bench.config.toml_file import located
from bench.measure.plan import Aim
from bench.scenario.levels import CURRENTS, Level, begins_ns, levels_of
from bench.scenario.model import (
    Diagnose,
    DriveText,
    FaultReset,
    Inject,
    InjectText,
    Park,
    Request,
    Scenario,
    Start,
    Step,
    Wait,
)
from bench.units import NS_PER_MS, format_ns

Voltages = Callable[[Start], tuple[float, float] | None]
"""Lowest and highest cell of the pack at a start's charge and current; None where that is not known."""

_KEYS = ("voltage", "temperature", "current", "resistance", "to")
_MARGIN_NS = (
    100 * NS_PER_MS
)  # beyond a full debounce and two of its periods: what is shown and sent has cycles


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
    found = list(_start(scenario, _in_mode(trips, {scenario.start.mode}), thresholds, voltages))
    modes = {scenario.start.mode} | {one.mode for one in steps if isinstance(one, Request)}
    asked = scenario.expect or scenario.quiet
    levels = levels_of(steps, asked.window_ns if asked is not None else 0)
    if scenario.expect is not None and (limit := known.get(scenario.expect.flag)) is not None:
        found += _never_in_mode(scenario, modes, scenario.expect.flag, limit) or _cannot_trip(
            scenario, steps, levels, scenario.expect.flag, limit, thresholds
        )
    trips = _in_mode(trips, modes)
    if scenario.expect is not None:
        found += _trips_before(scenario, steps, levels, profile.flags, trips, thresholds)
    if scenario.quiet is not None:
        found += _has_to_trip(scenario, levels, profile.flags, trips, thresholds)
    return found


def _in_mode(limits: Mapping[str, Limit], modes: Collection[str]) -> dict[str, Limit]:
    """Those that hold in whichever of the modes the DUT is."""
    return {name: one for name, one in limits.items() if one.mode is None or {one.mode} == set(modes)}


def _never_in_mode(scenario: Scenario, modes: Collection[str], flag: str, limit: Limit) -> list[str]:
    """A limit of a mode in which the scenario never asks the DUT to be."""
    if limit.mode is None or limit.mode in modes or scenario.start.beyond:
        return []
    mode = scenario.start.mode
    found = f"found a DUT in '{mode}', in which '{flag}' cannot trip: its limit is {limit.words}"
    expected = f"expected '{limit.mode}', or beyond = true in [start] where it is on purpose"
    return [located(scenario.file, scenario.lines, ("start", "mode"), f"{found}; {expected}")]


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
    moves = [one for one in steps if not isinstance(one, Wait | Request | FaultReset | Diagnose)]
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
    """A level under must_not_trip that lasts until a published trip is due, at whichever step it begins."""
    quiet = scenario.quiet
    if quiet is None or "any_trip" not in quiet.forbidden:
        return
    borne = {name: limit for name, limit in trips.items() if name not in quiet.also}
    for level in levels:
        for name, limit, full_ns, sure_ns in _due(scenario, level, flags, borne, thresholds):
            if level.lasts_ns > sure_ns:
                yield _at_step(
                    scenario,
                    level,
                    f"found a level that has to trip '{name}' after {format_ns(full_ns)} under aim 'must_not_trip': "
                    f"{_at(limit, level.value, thresholds)}; expected one inside, a shorter duration, or beyond = true "
                    "where it is on purpose",
                )
                return


def _trips_before(
    scenario: Scenario,
    steps: Sequence[Step],
    levels: Sequence[Level],
    flags: Mapping[str, Flag],
    trips: Mapping[str, Limit],
    thresholds: Mapping[str, float],
) -> Iterator[str]:
    """A level of a step before the measured one that trips another flag, which the scenario does not expect."""
    expect = scenario.expect
    if expect is None or (scenario.format < 2 and "other_trip" not in expect.forbidden):
        return
    measured = next(
        (one for one in steps if isinstance(one, Inject) and expect.step in (None, one.step)), None
    )
    if measured is None or any(isinstance(one, FaultReset | Park) for one in steps):
        return
    begins = next(at for at, one in zip(begins_ns(steps), steps, strict=True) if one is measured)
    others = {name: one for name, one in trips.items() if name != expect.flag and name not in expect.also}
    for level in levels:
        if level.step >= measured.step:
            return
        for name, limit, full_ns, sure_ns in _due(scenario, level, flags, others, thresholds):
            if min(level.lasts_ns, begins - level.from_ns) > sure_ns:
                yield _at_step(
                    scenario,
                    level,
                    f"found a level that trips '{name}' after {format_ns(full_ns)}, before the fault is there: "
                    f"{_at(limit, level.value, thresholds)}; expected one inside, '{name}' in also, or beyond = true "
                    "where it is on purpose",
                )
                return


def _due(
    scenario: Scenario,
    level: Level,
    flags: Mapping[str, Flag],
    trips: Mapping[str, Limit],
    thresholds: Mapping[str, float],
) -> Iterator[tuple[str, Limit, int, int]]:
    """Flags that the level trips if it lasts: (name, its limit, the slowest debounce, when it is certain; ns)."""
    if not level.sure or _on_purpose(scenario, level.step):
        return
    if scenario.start.mode == "off" and level.quantity in CURRENTS:
        return  # no contactor is closed
    for name, limit in trips.items():
        debounce = flags[name].debounce
        if debounce is None or limit.quantity != level.quantity:
            continue
        if limit.crossed(level.value, thresholds[limit.threshold]):
            yield name, limit, debounce.full_ns, debounce.full_ns + 2 * debounce.period_ns + _MARGIN_NS


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
