"""A column of JSON values that every database takes: a figure that is no number is no JSON, and a server refuses it."""

from math import isfinite
from typing import Any

from sqlalchemy import JSON
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

_FLOAT = "hil_float"  # {"hil_float": "nan"}


class FiniteJson(TypeDecorator[Any]):
    """JSON in which nan and the infinities survive. What an older release wrote as `NaN` is read as it is."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Any, _: Dialect) -> Any:
        return _written(value)

    def process_result_value(self, value: Any, _: Dialect) -> Any:
        return _read(value)


def _written(value: Any) -> Any:
    match value:
        case float() if not isfinite(value):
            return {_FLOAT: repr(value)}
        case dict():
            return {key: _written(one) for key, one in value.items()}
        case list() | tuple():
            return [_written(one) for one in value]
        case _:
            return value


def _read(value: Any) -> Any:
    match value:
        case dict() if value.keys() == {_FLOAT}:
            return float(value[_FLOAT])
        case dict():
            return {key: _read(one) for key, one in value.items()}
        case list():
            return [_read(one) for one in value]
        case _:
            return value
