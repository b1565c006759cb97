"""A container of AUTOSAR (4.x): several PDUs in one frame, each behind a header with its id and its length.

Its layout is told in the words of multiplexers: the header of a place says which PDU lies behind it, and so where the
next header is. So a frame is read whatever PDUs it carries, in any order; where there are very many, in the order of
the file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bench.codec.layout import Field, Layer
from bench.codec.lengths import CLASSIC_BYTES, frame_length
from bench.codec.message import Message

HEADER_BYTES = 4
_ID_BITS, _LENGTH_BITS = 24, 8
_MOST_LAYERS = 2000
NOTHING = 0  # as a header: the frame ends here, the rest of it is filled up


@dataclass(frozen=True, slots=True, kw_only=True)
class Pdu:
    """What may lie in a container: its name, the id in its header, its length in bytes, and its signals."""

    name: str
    header_id: int
    length: int
    layout: Layer

    @property
    def header(self) -> int:
        """Id and length as one number, as they stand in the frame."""
        return self.header_id << _LENGTH_BITS | self.length


def container_message(
    pdus: Sequence[Pdu],
    *,
    name: str,
    can_id: int,
    extended: bool,
    most: int,
    cycle_ns: int,
    senders: tuple[str, ...],
) -> Message:
    """The message of a container that holds `most` bytes; it is as long as what all of them fill.

    The bench sends it with as many of its PDUs as go into it. Raises ValueError, with found and expected.
    """
    filled = min(most, sum(HEADER_BYTES + one.length for one in pdus))
    length = frame_length(filled, j1939=False)
    layout = layout_of(pdus, length)
    message = Message(
        name=name,
        can_id=can_id,
        extended=extended,
        fd=length > CLASSIC_BYTES,
        length=length,
        layout=layout,
        cycle_ns=cycle_ns,
        senders=senders,
    )
    message.sent = whole(layout)
    return message


def layout_of(pdus: Sequence[Pdu], length: int) -> Layer:
    """The layer of a container of `length` bytes. Raises ValueError, with found and expected, for one of too many."""
    for one in pdus:
        if not 0 < one.header_id < 1 << _ID_BITS or not 0 <= one.length < 1 << _LENGTH_BITS:
            raise ValueError(f"found PDU {one.name} with header id {one.header_id}; expected one of 24 bits")
    if len({one.header_id for one in pdus}) != len(pdus):
        raise ValueError("found two PDUs of one header id; expected each once")
    any_order = _count(pdus, range(len(pdus)), 0, length, any_order=True) <= _MOST_LAYERS
    if not any_order and _count(pdus, range(len(pdus)), 0, length, any_order=False) > _MOST_LAYERS:
        raise ValueError(
            f"found a container of {len(pdus)} PDUs; expected fewer ways to fill it than {_MOST_LAYERS}"
        )
    return _place(_by_one_name(pdus), range(len(pdus)), 0, length, any_order=any_order)


def whole(layer: Layer) -> Layer:
    """The one way through a container on which it carries most: what is sent of it."""
    branches = {}
    for selector, choices in layer.branches.items():
        key = max(choices, key=lambda one: _depth(choices[one]))
        branches[selector] = {key: whole(choices[key])}
    return Layer(fields=layer.fields, branches=branches)


def _depth(layer: Layer) -> int:
    return len(layer.fields) + max(
        (_depth(child) for choices in layer.branches.values() for child in choices.values()), default=0
    )


def _place(pdus: Sequence[Pdu], left: Sequence[int], at: int, length: int, *, any_order: bool) -> Layer:
    """What may stand at byte `at`, of the PDUs that are left."""
    fitting = _fitting(pdus, left, at, length)
    if not fitting:
        return Layer(fields=(), branches={})
    header = Field(
        name=f"Header_{at}",
        start=8 * at + 7,
        length=_ID_BITS + _LENGTH_BITS,
        little_endian=False,
        signed=False,
        is_float=False,
        scale=1,
        offset=0,
        minimum=None,
        maximum=None,
        choices={pdus[number].header: pdus[number].name for number in fitting},
    )
    choices: dict[int, Layer] = {NOTHING: Layer(fields=(), branches={})}
    for number in fitting:
        one, begin = pdus[number], at + HEADER_BYTES
        rest = _place(pdus, _after(number, left, any_order), begin + one.length, length, any_order=any_order)
        own = _moved(one.layout, 8 * begin)
        choices[one.header] = Layer(
            fields=own.fields + rest.fields, branches={**own.branches, **rest.branches}
        )
    return Layer(fields=(header,), branches={header.name: choices})


def _fitting(pdus: Sequence[Pdu], left: Sequence[int], at: int, length: int) -> list[int]:
    return [number for number in left if at + HEADER_BYTES + pdus[number].length <= length]


def _after(number: int, left: Sequence[int], any_order: bool) -> list[int]:
    """Which PDUs may still come behind that one."""
    return [other for other in left if (other != number if any_order else other > number)]


def _moved(layer: Layer, bits: int) -> Layer:
    return Layer(
        fields=tuple(replace(one, start=one.start + bits) for one in layer.fields),
        branches={
            selector: {key: _moved(child, bits) for key, child in choices.items()}
            for selector, choices in layer.branches.items()
        },
    )


def _by_one_name(pdus: Sequence[Pdu]) -> list[Pdu]:
    """A signal name that several PDUs have is told with that of its PDU."""
    names = [set(_names(one.layout)) for one in pdus]
    twice = {
        name for at, own in enumerate(names) for name in own if any(name in other for other in names[:at])
    }
    return [replace(one, layout=_renamed(one.layout, one.name, twice)) for one in pdus]


def _names(layer: Layer) -> Iterator[str]:
    yield from (one.name for one in layer.fields)
    for choices in layer.branches.values():
        for child in choices.values():
            yield from _names(child)


def _renamed(layer: Layer, pdu: str, twice: set[str]) -> Layer:
    def told(name: str) -> str:
        return f"{pdu}.{name}" if name in twice else name

    return Layer(
        fields=tuple(replace(one, name=told(one.name)) for one in layer.fields),
        branches={
            told(selector): {key: _renamed(child, pdu, twice) for key, child in choices.items()}
            for selector, choices in layer.branches.items()
        },
    )


def _count(pdus: Sequence[Pdu], left: Sequence[int], at: int, length: int, *, any_order: bool) -> int:
    """How many layers there would be; it stops where there are too many."""
    found = 1
    for number in _fitting(pdus, left, at, length):
        end = at + HEADER_BYTES + pdus[number].length
        found += 1 + _count(pdus, _after(number, left, any_order), end, length, any_order=any_order)
        if found > _MOST_LAYERS:
            break
    return found
