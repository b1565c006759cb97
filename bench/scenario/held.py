"""What a hunt leaves as it is because no side of a limit is known for it, and how a user frees it within bounds."""

import math
import re
from dataclasses import dataclass
from typing import Any

from bench.scenario.knob import Knob, Place, grid
from bench.units import unit_ratio

_FINEST = 200  # values at most between two bounds
_TEXT = re.compile(r"\s*(?:([A-Za-z_]\w*)\s*)?(?:([+-]?)\s*(\d[\d_]*(?:\.\d+)?)\s*([^\d\s+-][^\s]*)?)?\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldValue:
    """place: where the value stands in the scenario's table. now: its value; None: it is not a value with bounds."""

    name: str
    why: str
    place: Place = ()
    now: Any = None

    @property
    def freeable(self) -> bool:
        return self.now is not None and not isinstance(self.now, bool | list | dict) and _is_text(self.now)

    @property
    def words(self) -> str:
        return f"{self.name}: {self.why}"


def _is_text(now: Any) -> bool:
    match = _TEXT.fullmatch(str(now))
    return match is not None and match[3] is not None


@dataclass(frozen=True, slots=True)
class _Amount:
    """`threshold ± number unit`; a number alone has neither threshold nor unit."""

    threshold: str
    number: float
    unit: str

    def text(self) -> Any:
        if self.threshold:
            sign = "-" if self.number < 0 else "+"
            return f"{self.threshold} {sign} {abs(self.number):.9g} {self.unit}"
        return f"{self.number:.9g} {self.unit}" if self.unit else round(self.number)


def _amount(text: str) -> _Amount:
    match = _TEXT.fullmatch(text)
    if match is None or match[3] is None:
        raise ValueError(f"found '{text.strip()}'; expected a number with a unit")
    number = float(match[3].replace("_", ""))
    return _Amount(match[1] or "", -number if match[2] == "-" else number, match[4] or "")


def freed(held: HeldValue, bounds: str) -> Knob:
    """A knob over "LOW:HIGH", in the unit of LOW; the value of the file is one more of its values, and the original.

    Raises ValueError. Whether the scenario makes sense with such values is for preparing it to say.
    """
    low_text, colon, high_text = bounds.partition(":")
    if not colon:
        raise ValueError(f'{held.name}: found \'{bounds}\'; expected "LOW:HIGH" with units, or "hold"')
    try:
        low, high, now = _amount(low_text), _amount(high_text), _amount(str(held.now))
        ends = sorted((low.number, high.number * unit_ratio(high.unit, low.unit)))
        was = now.number * unit_ratio(now.unit, low.unit)
    except ValueError as wrong:
        raise ValueError(f"{held.name}: {wrong}, such as the scenario's own '{held.now}'") from None
    for end in (low, high):
        if end.threshold not in ("", now.threshold):
            raise ValueError(
                f"{held.name}: found '{end.threshold}'; expected a distance from {now.threshold or 'nothing'}"
            )
    values = _between(*ends, whole=not low.unit)
    if len(values) < 2:
        raise ValueError(f"{held.name}: found '{bounds}'; expected two ends apart from each other")
    numbers = sorted({*values, was})
    texts = tuple(held.now if one == was else _Amount(now.threshold, one, low.unit).text() for one in numbers)
    return Knob(
        name=held.name,
        place=held.place,
        texts=texts,
        original=numbers.index(was),
        words=f"{held.name}: {low_text.strip()} to {high_text.strip()}, freed as asked for, in {len(numbers)} values",
        numbers=tuple(numbers),
        freed=True,
    )


def _between(low: float, high: float, *, whole: bool) -> list[float]:
    """Both ends, and the round values between them."""
    if high <= low:
        return [low]
    decade = 10.0 ** math.floor(math.log10((high - low) / _FINEST))
    step = next(decade * one for one in (1, 2, 5, 10) if (high - low) / (decade * one) <= _FINEST)
    return sorted({low, high, *(one for one in grid(low, high, max(1.0, step) if whole else step))})
