"""Facts as JSON and back: dataclasses of scalars, enums, tuples, dicts and other such dataclasses."""

import dataclasses
import types
import typing
from collections.abc import Callable, Sequence
from enum import Enum, IntEnum
from functools import cache, partial
from itertools import repeat
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
    kind: Any = type(value)
    return _writer(kind)(value)


@cache
def _writer(kind: type) -> Callable[[Any], Any]:
    """What makes JSON values of one type's values: put together once, as a run writes hundreds of thousands."""
    if issubclass(kind, Finding):
        return partial(_finding_written, tuple(f.name for f in dataclasses.fields(kind)))
    if dataclasses.is_dataclass(kind):
        return partial(_fields_written, dataclasses.fields(kind))
    if issubclass(kind, IntEnum):
        return lambda value: value.name
    if issubclass(kind, Enum):
        return lambda value: value.value
    if issubclass(kind, tuple | list):
        return lambda value: [encode(item) for item in value]
    if issubclass(kind, dict):
        return lambda value: {key: encode(item) for key, item in value.items()}
    return lambda value: value


def _finding_written(names: Sequence[str], value: Finding) -> dict[str, Any]:
    figures = {name: encode(getattr(value, name)) for name in names}
    return {"code": value.code, "blame": value.blame.value, **figures}


def _fields_written(fields: Sequence[dataclasses.Field[Any]], value: Any) -> dict[str, Any]:
    pairs = ((f, getattr(value, f.name)) for f in fields)
    return {f.name: encode(one) for f, one in pairs if not (may_be_left_out(f) and one == f.default)}


def may_be_left_out(field: dataclasses.Field[Any]) -> bool:
    """Whether a record has this field only where it does not hold its default."""
    return bool(field.metadata.get("left_out_empty"))


def decode(kind: type[T], value: Any, place: str = "") -> T:
    """The `kind` that `encode` made `value` of. Raises RecordError naming the place that does not fit."""
    of: Any = kind
    try:
        return typing.cast(T, _reader(of)(value))
    except _Misfit as odd:
        raise RecordError(f"{place or kind.__name__}{odd.place}: {odd.text}") from odd.__cause__


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


# --- reading ------------------------------------------------------------------------------------------------
# What a type's values are read by is put together once: a run has hundreds of thousands of them.

_Read = Callable[[Any], Any]


class _Misfit(Exception):
    """What does not fit, and its place below the value that was asked for."""

    def __init__(self, text: str, place: str = "") -> None:
        super().__init__(text)
        self.text, self.place = text, place

    def below(self, place: str) -> None:
        """Told one level further up."""
        self.place = place + self.place


def _not_a(kind: Any, value: Any) -> _Misfit:
    return _Misfit(f"found {value!r:.60}; expected {getattr(kind, '__name__', kind)}")


@cache
def _reader(kind: Any) -> _Read:
    """What reads values of any type that a field may have."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return _union_reader(arguments)
    if origin is tuple:
        return _tuple_reader(kind, arguments)
    if origin is dict:
        return _dict_reader(kind, arguments[1])
    if isinstance(kind, type):
        return _plain_reader(kind)

    def none(value: Any) -> Any:
        raise _not_a(kind, value)

    return none


def _union_reader(arguments: tuple[Any, ...]) -> _Read:
    options = tuple(argument for argument in arguments if argument is not type(None))
    if all(isinstance(one, type) and issubclass(one, Finding) for one in options):
        read = _finding_reader(options)
    else:
        (only,) = options
        read = _reader(only)
    if len(options) == len(arguments):
        return read
    none_as_text = str not in arguments  # "" stood for nothing in version 1

    def or_none(value: Any) -> Any:
        return None if value is None or (none_as_text and value == "") else read(value)

    return or_none


def _tuple_reader(kind: Any, arguments: tuple[Any, ...]) -> _Read:
    any_length = arguments[-1] is Ellipsis
    reads = [_reader(one) for one in arguments if one is not Ellipsis]

    def read(value: Any) -> Any:
        if not isinstance(value, list) or not (any_length or len(value) == len(reads)):
            raise _not_a(kind, value)
        place = 0
        found = []
        try:
            for place, (one, item) in enumerate(zip(repeat(reads[0]) if any_length else reads, value)):  # noqa: B007 - told of a misfit
                found.append(one(item))
        except _Misfit as odd:
            odd.below(f"[{place}]")
            raise
        return tuple(found)

    return read


def _dict_reader(kind: Any, of: Any) -> _Read:
    one = _reader(of)

    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            raise _not_a(kind, value)
        return _each(value, lambda _: one)

    return read


def _each(value: dict[str, Any], read: Callable[[str], _Read]) -> dict[str, Any]:
    found = {}
    key = ""
    try:
        for key, item in value.items():
            found[key] = read(key)(item)
    except _Misfit as odd:
        odd.below(f".{key}")
        raise
    return found


def _plain_reader(kind: type) -> _Read:
    if issubclass(kind, Finding):
        return _finding_reader((kind,))
    if dataclasses.is_dataclass(kind):
        return _dataclass_reader(kind)
    if issubclass(kind, Enum):
        return partial(_enum, kind)
    is_float = kind is float

    def read(value: Any) -> Any:
        if type(value) is kind:
            return value
        if is_float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        raise _not_a(kind, value)

    return read


@cache
def _dataclass_reader(kind: Any) -> _Read:
    fields = dataclasses.fields(kind)
    names = frozenset(field.name for field in fields)
    # A field with a default may be absent: it is younger than the run.
    needed = names - {field.name for field in fields if field.default is not dataclasses.MISSING}
    reads: dict[str, _Read] = {}  # when the first one is read: a type may hold values of its own type

    def read(value: Any) -> Any:
        if kind is Reason and isinstance(value, str):
            return Reason(finding=Worded(said=value))
        if not isinstance(value, dict):
            raise _not_a(kind, value)
        if not needed <= value.keys() <= names:
            odd = ", ".join(sorted(names ^ value.keys()))
            raise _Misfit(f"fields missing or unknown: {odd}; expected those of {kind.__name__}")
        if not reads:
            hints = typing.get_type_hints(kind)
            reads.update((name, _reader(hints[name])) for name in names)
        try:
            return kind(**_each(value, reads.__getitem__))
        except ValueError as error:
            raise _Misfit(str(error)) from error

    return read


def _finding_reader(kinds: tuple[type[Finding], ...]) -> _Read:
    """By its code. A release before findings had types stored words, which are kept as such."""

    def read(value: Any) -> Any:
        if isinstance(value, str):
            return Worded(said=value)
        code = value.get("code") if isinstance(value, dict) else None
        kind: Any = FINDINGS.get(code) if isinstance(code, str) else None
        if kind is None or not issubclass(kind, kinds):
            expected = " or ".join(one.code or "a finding" for one in kinds)
            raise _Misfit(f"found {value!r:.60}; expected {expected}")
        try:
            return _dataclass_reader(kind)({k: v for k, v in value.items() if k not in ("code", "blame")})
        except _Misfit as odd:
            odd.below(f":{code}")
            raise

    return read


def _enum(kind: type[Enum], value: Any) -> Enum:
    if kind is EndedBy and isinstance(value, str):
        value = version_1.ended_by(value)
    try:
        return kind[value] if issubclass(kind, IntEnum) else kind(value)
    except (KeyError, ValueError) as error:
        known = ", ".join(m.name if issubclass(kind, IntEnum) else str(m.value) for m in kind)
        raise _Misfit(f"found {value!r}; expected one of {known}") from error
