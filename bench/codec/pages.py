"""Frames made straight from quantities: a `[[play]]` of the profile bound to its message, page by page.

A message without multiplexer has one page; of a multiplexed one, each multiplexer value that carries something shown
is a page, and a sweep sends them in that order. Signals that nobody shows rest at raw zero. Pages are plain data, so
that they can be handed to another process as JSON.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from bench.codec.database import Message
from bench.codec.layout import Field, Layer
from bench.config.play import INDEXED, Play, Shown
from bench.errors import ConfigError, nearest

Read = Callable[[str, int], float | None]
"""(quantity, index from 0) to its value in SI; None or nan where there is no reading."""

Asked = Sequence[tuple[str, int]]
"""(quantity, index from 0) of every slot of a page."""

Bind = Callable[[Asked], Callable[[], Sequence[float | None]]]
"""What is asked, bound once, to what reads it all: a sending every few milliseconds looks nothing up by name."""

_VALUE, _VALID, _INVALID, _COUNTER = 0, 1, 2, 3
_KINDS = {"value": _VALUE, "valid": _VALID, "invalid": _INVALID}
_MOST_NUMBERS = 1000


class Slot(NamedTuple):
    """One signal of a page: raw = floor(gain * value + offset), kept in [low, high], at `shift` of its word.

    none: raw for no reading; beyond: raw for out of range, None to saturate.
    """

    quantity: str
    number: int
    kind: int
    big: bool
    shift: int
    mask: int
    gain: float
    offset: float
    low: int
    high: int
    none: int
    beyond: int | None


class Page(NamedTuple):
    """The constant parts of a payload as two words (little and big endian), and what varies."""

    little: int
    big: int
    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """One played message, bound to its layout."""

    can_id: int
    extended: bool
    fd: bool
    length: int
    pages: tuple[Page, ...]

    def payload(self, page: int, read: Read) -> bytes:
        return self.payload_of(page, [read(slot[0], slot[1]) for slot in self.pages[page].slots])

    def payload_of(self, page: int, values: Sequence[float | None]) -> bytes:
        """The payload that shows `values`, one for each slot of the page."""
        little, big, slots = self.pages[page]
        for (_, _, kind, is_big, shift, mask, gain, offset, low, high, none, beyond), value in zip(
            slots, values
        ):
            if kind == _VALUE and value is not None and low <= (scaled := gain * value + offset) < high + 1:
                raw = math.floor(scaled)
            elif kind == _COUNTER:
                raw = int(value or 0)  # the mask makes it wrap
            else:
                missing = value is None or value != value
                if kind != _VALUE:
                    raw = int(missing == (kind == _INVALID))
                elif missing:
                    raw = none
                elif beyond is not None:
                    raw = beyond
                else:
                    raw = low if scaled < low else high
            if is_big:
                big |= (raw & mask) << shift
            else:
                little |= (raw & mask) << shift
        data = little.to_bytes(self.length, "little")
        if not big:
            return data
        return (int.from_bytes(data, "big") | big).to_bytes(self.length, "big")

    def to_plain(self) -> dict[str, Any]:
        """Lists, numbers and text only."""
        return {
            "can_id": self.can_id,
            "extended": self.extended,
            "fd": self.fd,
            "length": self.length,
            "pages": [[page.little, page.big, [list(slot) for slot in page.slots]] for page in self.pages],
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Pages":
        """The inverse of `to_plain`. Raises KeyError, TypeError or ValueError for anything else."""
        return cls(
            can_id=plain["can_id"],
            extended=plain["extended"],
            fd=plain["fd"],
            length=plain["length"],
            pages=tuple(
                Page(little, big, tuple(Slot(*slot) for slot in slots))
                for little, big, slots in plain["pages"]
            ),
        )


class Payloads:
    """Payloads of one played message. Remembers each page's last one: most cycles show the same values again."""

    def __init__(self, pages: Pages, bind: Bind) -> None:
        self._pages = pages
        self._values = [bind([(slot.quantity, slot.number) for slot in page.slots]) for page in pages.pages]
        self._shown: list[Sequence[float | None] | None] = [None] * len(pages.pages)
        self._payload = [b""] * len(pages.pages)

    def of(self, page: int) -> bytes:
        values = self._values[page]()
        if values != self._shown[page]:
            self._payload[page] = self._pages.payload_of(page, values)
            self._shown[page] = values
        return self._payload[page]


def compile_pages(play: Play, message: Message, numbers: Mapping[str, int], file: object) -> Pages:
    """Bind a play to its message. `numbers`: cells and sensors of the pack. Raises ConfigError, a line per mistake."""
    mistakes: list[str] = []
    place = f"{file} [play {play.channel}.{play.message}]"
    shown = _expand(play, message, numbers, mistakes, place)
    mistakes += [
        f"{place}: found factor 0 of signal '{name}' in the DBC; expected another, with 0 no value can be shown"
        for name in shown
        if name in message.fields and message.fields[name].scale == 0
    ]
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    pages = []
    for fields, fixed in _layers(message):
        here = [(shown[name], field) for name, field in fields.items() if name in shown]
        if not fixed or any(index < numbers.get(one.quantity, 1) for (one, index), _ in here):
            pages.append(_page(message, here, fixed, numbers))
    return Pages(
        can_id=message.can_id,
        extended=message.extended,
        fd=message.fd,
        length=message.length,
        pages=tuple(pages),
    )


def idle_pages(message: Message) -> Pages:
    """The message at raw zero, first multiplexer value only."""
    return Pages(
        can_id=message.can_id,
        extended=message.extended,
        fd=message.fd,
        length=message.length,
        pages=(Page(0, 0, ()),),
    )


def _expand(
    play: Play, message: Message, numbers: Mapping[str, int], mistakes: list[str], place: str
) -> dict[str, tuple[Shown, int]]:
    """Every signal by its full name, with the index of its cell or sensor."""
    shown: dict[str, tuple[Shown, int]] = {}
    for one in play.shown:
        if one.quantity not in INDEXED:
            if one.signal not in message.fields:
                near = nearest(one.signal, message.fields)
                mistakes.append(
                    f"{place}: found no signal '{one.signal}' in the DBC; expected one of its signals{near}"
                )
            shown[one.signal] = (one, 0)
            continue
        count = 0
        for index in range(_MOST_NUMBERS):
            name = one.signal.format(cell=index + 1, cell0=index, sensor=index + 1, sensor0=index)
            if name not in message.fields:
                break
            shown[name] = (one, index)
            count += 1
        wanted = numbers.get(one.quantity, 0)
        if count < wanted:
            name = one.signal.format(cell=count + 1, cell0=count, sensor=count + 1, sensor0=count)
            near = nearest(name, message.fields)
            mistakes.append(
                f"{place}: found no signal '{name}' in the DBC; expected {wanted} of '{one.signal}'{near}"
            )
    return shown


def _layers(message: Message) -> list[tuple[dict[str, Field], list[tuple[Field, int]]]]:
    """(fields, multiplexer values to be set) of every page a message can have."""

    def walk(
        layer: Layer, above: dict[str, Field], fixed: list[tuple[Field, int]]
    ) -> list[tuple[dict[str, Field], list[tuple[Field, int]]]]:
        fields = {**above, **{one.name: one for one in layer.fields}}
        if not layer.branches:
            return [(fields, fixed)]
        found = []
        for selector, choices in layer.branches.items():
            for key in sorted(choices):
                found += walk(choices[key], fields, [*fixed, (fields[selector], key)])
        return found

    return walk(message.layout, {}, [])


def _page(
    message: Message,
    here: Sequence[tuple[tuple[Shown, int], Field]],
    fixed: Sequence[tuple[Field, int]],
    numbers: Mapping[str, int],
) -> Page:
    words = [0, 0]
    slots: list[Slot] = []
    bits = 8 * message.length

    def put(field: Field, raw: int) -> None:
        words[not field.little_endian] |= (raw & (1 << field.length) - 1) << field.shift(
            bits, field.little_endian
        )

    for field, key in fixed:
        put(field, key)
    for (one, index), field in here:
        slot = _slot(one, index, field, bits)
        if not one.quantity:
            put(field, min(slot.high, max(slot.low, math.floor(slot.offset))))
        elif index >= numbers.get(one.quantity, 1):
            put(field, slot.none if slot.kind == _VALUE else int(slot.kind == _INVALID))
        else:
            slots.append(slot)
    return Page(words[0], words[1], tuple(slots))


def _slot(one: Shown, index: int, field: Field, bits: int) -> Slot:
    low, high = field.raw_limits
    if field.minimum is not None and field.maximum is not None and field.minimum < field.maximum:
        ends = sorted((_raw(field, field.minimum), _raw(field, field.maximum)))
        low, high = max(low, ends[0]), min(high, ends[1])
    none = 0 if one.no_value is None else _raw(field, one.no_value)
    if one.no_value is not None:  # the code for "no reading" is no reading
        high = high - 1 if none == high else high
        low = low + 1 if none == low else low
    return Slot(
        quantity=one.quantity,
        number=index,
        kind=_COUNTER if one.quantity == "counter" else _KINDS[one.what],
        big=not field.little_endian,
        shift=field.shift(bits, field.little_endian),
        mask=(1 << field.length) - 1,
        gain=one.gain / field.scale,
        offset=(one.offset - field.offset) / field.scale + 0.5,
        low=low,
        high=high,
        none=none,
        beyond=none if one.beyond == "no_value" else None,
    )


def _raw(field: Field, physical: float) -> int:
    return math.floor((physical - field.offset) / field.scale + 0.5)
