"""What a hunt may vary in one scenario: levels, ramps, places, times, the operating point, a second fault.

Everything stays on the side of the limit that the scenario is about: a must-trip level stays beyond the DUT's
threshold (a missed trip is a real miss), a must-not-trip level inside it. What has no side known here is left as it is.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bench.errors import choices, nearest
from bench.faults.expression import Expression
from bench.measure.plan import Aim
from bench.scenario.held import HeldValue, freed
from bench.scenario.knob import Knob, Place, Table, choice_knob, grid, in_ms, in_unit, number_knob, put
from bench.scenario.model import Also, InjectText, Scenario, StepText, Wait
from bench.units import parse_duration_ns

# Per dimension: unit that is written, grain, nearest to and furthest from the threshold, in that unit.
_LEVELS = {
    "V": ("mV", 1.0, 5.0, 100.0),
    "ohm/V": ("ohm/V", 1.0, 3.0, 97.0),
    "degC": ("degC", 0.5, 1.0, 20.0),
    "A": ("A", 1.0, 5.0, 60.0),
}
_TRIPS_BELOW = ("uv_", "dd_", "ut_", "iso_")
_FASTEST = 4.0  # a ramp may be so much steeper; never slower, which its window may not allow
_LOWEST_SOC, _HIGHEST_SOC = 30.0, 70.0  # the middle of the cells' curve: nothing else is near a limit there
_WAIT_GRAIN_MS = 10.0
_WITHOUT_SECOND = 0.4  # share of the runs that have no second fault
# When the second fault is noticed, after the first: dense around the reaction, where the two meet.
_AROUND_MS = sorted({*range(-300, 301, 10), *range(-1000, 1001, 50), *range(-2000, 2001, 200)})
_ONSET_SEEN_MS = (
    400.0  # until then the first fault has been shown to the DUT, wherever in its cycles it strikes
)
_SHARE_OF_LIMIT = 0.8  # of the lowest current threshold: a load that a good DUT bears for ever


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFault:
    """A disturbance that a library scenario proves the DUT to handle, and the flags it may raise beside the first.

    noticed_ms, earliest_ms: from the fault to its detection, at the most and at the least by the debounce that the
    profile publishes. opens: the DUT may open its contactors for it; so it must not be noticed before the first
    fault is there.
    """

    name: str
    step: Table
    capability: str
    flags: tuple[Also, ...]
    noticed_ms: float
    earliest_ms: float
    opens: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """The scenario's own table, and every knob. `held`: what is not varied unless the user frees it, and why."""

    original: Table
    knobs: tuple[Knob, ...]
    held: tuple[HeldValue, ...]
    seconds: tuple[SecondFault, ...] = ()
    measured: int = 0
    noticed_ms: float = 0.0

    @property
    def start(self) -> tuple[int, ...]:
        return tuple(knob.original for knob in self.knobs)

    def table(self, point: Sequence[int]) -> Table:
        """The scenario's table at one point of the space."""
        made = copy.deepcopy(self.original)
        second, offset_ms = 0, 0.0
        for knob, index in zip(self.knobs, point):
            value = knob.texts[index]
            if knob.name == SECOND:
                second = index
            elif knob.name == SECOND_AT:
                offset_ms = knob.numbers[index]
            elif knob.place and index != knob.original:
                put(made, knob.place, value)
        if second:
            chosen = self.seconds[second - 1]
            early_ms = self.noticed_ms - chosen.noticed_ms  # started so, both are noticed at once
            at_ms = early_ms + offset_ms
            if chosen.opens:
                at_ms = max(at_ms, _ONSET_SEEN_MS - chosen.earliest_ms)
            self._add(made, chosen, 10.0 * round(at_ms / 10.0))
        return made

    def _add(self, made: Table, second: SecondFault, offset_ms: float) -> None:
        """offset_ms < 0: this long before the fault that is measured; > 0: after it."""
        wait = [{"do": "wait", "for": f"{abs(offset_ms):g} ms"}] if offset_ms else []
        steps, at = made["step"], self.measured
        injected = copy.deepcopy(second.step)
        if offset_ms < 0:
            steps[at:at] = [injected, *wait]
            at += 1 + len(wait)
        else:
            steps[at + 1 : at + 1] = [*wait, injected]
        made["needs"] = list(dict.fromkeys([*made.get("needs", []), second.capability]))
        expect = made["expect"]
        expect["step"] = at + 1
        expect["also"] = list(dict.fromkeys([*expect.get("also", []), *second.flags]))

    def changes(self, point: Sequence[int]) -> list[str]:
        """What differs from the original, in words."""
        told = []
        for knob, index in zip(self.knobs, point):
            if index != knob.original and (knob.name != SECOND_AT or self.second(point)):
                value = knob.texts[index]
                told.append(f"{knob.name} {value[0] if isinstance(value, list) else value}")
        return told

    def second(self, point: Sequence[int]) -> int:
        return next((index for knob, index in zip(self.knobs, point) if knob.name == SECOND), 0)


SECOND, SECOND_AT, PHASE = "second", "second-noticed-after", "phase"
PHASES = 1000  # strata of the DUT's cycle


@dataclass(slots=True, kw_only=True)
class _Maker:
    scenario: Scenario
    table: Table
    thresholds: Mapping[str, float]
    cells: int
    sensors: int
    knobs: list[Knob] = field(default_factory=list)
    held: list[HeldValue] = field(default_factory=list)

    def keep(self, knob: Knob | None) -> None:
        if knob is not None:
            self.knobs.append(knob)

    def step(self, step: StepText, n: int) -> None:
        name = f"step{n + 1}"
        match step:
            case InjectText():
                self.injection(step, n)
            case Wait(duration_ns=duration_ns):
                now = in_ms(duration_ns)
                values = grid(_WAIT_GRAIN_MS, max(2 * now, 1000.0), _WAIT_GRAIN_MS)
                if self.scenario.aim is Aim.MUST_TRIP and self.wait_is_free():
                    self.keep(number_knob(f"{name}.for", ("step", n, "for"), "ms", values, now))
                else:
                    self.hold(("step", n, "for"), "its length is part of what is expected")
            case _:
                for key in self.table["step"][n]:
                    if key not in ("do", "mode", "cycle", "file"):
                        self.hold(("step", n, key), "the scenario asks for it")

    def hold(self, place: Place, why: str) -> None:
        now: Any = self.table
        for part in place:
            now = now.get(part) if isinstance(now, dict) else now[part]
        named = f"step{int(place[1]) + 1}" if place[0] == "step" else str(place[0])
        self.held.append(HeldValue(name=f"{named}.{place[-1]}", why=why, place=place, now=now))

    def wait_is_free(self) -> bool:
        """A wait between two injections may have any length; one before a request or a reset may not."""
        return all(isinstance(step, InjectText | Wait) for step in self.scenario.steps)

    def injection(self, step: InjectText, n: int) -> None:
        shape = step.shape
        for key in type(shape).model_fields:
            if key in ("do", "fault", "ttl"):
                continue
            value, name, place = getattr(shape, key), f"step{n + 1}.{key}", ("step", n, key)
            if isinstance(value, Expression):
                self.level(name, place, value)
            elif key == "rate" and "rate" in self.table["step"][n] and step.kind.name == "cell_voltage_ramp":
                now = in_unit(value, "mV/s", "V/s")
                self.keep(number_knob(name, place, "mV/s", grid(now, _FASTEST * now, 1.0), now))
            elif key in ("cells", "sensors") and value is not None and len(value) == 1:
                count = self.cells if key == "cells" else self.sensors
                every = [float(number) for number in range(1, count + 1)]
                self.keep(number_knob(name, place, "", every, float(value[0]), as_list=True))
            elif key == "pole" and self.scenario.aim is Aim.MUST_TRIP and value != "both":
                self.keep(choice_knob(name, place, ["plus", "minus"], value))
            elif key in self.table["step"][n]:
                self.hold(place, "no side of a limit is known for it")

    def level(self, name: str, place: Place, value: Expression) -> None:
        if value.name is None or value.name not in self.thresholds:
            self.hold(place, "names no threshold, so its side is not known")
            return
        unit, grain, nearest, furthest = _LEVELS[value.dimension]
        below = value.name.startswith(_TRIPS_BELOW)
        trips = (value.offset < 0) == below and value.offset != 0
        if trips is not (self.scenario.aim is Aim.MUST_TRIP):
            self.hold(place, f"lies on the other side of {value.name} than the aim")
            return
        sign = -1.0 if value.offset < 0 else 1.0
        now = in_unit(value.offset, unit, value.dimension)
        room = in_unit(self.room(value.name, value.dimension, sign), unit, value.dimension)
        values = [sign * one for one in grid(nearest, min(furthest, room), grain)]
        self.keep(number_knob(name, place, unit, values, now, prefix=value.name))

    def room(self, threshold: str, dimension: str, sign: float) -> float:
        """How far the level may go before it would be a matter of the next threshold of its kind, too."""
        here, kind = self.thresholds[threshold], threshold[:1]
        alike = [one for name, one in self.thresholds.items() if name[:3] == threshold[:3] or
                 (dimension == "V" and name.startswith(("uv_", "dd_")) and kind in "ud")]  # fmt: skip
        beyond = [abs(one - here) for one in alike if (one - here) * sign > 0]
        return 0.8 * min(beyond, default=float("inf"))

    def start(self) -> None:
        start = self.scenario.start
        if start.reaches is not None or start.mode == "off":
            self.held.append(
                HeldValue(name="start", why="the state it begins from is part of what is expected")
            )
            return
        if any(one.startswith("oc_") for one in self.named()) or self.quantity_is_current():
            self.hold(("start", "current"), "the fault is a current itself")
        elif start.current_a:
            names = ("oc_charge",) if start.current_a < 0 else ("oc_discharge", "oc_continuous")
            limit_a = min((self.thresholds[one] for one in names if one in self.thresholds), default=0.0)
            sign = -1.0 if start.current_a < 0 else 1.0
            values = [sign * one for one in grid(5.0, _SHARE_OF_LIMIT * limit_a, 1.0)]
            self.keep(number_knob("start.current", ("start", "current"), "A", values, start.current_a))
        if start.soc is not None and _LOWEST_SOC <= start.soc * 100 <= _HIGHEST_SOC:
            values = grid(_LOWEST_SOC, _HIGHEST_SOC, 1.0)
            self.keep(number_knob("start.soc", ("start", "soc"), "%", values, round(start.soc * 100, 9)))
        elif start.soc is not None:
            self.hold(("start", "soc"), "near an end of the cells' curve, where other limits are near")

    def named(self) -> list[str]:
        return [
            value.name
            for step in self.scenario.steps
            if isinstance(step, InjectText)
            for value in (getattr(step.shape, key) for key in type(step.shape).model_fields)
            if isinstance(value, Expression) and value.name is not None
        ]

    def quantity_is_current(self) -> bool:
        return any(
            isinstance(step, InjectText) and step.kind.name.startswith(("current", "external_short"))
            for step in self.scenario.steps
        )


def space_of(
    scenario: Scenario,
    table: Table,
    thresholds: Mapping[str, float],
    cells: int,
    sensors: int,
    seconds: Sequence[SecondFault] = (),
    noticed_ms: float = 0.0,
) -> Space:
    """The space that follows from the scenario by itself. `table`: the scenario's file as it was read."""
    original = copy.deepcopy(table)
    original.pop("hunt", None)
    maker = _Maker(scenario=scenario, table=original, thresholds=thresholds, cells=cells, sensors=sensors)
    for n, step in enumerate(scenario.steps):
        maker.step(step, n)
    maker.start()
    injections = [n for n, step in enumerate(scenario.steps) if isinstance(step, InjectText)]
    if scenario.aim is Aim.MUST_TRIP and len(scenario.steps) == 1 and injections and seconds:
        none = choice_knob(SECOND, (), ["none", *(one.name for one in seconds)], "none")
        maker.keep(replace(none, weight_of_first=_WITHOUT_SECOND))
        maker.keep(number_knob(SECOND_AT, (), "ms", _AROUND_MS, 0.0))
    if scenario.sweep.phase_ns > 0 and maker.knobs:
        shares = tuple(range(PHASES))
        maker.knobs.append(
            Knob(
                name=PHASE,
                place=(),
                texts=shares,
                original=0,
                words=f"{PHASE}: where in the DUT's cycle",
            )
        )
    expect = scenario.expect
    measured = expect.step if expect is not None and expect.step is not None else next(iter(injections), 0)
    return Space(
        original=original,
        knobs=tuple(maker.knobs),
        held=tuple(maker.held),
        seconds=tuple(seconds),
        measured=measured,
        noticed_ms=noticed_ms,
    )


def bounded(space: Space, bounds: Mapping[str, str]) -> Space:
    """The space with the user's bounds, which narrow a knob or free what is held. Raises ValueError.

    "LOW:HIGH" with units, or "hold".
    """
    knobs = {knob.name: knob for knob in space.knobs}
    held = {one.name: one for one in space.held}
    for name, text in bounds.items():
        if name in held and not held[name].freeable and text != "hold":
            raise ValueError(
                f"{name}: found '{text}'; it has no bounds, {held[name].why}; expected it left out"
            )
        if name not in knobs and name not in held:
            known = [*knobs, *(one.name for one in space.held if one.freeable)]
            raise ValueError(f"found '{name}'; expected one of {choices(name, known)}{nearest(name, known)}")
    kept = [
        _cut(knob, bounds[knob.name]) if knob.name in bounds else knob
        for knob in space.knobs
        if bounds.get(knob.name) != "hold"
    ]
    free = {name: freed(held[name], bounds[name]) for name in held if bounds.get(name, "hold") != "hold"}
    still = tuple(one for one in space.held if one.name not in free)
    return replace(space, knobs=(*kept, *free.values()), held=still)


def _cut(knob: Knob, text: str) -> Knob:
    low, colon, high = text.partition(":")
    if not knob.numbers or not colon:
        raise ValueError(f"{knob.name}: found '{text}'; expected \"hold\"" + (
            " or \"LOW:HIGH\" with units" if knob.numbers else ""))  # fmt: skip
    unit = str(knob.texts[0]).rsplit(" ", 1)[-1] if isinstance(knob.texts[0], str) else ""
    ends = sorted((_end(low, unit), _end(high, unit)))
    inside = [n for n, one in enumerate(knob.numbers) if ends[0] <= one <= ends[1] or n == knob.original]
    if len(inside) < 2:
        raise ValueError(f"{knob.name}: found '{text}'; expected a range inside {knob.words}")
    return Knob(
        name=knob.name,
        place=knob.place,
        texts=tuple(knob.texts[n] for n in inside),
        original=inside.index(knob.original),
        words=f"{knob.name}: {low.strip()} to {high.strip()} as asked for, in {len(inside)} values",
        numbers=tuple(knob.numbers[n] for n in inside),
    )


def _end(text: str, unit: str) -> float:
    from bench.units import parse_quantity

    if not unit:
        return float(int(text))
    if unit == "ms":
        negative = text.strip().startswith("-")
        value = in_ms(parse_duration_ns(text.strip().lstrip("-")))
        return -value if negative else value
    dimension = {"mV": "V", "mV/s": "V/s"}.get(unit, unit)
    return in_unit(parse_quantity(text, dimension), unit, dimension)
