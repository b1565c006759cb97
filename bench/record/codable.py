"""Facts as JSON and back: dataclasses of scalars, enums, tuples, dicts and other such dataclasses."""

import dataclasses
import types
import typing
from enum import Enum, IntEnum
from functools import cache
from typing import Any, TypeVar

from bench.errors import RecordError
from bench.measure.ending import EndedBy
from bench.measure.finding.base import Finding
from bench.measure.finding.closed_set import FINDINGS
from bench.measure.finding.scenario import Worded
from bench.measure.plan import Plan
from bench.record import version_1
from bench.verdict.result import Reason, RunResult, ShotResult

T = TypeVar("T")


def encode(value: Any) -> Any:
    """Plain JSON values. An IntEnum becomes its name, so that a file says FAIL and not 3.

    A finding has its code and whom it blames beside its figures. A field that is marked so is left out where it has
    its default. So a younger field does not change the record of a shot without it.
    """
    if isinstance(value, Finding):
        figures = {f.name: encode(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"code": value.code, "blame": value.blame.value, **figures}
    if dataclasses.is_dataclass(value):
        return {
            f.name: encode(getattr(value, f.name))
            for f in dataclasses.fields(value)
            if not (may_be_left_out(f) and getattr(value, f.name) == f.default)
        }
    if isinstance(value, IntEnum):
        return value.name
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {key: encode(item) for key, item in value.items()}
    return value


def may_be_left_out(field: dataclasses.Field[Any]) -> bool:
    """Whether a record has this field only where it does not hold its default."""
    return bool(field.metadata.get("left_out_empty"))


def decode(kind: type[T], value: Any, place: str = "") -> T:
    """The `kind` that `encode` made `value` of. Raises RecordError naming the place that does not fit."""
    return typing.cast(T, _decode(kind, value, place or kind.__name__))


def run_to_dict(run: RunResult) -> dict[str, Any]:
    """For RunFolder.finish."""
    return typing.cast(dict[str, Any], encode(run))


def run_from_dict(content: dict[str, Any]) -> RunResult:
    """From OpenedRun.result. Raises RecordError."""
    return decode(RunResult, content)


def shot_to_dict(shot: ShotResult) -> dict[str, Any]:
    """For RunFolder.write_shot."""
    return typing.cast(dict[str, Any], encode(shot))


def plan_to_dict(plan: Plan) -> dict[str, Any]:
    """For RunFolder.write_shot."""
    return typing.cast(dict[str, Any], encode(plan))


def plan_from_dict(content: dict[str, Any]) -> Plan:
    """From read_shot. Raises RecordError."""
    return decode(Plan, content)


@cache
def _fields(kind: type) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _decode(kind: Any, value: Any, place: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return _decode_union(arguments, value, place)
    if origin is tuple and isinstance(value, list):
        kinds = (arguments[0],) * len(value) if arguments[-1] is Ellipsis else arguments
        if len(kinds) == len(value):
            return tuple(
                _decode(one, item, f"{place}[{i}]") for i, (one, item) in enumerate(zip(kinds, value))
            )
    elif origin is dict and isinstance(value, dict):
        return {key: _decode(arguments[1], item, f"{place}.{key}") for key, item in value.items()}
    elif kind is Reason and isinstance(value, str):
        return Reason(finding=Worded(said=value))
    elif isinstance(kind, type):
        return _decode_plain(kind, value, place)
    raise _not_a(kind, value, place)


def _decode_union(arguments: tuple[Any, ...], value: Any, place: str) -> Any:
    if type(None) in arguments and (value is None or (value == "" and str not in arguments)):
        return None  # "" stood for nothing in version 1
    options = [argument for argument in arguments if argument is not type(None)]
    if all(isinstance(one, type) and issubclass(one, Finding) for one in options):
        return _decode_finding(tuple(options), value, place)
    (only,) = options
    return _decode(only, value, place)


def _decode_plain(kind: type, value: Any, place: str) -> Any:
    if issubclass(kind, Finding):
        return _decode_finding((kind,), value, place)
    if dataclasses.is_dataclass(kind) and isinstance(value, dict):
        return _decode_dataclass(kind, value, place)
    if issubclass(kind, Enum):
        return _decode_enum(kind, value, place)
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if type(value) is kind:
        return value
    raise _not_a(kind, value, place)


def _not_a(kind: Any, value: Any, place: str) -> RecordError:
    return RecordError(f"{place}: found {value!r:.60}; expected {getattr(kind, '__name__', kind)}")


def _decode_dataclass(kind: type, value: dict[str, Any], place: str) -> Any:
    fields = _fields(kind)
    # A field with a default may be absent: it is younger than the run.
    optional = {f.name for f in dataclasses.fields(kind) if f.default is not dataclasses.MISSING}
    if not fields.keys() - optional <= value.keys() <= fields.keys():
        odd = ", ".join(sorted(fields.keys() ^ value.keys()))
        raise RecordError(f"{place}: fields missing or unknown: {odd}; expected those of {kind.__name__}")
    try:
        return kind(**{name: _decode(fields[name], item, f"{place}.{name}") for name, item in value.items()})
    except ValueError as error:
        raise RecordError(f"{place}: {error}") from error


def _decode_finding(kinds: tuple[type[Finding], ...], value: Any, place: str) -> Finding:
    """By its code. A release before findings had types stored words, which are kept as such."""
    if isinstance(value, str):
        return Worded(said=value)
    code = value.get("code") if isinstance(value, dict) else None
    kind = FINDINGS.get(code) if isinstance(code, str) else None
    if kind is None or not issubclass(kind, kinds):
        expected = " or ".join(one.code or "a finding" for one in kinds)
        raise RecordError(f"{place}: found {value!r:.60}; expected {expected}")
    figures = {name: item for name, item in value.items() if name not in ("code", "blame")}
    return typing.cast(Finding, _decode_dataclass(kind, figures, f"{place}:{code}"))


def _decode_enum(kind: type[Enum], value: Any, place: str) -> Enum:
    if kind is EndedBy and isinstance(value, str):
        value = version_1.ended_by(value)
    try:
        return kind[value] if issubclass(kind, IntEnum) else kind(value)
    except (KeyError, ValueError) as error:
        known = ", ".join(m.name if issubclass(kind, IntEnum) else str(m.value) for m in kind)
        raise RecordError(f"{place}: found {value!r}; expected one of {known}") from error
