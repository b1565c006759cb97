"""JSON Schema (2020-12) of a document, made of the dataclasses that write it."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from enum import Enum, IntEnum
from typing import Any

from bench.measure.finding.base import Blame, Finding
from bench.measure.finding.closed_set import FINDINGS
from bench.record.codable import may_be_left_out
from bench.report.told.document import Document, is_flat, json_name, schema_id

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PLAIN: dict[Any, dict[str, Any]] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    str: {"type": "string"},
    type(None): {"type": "null"},
}
_FIGURE = {"description": "null: not finite, so not a number of JSON", "type": ["number", "null"]}


def schema_of(kind: type[Document]) -> dict[str, Any]:
    """Complete and closed: what is not named here, this release does not write."""
    maker = _Maker()
    own = maker.table(kind)
    head = {
        "schema": {"const": schema_id(kind)},
        "exit_code": {"type": "integer", "description": "with which the command ends: docs/exit_codes.md"},
    }
    own["required"] = [*head, *own["required"]]
    own["properties"] = {**head, **own["properties"]}
    return {
        "$schema": _DIALECT,
        "$id": schema_id(kind),
        "title": _doc(kind),
        **own,
        "$defs": maker.definitions,
    }


class _Maker:
    """Collects the shared parts, each once."""

    def __init__(self) -> None:
        self.definitions: dict[str, Any] = {}
        self._kinds: dict[str, Any] = {}

    def table(self, kind: type) -> dict[str, Any]:
        """The object that a dataclass is written as."""
        properties: dict[str, Any] = {}
        optional: set[str] = set()
        hints = typing.get_type_hints(kind)
        for field in dataclasses.fields(kind):
            if is_flat(field):
                properties |= self.table(hints[field.name])["properties"]
            else:
                properties[json_name(field)] = self.of(hints[field.name])
                optional |= {json_name(field)} if may_be_left_out(field) else set()
        return {
            "type": "object",
            "required": [name for name in properties if name not in optional],
            "properties": properties,
            "additionalProperties": False,
        }

    def of(self, kind: Any) -> dict[str, Any]:
        if kind in _PLAIN:
            return dict(_PLAIN[kind])
        if kind is float:
            return self._shared("figure", kind, lambda: dict(_FIGURE))
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if origin in (types.UnionType, typing.Union):
            return {"anyOf": [self.of(one) for one in arguments]}
        if origin in (tuple, list):
            return self._items(origin, arguments)
        if origin in (dict, Mapping) or (isinstance(origin, type) and issubclass(origin, Mapping)):
            return {"type": "object", "additionalProperties": self.of(arguments[1])}
        if isinstance(kind, type):
            return self._named(kind)
        raise TypeError(f"{kind!r}: no schema can be made of it")

    def _items(self, origin: Any, arguments: tuple[Any, ...]) -> dict[str, Any]:
        if origin is tuple and arguments[-1] is not Ellipsis:
            length = len(arguments)
            each = [self.of(one) for one in arguments]
            return {"type": "array", "prefixItems": each, "items": False, "minItems": length}
        return {"type": "array", "items": self.of(arguments[0])}

    def _named(self, kind: type) -> dict[str, Any]:
        if kind is Finding:
            return self._shared("Finding", kind, self._any_finding)
        if issubclass(kind, Finding):
            return self._shared(f"finding-{kind.code}", kind, lambda: self._finding(kind))
        if issubclass(kind, Enum):
            return self._shared(kind.__name__, kind, lambda: _names(kind))
        if dataclasses.is_dataclass(kind):
            return self._shared(kind.__name__, kind, lambda: {"description": _doc(kind), **self.table(kind)})
        raise TypeError(f"{kind!r}: no schema can be made of it")

    def _shared(self, name: str, kind: Any, make: Any) -> dict[str, Any]:
        if self._kinds.setdefault(name, kind) is not kind:
            raise TypeError(f"{kind!r} and {self._kinds[name]!r} are both called {name}")
        if name not in self.definitions:
            self.definitions[name] = {}  # a kind may hold itself
            self.definitions[name] = make()
        return {"$ref": f"#/$defs/{name}"}

    def _any_finding(self) -> dict[str, Any]:
        """By its code, so that a mistake names the finding and not all of them."""
        each = [
            {"if": {"properties": {"code": {"const": code}}}, "then": self._named(kind)}
            for code, kind in sorted(FINDINGS.items())
        ]
        told = "what was found, by its stable code (hil explain CODE), whom it blames, and its figures"
        own = {"code": {"enum": sorted(FINDINGS)}}
        return {
            "description": told,
            "type": "object",
            "required": ["code", "blame"],
            "properties": own,
            "allOf": each,
        }

    def _finding(self, kind: type[Finding]) -> dict[str, Any]:
        made = self.table(kind)
        head = {"code": {"const": kind.code}, "blame": {"enum": [one.value for one in Blame]}}
        made["properties"] = {**head, **made["properties"]}
        made["required"] = [*head, *made["required"]]
        return {"description": _doc(kind), **made}


def _names(kind: type[Enum]) -> dict[str, Any]:
    return {"enum": [one.name if issubclass(kind, IntEnum) else one.value for one in kind]}


def _doc(kind: type) -> str:
    """The docstring in one line."""
    return " ".join((kind.__doc__ or kind.__name__).split())
