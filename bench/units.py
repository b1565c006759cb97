"""Quantities as people write them ("250 ms", "4.25 V"). Text is for the edges; inside: int ns, SI floats."""

import re
from collections.abc import Iterable, Mapping

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
NS_PER_US = 1_000

_DURATION_NS = {
    "ns": 1,
    "us": NS_PER_US,
    "µs": NS_PER_US,
    "ms": NS_PER_MS,
    "s": NS_PER_S,
    "min": 60 * NS_PER_S,
    "h": 3600 * NS_PER_S,
    "d": 24 * 3600 * NS_PER_S,
}

# Factor to SI for every unit a file may use, grouped by dimension.
_DIMENSIONS: dict[str, dict[str, float]] = {
    "V": {"V": 1.0, "mV": 1e-3, "kV": 1e3},
    "A": {"A": 1.0, "mA": 1e-3, "kA": 1e3},
    "ohm": {"ohm": 1.0, "Ω": 1.0, "mohm": 1e-3, "kohm": 1e3, "kΩ": 1e3, "Mohm": 1e6, "MΩ": 1e6},
    "ohm/V": {"ohm/V": 1.0, "Ω/V": 1.0, "kohm/V": 1e3},
    "F": {"F": 1.0, "mF": 1e-3, "uF": 1e-6, "µF": 1e-6, "nF": 1e-9},
    "degC": {"degC": 1.0, "°C": 1.0},
    "%": {"%": 1.0},
    "s": {"s": 1.0, "ms": 1e-3},
    "degC/s": {"degC/s": 1.0, "°C/s": 1.0},
    "V/s": {"V/s": 1.0, "mV/s": 1e-3},
    "bit/s": {"bit/s": 1.0, "kbit/s": 1e3, "Mbit/s": 1e6},
    "W": {"W": 1.0, "kW": 1e3},
    "As": {"As": 1.0, "Ah": 3600.0, "mAh": 3.6},
    "Wh": {"Wh": 1.0, "kWh": 1e3},
}

_LARGEST = 1e18
_LONGEST_NS = 100 * 365 * 24 * 3600 * NS_PER_S  # far below 2^63, so that instants can be added
_LONGEST_TEXT = 100
_DIGITS = "[0-9]+"
_DECIMAL_COMMA = re.compile(rf"\s*[+-]?{_DIGITS},{_DIGITS}(?![0-9,.])")
_QUANTITY = re.compile(rf"\s*([+-]?{_DIGITS}(?:\.{_DIGITS})?(?:[eE][+-]?[0-9]+)?)\s*([^0-9\s].*?)?\s*")


def _split(text: str, expected: str) -> tuple[float, str]:
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"text of {len(text)} characters is no quantity; expected one such as {expected}")
    match = _QUANTITY.fullmatch(text)
    if _DECIMAL_COMMA.match(text):
        raise ValueError(
            f"'{text}' has a decimal comma; expected a point, as in '{text.strip().replace(',', '.', 1)}'"
        )
    if match is None:
        raise ValueError(f"'{text}' is no quantity; expected a number with a unit, such as {expected}")
    value = float(match[1])
    if abs(value) > _LARGEST:
        raise ValueError(f"'{text}' is too large; expected a number up to {_LARGEST:g}, such as {expected}")
    return value, match[2] or ""


def _meant(unit: str, units: Iterable[str]) -> str:
    """The unit that differs in its capital letters only; "" where there is none, or several."""
    found = [one for one in units if one.lower() == unit.lower()]
    return f"; did you mean '{found[0]}'?" if len(found) == 1 else ""


def parse_duration_ns(text: str) -> int:
    """`"250 ms"` → 250_000_000. ValueError, with the known units, for a bare number or a strange unit."""
    value, unit = _split(text, '"250 ms"')
    if unit not in _DURATION_NS:
        found = f"unit '{unit}'" if unit else "no unit"
        raise ValueError(
            f"'{text}' has {found}; expected one of {', '.join(_DURATION_NS)}{_meant(unit, _DURATION_NS)}"
        )
    if value < 0:
        raise ValueError(f"'{text}' is negative; a duration counts forward")
    duration_ns = round(value * _DURATION_NS[unit])
    if duration_ns > _LONGEST_NS:
        raise ValueError(f"'{text}' is too long; expected 100 years at most")
    if value and not duration_ns:
        raise ValueError(f"'{text}' is less than a nanosecond; expected 0, or a nanosecond or more")
    return duration_ns


def parse_quantity(text: str, dimension: str) -> float:
    """`("20 mV", "V")` → 0.02, in SI. Raises ValueError for a missing unit or one of another dimension."""
    units = _DIMENSIONS[dimension]
    value, unit = _split(text, f'"1 {dimension}"')
    if unit not in units:
        found = f"unit '{unit}'" if unit else "no unit"
        raise ValueError(f"'{text}' has {found}; expected one of {', '.join(units)}{_meant(unit, units)}")
    return value * units[unit]


def unit_factor(unit: str, dimension: str) -> float:
    """`("mV", "V")` → 0.001: SI per one of `unit`. ValueError, with the known units, for one of another dimension."""
    units = _DIMENSIONS.get(dimension, {})
    if unit not in units:
        known = ", ".join(units) if units else "none, it is a plain number"
        raise ValueError(f"unit '{unit}'; expected {known}")
    return units[unit]


def unit_ratio(unit: str, other: str) -> float:
    """`("s", "ms")` → 1000: how many of `other` one of `unit` is. ValueError where they do not measure the same."""
    kinds: list[Mapping[str, float]] = [{"": 1.0}, _DURATION_NS, *_DIMENSIONS.values()]
    for units in kinds:
        if unit in units and other in units:
            return units[unit] / units[other]
    raise ValueError(f"found '{unit or 'no unit'}' and '{other or 'no unit'}'; expected units of one kind")


def format_ns(duration_ns: int | None) -> str:
    """A duration as a reader wants it: three to four significant digits, unit chosen by size."""
    if duration_ns is None:
        return "–"
    magnitude = abs(duration_ns)
    if magnitude >= 10 * NS_PER_S:
        return f"{duration_ns / NS_PER_S:.2f} s"
    if magnitude >= NS_PER_S:
        return f"{duration_ns / NS_PER_S:.3f} s"
    if magnitude >= NS_PER_MS:
        return f"{duration_ns / NS_PER_MS:.1f} ms"
    if magnitude >= NS_PER_US:
        return f"{duration_ns / NS_PER_US:.1f} µs"
    return f"{duration_ns} ns"
