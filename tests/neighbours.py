"""Values near a value, and instances of any record: what a judge has to tell from what it was given."""

import dataclasses
import enum
import hashlib
import random
import types
import typing
from typing import Any

from bench.units import NS_PER_MS

# Fields that joined after the corpora were stored: left as they mean what was before, so that no digest moves. Tests of
# their own are about them (tests/test_protection_clauses.py).
_JOINED = {"ac_circuit", "stop_request", "sound_before"}


def drawn(names: list[str], rng: random.Random) -> str:
    """One of them; the same one, as a rule, when another name has joined them."""
    salt = rng.random()
    return min(names, key=lambda name: hashlib.sha256(f"{salt}{name}".encode()).digest())


def nudged(value: Any, rng: random.Random) -> Any:
    """A neighbour of the value, of the same type; itself where it has none."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, enum.Enum):
        return rng.choice(list(type(value)))
    if isinstance(value, int):
        return value + rng.choice(
            (-1, 1, -NS_PER_MS, NS_PER_MS, -300 * NS_PER_MS, 300 * NS_PER_MS, 5000 * NS_PER_MS)
        )
    if isinstance(value, float):
        return value * rng.choice((0.5, 0.99, 1.01, 2.0)) + rng.choice((0.0, 0.01))
    if isinstance(value, tuple) and value:
        at = rng.randrange(len(value))
        kept = rng.choice(((), (nudged(value[at], rng),), (value[at], value[at])))
        return (*value[:at], *kept, *value[at + 1 :])
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [one.name for one in dataclasses.fields(value) if one.init and one.name not in _JOINED]
        name = drawn(names, rng) if names else None
        return (
            value if name is None else dataclasses.replace(value, **{name: nudged(getattr(value, name), rng)})
        )
    return value


def rounded(value: Any, digits: int = 6) -> Any:
    """Floats as far as they do not depend on the machine's mathematics; no field that is empty, as a new one is."""
    if isinstance(value, float):
        return float(f"{value:.{digits}g}") if abs(value) > 1e-12 else 0.0
    if isinstance(value, list):
        return [rounded(one, digits) for one in value]
    if isinstance(value, dict):
        return {
            key: rounded(one, digits)
            for key, one in value.items()
            if (one is False and key not in _JOINED) or one not in (None, "", 0, [])
        }
    return value


def instance(record: type, rng: random.Random) -> Any:
    """One with every field drawn by its type. Raises TypeError for a field of another record."""
    hints = typing.get_type_hints(record)
    drawn = {
        one.name: _of(hints[one.name], rng)
        for one in dataclasses.fields(record)
        if one.init and one.name not in _JOINED
    }
    return record(**drawn)


def _of(hint: Any, rng: random.Random) -> Any:
    if isinstance(hint, types.UnionType):
        return _of(rng.choice(typing.get_args(hint)), rng)
    if hint is types.NoneType:
        return None
    if hint is bool:
        return rng.random() < 0.5
    if hint is int:
        return rng.choice((0, 1, 2, 9, 100, 0x1A0117, 30 * NS_PER_MS, 60 * NS_PER_MS, -9, -11, 139))
    if hint is float:
        return rng.choice((0.0, 0.5, 99.0, 101.0, 800.0))
    if hint is str:
        return rng.choice(("", "drive", "off", "for a reason", "vehicle"))
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return rng.choice(list(hint))
    raise TypeError(f"no value for a {hint}")
