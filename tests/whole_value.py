"""A value written out whole, so that no two differ by a None for a 0, by their type or by their order unseen.

A field that is as its record makes it by itself is left out: a later one changes no text of before.
"""

import dataclasses
import enum
import hashlib
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

import numpy as np


def whole(value: Any) -> str:
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = (one for one in dataclasses.fields(value) if not _as_made(value, one))
        said = ", ".join(f"{one.name}={whole(getattr(value, one.name))}" for one in fields)
        return f"{type(value).__name__}({said})"
    if isinstance(value, float):
        return f"{value:.9g}" if abs(value) > 1e-12 else "0.0"
    if isinstance(value, np.generic):
        return f"numpy {whole(value.item())}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{whole(key)}: {whole(one)}" for key, one in value.items()) + "}"
    if isinstance(value, Set):
        return "{" + ", ".join(sorted(map(whole, value))) + "}"
    if isinstance(value, list | tuple):
        return f"{'[' if isinstance(value, list) else '('}{', '.join(map(whole, value))}]"
    if isinstance(value, Path):
        return value.name
    return repr(value)


def _as_made(record: Any, field: "dataclasses.Field[Any]") -> bool:
    value = getattr(record, field.name)
    if field.default is dataclasses.MISSING:
        return field.default_factory is not dataclasses.MISSING and whole(value) == whole(
            field.default_factory()
        )
    return type(value) is type(field.default) and bool(value == field.default)


def digest(*values: Any) -> str:
    return hashlib.sha256("\n".join(map(whole, values)).encode()).hexdigest()[:10]
