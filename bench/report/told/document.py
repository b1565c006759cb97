"""A document of `--json`: a dataclass as plain JSON values, under the name and version of its schema.

The schema is made of the same dataclass (`bench.report.told.schema`), so the two cannot differ.
"""

import dataclasses
import json
import math
from collections.abc import Mapping
from enum import Enum, IntEnum
from typing import Any, ClassVar

from bench.measure.finding.base import Finding
from bench.record.codable import may_be_left_out

_PREFIX = "bms-hil-bench"
FLAT = {"flat": True}
"""Of a field: its own fields stand in its place."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What one command prints. schema_name: as `hil schema` knows it; version: another where a reader must change."""

    schema_name: ClassVar[str] = ""
    version: ClassVar[int] = 1


def called(name: str) -> dict[str, str]:
    """For a field that has another name in JSON, because the name is a reserved word in Python."""
    return {"name": name}


def json_name(field: "dataclasses.Field[Any]") -> str:
    """The field's name in JSON."""
    return str(field.metadata.get("name", field.name))


def is_flat(field: "dataclasses.Field[Any]") -> bool:
    """Whether the field's own fields stand in the document itself."""
    return bool(field.metadata.get("flat"))


def schema_id(kind: type[Document]) -> str:
    """The identifier of a document's schema, with its version."""
    return f"{_PREFIX}/{kind.schema_name}/{kind.version}"


def content_of(document: Document, exit_code: int) -> dict[str, Any]:
    """The whole document. exit_code: that with which the command ends, since a pipeline may lose it."""
    return {"schema": schema_id(type(document)), "exit_code": exit_code, **_fields(document)}


def text_of(document: Document, exit_code: int = 0, indent: int | None = None) -> str:
    """As JSON, one line unless `indent` says otherwise."""
    return json.dumps(content_of(document, exit_code), allow_nan=False, indent=indent)


def _left_out(value: Any) -> dict[str, Any]:
    return {one.name: plain(one.default) for one in dataclasses.fields(value) if may_be_left_out(one)}


def _fields(value: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for field in dataclasses.fields(value):
        if may_be_left_out(field) and getattr(value, field.name) == field.default:
            continue
        item = plain(getattr(value, field.name))
        if is_flat(field):  # its fields are the document's own, which always tells all of them
            made |= _left_out(getattr(value, field.name)) | item
        else:
            made[json_name(field)] = item
    return made


def plain(value: Any) -> Any:
    """As `bench.record.codable.encode`, and strict JSON: a figure that is not finite becomes null."""
    if isinstance(value, Finding):
        return {"code": value.code, "blame": value.blame.value, **_fields(value)}
    if dataclasses.is_dataclass(value):
        return _fields(value)
    if isinstance(value, IntEnum):
        return value.name
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
