"""Try something on the plant and take it back: every array's values and every object's fields, as they were."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

_OURS = "bench.plant."


@contextmanager
def rewound(top: object) -> Iterator[None]:
    """What happens to `top`, and to all of the plant that it holds, is undone at the end.

    A copy would not do: arrays that look into one block (`Settable`, `TemperatureFactors`) fall apart in it.
    """
    fields: list[tuple[Any, dict[str, Any]]] = []
    arrays: dict[int, tuple[Any, Any]] = {}
    _note(top, fields, arrays, set())
    try:
        yield
    finally:
        for one, kept in fields:
            for name, value in kept.items():
                setattr(one, name, value)
        for array, values in arrays.values():
            array[...] = values


def _note(
    one: Any, fields: list[tuple[Any, dict[str, Any]]], arrays: dict[int, tuple[Any, Any]], seen: set[int]
) -> None:
    if isinstance(one, np.ndarray):
        if one.flags.writeable:
            arrays[id(one)] = (one, one.copy())
        return
    if not type(one).__module__.startswith(_OURS) or id(one) in seen or _frozen(one):
        return
    seen.add(id(one))
    kept = _fields(one)
    fields.append((one, kept))
    for value in kept.values():
        _note(value, fields, arrays, seen)


def _fields(one: Any) -> dict[str, Any]:
    names = [name for kind in type(one).__mro__ for name in getattr(kind, "__slots__", ())]
    held = {name: getattr(one, name) for name in names if hasattr(one, name)}
    return {**held, **getattr(one, "__dict__", {})}


def _frozen(one: Any) -> bool:
    """Facts: a chemistry, a curve."""
    told = getattr(type(one), "__dataclass_params__", None)
    return told is not None and bool(told.frozen)
