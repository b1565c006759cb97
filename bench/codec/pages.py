"""Frames made straight from quantities, page by page: what `bench.codec.page_layout` makes of a `[[play]]`.

Pages are plain data, so that they can be handed to another process as JSON.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from bench.codec.layout import float_to_bits

Read = Callable[[str, int], float | None]
"""(quantity, index from 0) to its value in SI; None or nan where there is no reading."""

Asked = Sequence[tuple[str, int]]
"""(quantity, index from 0) of every slot of a page."""

Bind = Callable[[Asked], Callable[[], Sequence[float | None]]]
"""What is asked, bound once, to what reads it all: a sending every few milliseconds looks nothing up by name."""

VALUE, VALID, INVALID, COUNTER = 0, 1, 2, 3


class Ieee(NamedTuple):
    """A float signal: its raw value is (physical - offset) / scale, as IEEE 754 of `bits` bits."""

    bits: int
    scale: float
    offset: float

    def raw(self, physical: float) -> int:
        """The bits of the value; the largest there is where it is larger."""
        value = physical if self.scale == 1 and self.offset == 0 else (physical - self.offset) / self.scale
        most = LARGEST[self.bits]
        return float_to_bits(value if value != value else min(most, max(-most, value)), self.bits)


LARGEST = {16: 65504.0, 32: (2 - 2**-23) * 2.0**127, 64: (2 - 2**-52) * 2.0**1023}


class Slot(NamedTuple):
    """One signal of a page: raw = floor(gain * value + offset), kept in [low, high], at `shift` of its word. A
    counter starts again with low after high.

    none: raw value for no reading. beyond: raw value for out of range, None to saturate.
    ends: the sensor itself ends there, beyond all values that the DUT's promises depend on. A value held there is
    told and does not change the verdict.
    ieee: of a float signal, see `Ieee`; gain, offset, low and high are physical then.
    """

    quantity: str
    number: int
    kind: int
    big: bool
    shift: int
    mask: int
    gain: float
    offset: float
    low: float
    high: float
    none: int
    beyond: int | None
    signal: str = ""
    ends: bool = False
    ieee: Ieee | None = None


Clipped = tuple[Slot, float]
"""A signal, and the value in SI that it could not carry by more than its own step."""


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

    def payload_of(
        self, page: int, values: Sequence[float | None], clipped: list[Clipped] | None = None
    ) -> bytes:
        """The payload that shows `values`, one for each slot of the page. `clipped` is told what it cannot carry."""
        little, big, slots = self.pages[page]
        for slot, value in zip(slots, values):
            (_, _, kind, is_big, shift, mask, gain, offset, low, high, none, beyond, _, _, ieee) = slot
            if ieee is not None:
                raw = _float_raw(slot, ieee, value, clipped)
            elif kind == VALUE and value is not None and low <= (scaled := gain * value + offset) < high + 1:
                raw = math.floor(scaled)
            elif kind == COUNTER:
                raw = counted(low, high, value)
            elif value is None or value != value:
                raw = none if kind == VALUE else int(kind == INVALID)
            elif kind != VALUE:
                raw = int(kind == VALID)
            else:
                raw = beyond if beyond is not None else int(low) if scaled < low else int(high)
                if clipped is not None and not low - 1 < scaled < high + 2:
                    clipped.append((slot, value))
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
                Page(little, big, tuple(_slot_of(slot) for slot in slots))
                for little, big, slots in plain["pages"]
            ),
        )


def _slot_of(plain: Sequence[Any]) -> Slot:
    *rest, ieee = plain
    return Slot(*rest)._replace(ieee=None if ieee is None else Ieee(*ieee))


def counted(low: float, high: float, count: float | None) -> int:
    """A count that wraps where the signal's range, from `low` to `high`, ends."""
    return int(low) + int(count or 0) % (int(high) - int(low) + 1)


def _float_raw(slot: Slot, ieee: Ieee, value: float | None, clipped: list[Clipped] | None) -> int:
    if slot.kind == COUNTER:
        return float_to_bits(float(value or 0), ieee.bits)
    missing = value is None or value != value
    if slot.kind != VALUE:
        return float_to_bits(float(missing == (slot.kind == INVALID)), ieee.bits)
    if value is None or missing:
        return slot.none
    physical = slot.gain * value + slot.offset if slot.offset else slot.gain * value
    if slot.low <= physical <= slot.high:
        return ieee.raw(physical)
    if clipped is not None:
        clipped.append((slot, value))
    if slot.beyond is not None:
        return slot.beyond
    return ieee.raw(min(slot.high, max(slot.low, physical)))


class Payloads:
    """Payloads of one played message. Remembers each page's last one: most cycles show the same values again.

    tell: hears of every value that a signal could not carry.
    """

    def __init__(self, pages: Pages, bind: Bind, tell: Callable[[Slot, float], None] | None = None) -> None:
        self._pages = pages
        self._values = [bind([(slot.quantity, slot.number) for slot in page.slots]) for page in pages.pages]
        self._shown: list[Sequence[float | None] | None] = [None] * len(pages.pages)
        self._payload = [b""] * len(pages.pages)
        self._tell = tell

    def of(self, page: int) -> bytes:
        values = self._values[page]()
        if values != self._shown[page]:
            clipped: list[Clipped] | None = None if self._tell is None else []
            self._payload[page] = self._pages.payload_of(page, values, clipped)
            self._shown[page] = values
            if clipped and self._tell is not None:
                for slot, value in clipped:
                    self._tell(slot, value)
        return self._payload[page]
