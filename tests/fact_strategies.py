"""Every type of fact that a mark can say, with any content."""

import dataclasses
import typing

from hypothesis import strategies as st

from bench.record.marks import FACTS
from bench.trace.facts import Fact

_OF_TYPE: dict[type, st.SearchStrategy[object]] = {
    bool: st.booleans(),
    int: st.integers(-(2**60), 2**60),
    float: st.floats(allow_nan=False),
    str: st.text(max_size=8) | st.sampled_from(["Füller\u2028x", 'a"\0b']),
    type(None): st.none(),
}


def _of_hint(hint: type) -> st.SearchStrategy[object]:
    if typing.get_origin(hint) is tuple:
        return st.lists(st.tuples(st.text("ab.", max_size=4), st.integers(0, 2**40)), max_size=3).map(tuple)
    options = typing.get_args(hint) or (hint,)
    return st.one_of([_OF_TYPE[one] if one in _OF_TYPE else st.sampled_from(one) for one in options])


def of_type(kind: type[Fact]) -> st.SearchStrategy[Fact]:
    hints = typing.get_type_hints(kind)
    return st.builds(kind, **{f.name: _of_hint(hints[f.name]) for f in dataclasses.fields(kind)})


facts: st.SearchStrategy[Fact] = st.one_of([of_type(kind) for kind in FACTS.values()])
