"""One thing about a scenario that a hunt may change, on a grid of values that a person would write down."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from bench.units import NS_PER_MS, unit_factor

Table = dict[str, Any]
Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """A value of a scenario's table at `place`. `texts`: every value it may take; `original`: which of them it has.

    words: name and range, as the user reads them. numeric: the values are in order, so that near ones are alike.
    numbers: the values as numbers in the unit of the knob, for rounding; empty where they are no numbers.
    weight_of_first: share of the hunt that has the first of the values; None: all have the same.
    freed: within bounds that are the user's, so nobody has yet said that its values make a scenario.
    """

    name: str
    place: Place
    texts: tuple[Any, ...]
    original: int
    words: str
    numbers: tuple[float, ...] = ()
    weight_of_first: float | None = None
    freed: bool = False

    def index(self, share: float) -> int:
        """0..1 to one of the values."""
        if self.weight_of_first is not None:
            if share < self.weight_of_first:
                return 0
            rest = (share - self.weight_of_first) / (1 - self.weight_of_first)
            return 1 + min(len(self.texts) - 2, int(rest * (len(self.texts) - 1)))
        return min(len(self.texts) - 1, max(0, int(share * len(self.texts))))

    def share(self, index: int) -> float:
        """The middle of what `index` turns into this value."""
        if self.weight_of_first is not None:
            first = self.weight_of_first
            return first / 2 if index == 0 else first + (1 - first) * (index - 0.5) / (len(self.texts) - 1)
        return (index + 0.5) / len(self.texts)

    def rounder(self, index: int) -> list[int]:
        """Other values near this one that are rounder, the roundest first; those nearer to the original before."""
        if not self.numbers:
            return []
        value, found = self.numbers[index], dict[int, None]()
        for grain in _GRAINS:
            near = [n for n, one in enumerate(self.numbers) if _multiple(one, grain)]
            for n in sorted(near, key=lambda n: (abs(self.numbers[n] - value), abs(n - self.original)))[:2]:
                if n == index:
                    return list(found)
                found.setdefault(n)
        return list(found)


_GRAINS = (1000.0, 500.0, 100.0, 50.0, 20.0, 10.0, 5.0, 2.0, 1.0)


def _multiple(value: float, grain: float) -> bool:
    return abs(value / grain - round(value / grain)) < 1e-9


def put(table: Table, place: Place, value: Any) -> None:
    """Set what is at `place` of the nested tables; a table that is missing on the way is made."""
    here: Any = table
    for part, following in pairwise(place):
        if isinstance(here, dict) and part not in here:
            here[part] = [] if isinstance(following, int) else {}
        here = here[part]
    here[place[-1]] = value


def grid(low: float, high: float, step: float) -> list[float]:
    """The multiples of `step` from low to high."""
    first, last = round(low / step + 0.4999999), round(high / step - 0.4999999)
    return [round(n * step, 9) for n in range(first, last + 1)]


def number_knob(
    name: str,
    place: Place,
    unit: str,
    values: list[float],
    now: float,
    *,
    prefix: str = "",
    as_list: bool = False,
) -> Knob | None:
    """Values in `unit`. The original value `now` is added where it is not among them. None: nothing to vary."""
    numbers = sorted({*values, now})
    if len(numbers) < 2:
        return None

    def text(value: float) -> Any:
        if as_list:
            return [round(value)]
        if prefix:
            return f"{prefix} {'-' if value < 0 else '+'} {abs(value):g} {unit}"
        return f"{value:g} {unit}"

    low, high = text(numbers[0]), text(numbers[-1])
    if as_list:
        low, high = low[0], high[0]
    return Knob(
        name=name,
        place=place,
        texts=tuple(text(value) for value in numbers),
        original=numbers.index(now),
        words=f"{name}: {low} to {high}, in {len(numbers)} values",
        numbers=tuple(numbers),
    )


def choice_knob(
    name: str, place: Place, choices: list[Any], now: Any, words: Mapping[Any, str] | None = None
) -> Knob:
    """A knob that turns through `choices`. now: the original; words: how a choice is shown."""
    shown = ", ".join((words or {}).get(one, str(one)) for one in choices)
    return Knob(
        name=name,
        place=place,
        texts=tuple(choices),
        original=choices.index(now),
        words=f"{name}: one of {shown}",
    )


def in_unit(quantity_si: float, unit: str, dimension: str) -> float:
    """A quantity in SI as a number in `unit`, rounded to nine decimals."""
    return round(quantity_si / unit_factor(unit, dimension), 9)


def in_ms(duration_ns: int) -> float:
    """A duration in ms."""
    return duration_ns / NS_PER_MS
