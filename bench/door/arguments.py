"""The arguments of a script, checked before anything is driven: one line for each argument of a wrong kind."""

from __future__ import annotations

import inspect
import os
import reprlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from bench.errors import CalledWrongly
from bench.record.said import About

Names = str | Path | tuple[str | Path, ...] | None


def refuse_wrong(**words: Any) -> None:
    """Raises CalledWrongly for the first argument that is not of its kind."""
    for name, value in words.items():
        expected, fits = _EXPECTED[name]
        if not fits(value):
            raise CalledWrongly(f"{name}: found {shown(value)}; expected {expected}")


def names_in(select: Any) -> Names:
    """`select` as what can be gone through more than once. Raises CalledWrongly."""
    if select is None or isinstance(select, str | os.PathLike):
        return None if select is None else _name("select", select)
    if not isinstance(select, Iterable) or isinstance(select, Mapping | bytes | bytearray):
        expected = "scenario ids, files or folders, or None for the whole library"
        raise CalledWrongly(f"select: found {shown(select)}; expected {expected}")
    return tuple(_name("select", one) for one in select)


def name_in(scenario: Any) -> str | Path:
    """The id or the file of one scenario. Raises CalledWrongly."""
    return _name("scenario", scenario)


def shown(value: Any) -> str:
    """In a few letters, whatever it is."""
    try:
        text = reprlib.repr(value)
    except Exception:  # noqa: BLE001 - a stranger's __repr__
        text = ""
    return text or f"a {type(value).__name__}"


def refuse_awaited(made: object) -> None:
    """Raises CalledWrongly where a callback has made a coroutine, which nobody would await."""
    if inspect.iscoroutine(made):
        made.close()
        raise CalledWrongly(f"progress: found a callback that makes a coroutine; expected {_CALLBACK}")


def _name(what: str, value: Any) -> str | Path:
    if isinstance(value, str) and value:
        return value
    if isinstance(value, os.PathLike):
        return Path(value)
    raise CalledWrongly(f"{what}: found {shown(value)}; expected the id of a scenario, a file or a folder")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_path(value: Any) -> bool:
    return bool(value) if isinstance(value, str) else isinstance(value, os.PathLike)


def _is_callback(value: Any) -> bool:
    calls = (value, getattr(value, "__call__", None))  # noqa: B004 - of an object: its method
    waits = (inspect.iscoroutinefunction, inspect.isasyncgenfunction)
    return callable(value) and not any(one(call) for one in waits for call in calls)


def _or_none(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


_CALLBACK = "a plain function of one event, not an async one"
_TEXT, _TEXT_OR_NONE = ("a text", _is_text), ("a text, or None", _or_none(_is_text))
_CHEMISTRY = "a chemistry's name, the path of its file, or None", _or_none(_is_path)
_AT_LEAST_1 = (
    "a whole number of at least 1, or None",
    _or_none(lambda value: _is_whole(value) and value >= 1),
)
_EXPECTED: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "config": ("the path of a bench file", _is_path),
    "time": ('"simulated", "real", or None', _or_none(_is_text)),
    "firmware": _TEXT_OR_NONE,
    "chemistry": _CHEMISTRY,
    "firmware_chemistry": _CHEMISTRY,
    "only": _TEXT_OR_NONE,
    "shift": ('a duration as "2 ms", or None', _or_none(_is_text)),
    "about": (
        'what is said of the run, such as bench.About(label="supply 3")',
        lambda one: isinstance(one, About),
    ),
    "mode": _TEXT,
    "long": ("True or False", lambda value: isinstance(value, bool)),
    "repeat": _AT_LEAST_1,
    "workers": _AT_LEAST_1,
    "newest": _AT_LEAST_1,
    "index": ("a whole number from 0", _is_whole),
    "seed": ("a whole number", _or_none(_is_whole)),
    "soc": (
        "a number from 0 to 1, or None",
        _or_none(lambda v: isinstance(v, int | float) and not isinstance(v, bool) and 0 <= v <= 1),
    ),
    "out": ("the path of a folder, or None", _or_none(_is_path)),
    "budgets": ("the path of a file, or None", _or_none(_is_path)),
    "progress": (_CALLBACK, _is_callback),
}
