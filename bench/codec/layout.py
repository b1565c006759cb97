"""What a message looks like: fields in layers, one for what is always there, one per multiplexer value."""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.errors import BenchError

Number = float | int


class CodecError(BenchError, ValueError):
    """A payload or a value that does not fit the message it is meant for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One signal as it lies in the payload; `start` counts as DBC does, limits are physical."""

    name: str
    start: int
    length: int
    little_endian: bool
    signed: bool
    is_float: bool
    scale: Number
    offset: Number
    minimum: Number | None
    maximum: Number | None
    choices: Mapping[int, str] = field(default_factory=dict)
    unit: str = ""

    @property
    def identity(self) -> bool:
        return self.scale == 1 and self.offset == 0

    @property
    def integral(self) -> bool:
        """Physical values are integers, computed in integers."""
        return not self.is_float and float(self.scale).is_integer() and float(self.offset).is_integer()

    @property
    def raw_limits(self) -> tuple[int, int]:
        if self.signed:
            return -(1 << (self.length - 1)), (1 << (self.length - 1)) - 1
        return 0, (1 << self.length) - 1

    @property
    def limits(self) -> tuple[float, float]:
        """Physical, with the millionth of a step that cantools grants for rounding."""
        slack = abs(self.scale) * 1e-6
        low = -math.inf if self.minimum is None else self.minimum - slack
        return low, math.inf if self.maximum is None else self.maximum + slack

    def carries(self, value: Number) -> bool:
        """Whether a frame can say exactly this physical value."""
        if self.is_float or not math.isfinite(value):
            return math.isfinite(value)
        if self.scale == 0:
            return value == self.offset
        raw = (value - self.offset) / self.scale
        least, most = self.raw_limits
        return abs(raw - round(raw)) <= 1e-6 and least <= round(raw) <= most

    @property
    def reach(self) -> tuple[Number, Number]:
        """The lowest and the highest physical value of its bits."""
        low, high = sorted(raw * self.scale + self.offset for raw in self.raw_limits)
        return low, high

    def shift(self, payload_bits: int, little: bool) -> int:
        """Places to shift the payload, read in that byte order, until this field ends at bit 0."""
        if self.little_endian:
            lowest = self.start
            return lowest if little else payload_bits - 8 * (lowest // 8 + 1) + lowest % 8
        end = 8 * (self.start // 8) + 7 - self.start % 8 + self.length
        return payload_bits - end if not little else 8 * (self.start // 8) + self.start % 8 - self.length + 1

    def mask(self, length: int) -> int:
        """The bits this field takes of a payload of `length` bytes, read as a little-endian number."""
        bits = ((1 << self.length) - 1) << self.shift(8 * length, self.little_endian)
        return bits if self.little_endian else int.from_bytes(bits.to_bytes(length, "big"), "little")

    @property
    def in_one_byte(self) -> bool:
        """Such a field reads the same in both byte orders."""
        if self.little_endian:
            return self.start // 8 == (self.start + self.length - 1) // 8
        return self.start % 8 - self.length + 1 >= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Fields present together, and what each value of a multiplexer among them adds."""

    fields: tuple[Field, ...]
    branches: Mapping[str, Mapping[int, "Layer"]]


FLOAT_CODE = {16: ">e", 32: ">f", 64: ">d"}


def bits_to_float(raw: int, length: int) -> float:
    """An IEEE 754 pattern of 16, 32 or 64 bits as a number."""
    value: float = struct.unpack(FLOAT_CODE[length], raw.to_bytes(length // 8, "big"))[0]
    return value


def float_to_bits(value: float, length: int) -> int:
    """The IEEE 754 pattern of `value`, in `length` bits. Raises OverflowError where it does not fit."""
    return int.from_bytes(struct.pack(FLOAT_CODE[length], value), "big")


def all_fields(layer: Layer) -> list[Field]:
    """All fields of the layer and of every page below it."""
    found = list(layer.fields)
    for choices in layer.branches.values():
        for child in choices.values():
            found += all_fields(child)
    return found


def paths(
    layer: Layer, name: str, above: tuple[tuple[Field, int], ...]
) -> list[tuple[tuple[tuple[Field, int], ...], Field]]:
    """Every place a signal has, each with the multiplexer values that lead there."""
    found = [(above, f) for f in layer.fields if f.name == name]
    by_name = {f.name: f for f in layer.fields}
    for selector, choices in layer.branches.items():
        for key, child in choices.items():
            found += paths(child, name, (*above, (by_name[selector], key)))
    return found


def first_branches(layer: Layer) -> list[tuple[Field, int]]:
    """For every multiplexer the value of its first page: 0 if the page exists, else the lowest value."""
    found: list[tuple[Field, int]] = []
    for one in layer.fields:
        if choices := layer.branches.get(one.name):
            key = 0 if 0 in choices else min(choices)
            found += [(one, key), *first_branches(choices[key])]
    return found
