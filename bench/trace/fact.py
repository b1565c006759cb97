"""What every fact of a trace is."""

from dataclasses import dataclass, fields
from typing import ClassVar

from bench.trace.events import Kind, Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """kind: of the mark. Fields that are None are absent from every stored form."""

    kind: ClassVar[Kind]

    def version_1(self) -> dict[str, Scalar]:
        """The key and value pairs of the first stored form. Digests are taken over them, so they never change."""
        pairs = [(name, getattr(self, name)) for name in _names_of(type(self))]
        return {name: value for name, value in pairs if value is not None}


def _names_of(kind: type[Fact]) -> tuple[str, ...]:
    names = _NAMES.get(kind)
    if names is None:
        names = _NAMES[kind] = tuple(one.name for one in fields(kind))
    return names


_NAMES: dict[type[Fact], tuple[str, ...]] = {}
