"""Every type of finding, with any content."""

import dataclasses
import typing
from enum import Enum

from hypothesis import strategies as st

from bench.measure.finding.base import Finding
from bench.measure.finding.closed_set import FINDINGS

_OF_TYPE: dict[object, st.SearchStrategy[object]] = {
    bool: st.booleans(),
    int: st.integers(0, 2**50),
    float: st.floats(-1e6, 1e6),
    str: st.text('abcü-"\u2028 <', max_size=8),
    type(None): st.none(),
}


def _of_hint(hint: typing.Any) -> st.SearchStrategy[typing.Any]:
    arguments = typing.get_args(hint)
    if typing.get_origin(hint) is tuple:
        if arguments[-1] is Ellipsis:
            return st.lists(_of_hint(arguments[0]), max_size=2).map(tuple)
        return st.tuples(*map(_of_hint, arguments))
    if arguments:
        return st.one_of(*map(_of_hint, arguments))
    if hint in _OF_TYPE:
        return _OF_TYPE[hint]
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    return _of_dataclass(hint)


def _of_dataclass(kind: type) -> st.SearchStrategy[typing.Any]:
    hints = typing.get_type_hints(kind)
    fields = (f for f in dataclasses.fields(kind) if f.name not in ("together", "either"))
    return st.builds(kind, **{f.name: _of_hint(hints[f.name]) for f in fields})


findings: st.SearchStrategy[Finding] = st.one_of([_of_dataclass(kind) for kind in FINDINGS.values()])
