"""A checksum that no AUTOSAR profile describes: a CRC by its parameters, or a function of the user's."""

import importlib
from collections.abc import Callable, Mapping, Sequence

from bench.codec.database import Database, Message
from bench.codec.layout import Field
from bench.codec.message import EndToEnd
from bench.config.checksum import ChecksumConfig, CrcParameters
from bench.errors import ConfigError, nearest

Sum = Callable[[int, bytes], int]
"""(identifier, payload with the checksum's own bits at zero) to the checksum."""


def crc_of(parameters: CrcParameters) -> Callable[[bytes], int]:
    """A CRC, bit by bit: the model of Ross Williams, "A painless guide to CRC error detection algorithms", 1993."""
    width, poly = parameters.width, parameters.poly
    top, mask = 1 << width - 1, (1 << width) - 1

    def crc(data: bytes) -> int:
        register = parameters.init & mask
        for byte in data:
            for place in range(8):
                bit = byte >> (place if parameters.reflect_in else 7 - place) & 1
                carry = bool(register & top) != bool(bit)
                register = (register << 1 ^ (poly if carry else 0)) & mask
        if parameters.reflect_out:
            register = int(f"{register:0{width}b}"[::-1], 2)
        return register ^ parameters.xor_out

    return crc


class OwnChecksum:
    """Implements bench.codec.e2e.Protection by the fields of a message. Without a counter it has one value."""

    def __init__(self, can_id: int, length: int, fields: tuple[Field, Field | None], make: Sum) -> None:
        """fields: of the checksum, and of the counter."""
        self._can_id, self._make = can_id, make
        self._sum, self._count = fields
        self._bits = 8 * length
        self.shortest = length
        self.counters = 1 if self._count is None else 1 << self._count.length
        self.crc_byte = next(
            at for at, byte in enumerate(self._sum.mask(length).to_bytes(length, "little")) if byte
        )

    def protect(self, data: bytearray, counter: int) -> None:
        if self._count is not None:
            self._write(data, self._count, counter % self.counters)
        self._write(data, self._sum, self._right(data))

    def crc_fits(self, data: bytes | bytearray) -> bool:
        return len(data) >= self.shortest and self._read(data, self._sum) == self._right(data)

    def counter_of(self, data: bytes | bytearray) -> int:
        return 0 if self._count is None else self._read(data, self._count)

    def _right(self, data: bytes | bytearray) -> int:
        blank = bytearray(data)
        self._write(blank, self._sum, 0)
        return self._made(bytes(blank)) & (1 << self._sum.length) - 1

    def _made(self, blank: bytes) -> int:
        return int(self._make(self._can_id, blank))

    def _read(self, data: bytes | bytearray, field: Field) -> int:
        order = "little" if field.little_endian else "big"
        number = int.from_bytes(data[: self.shortest], order)  # type: ignore[arg-type]
        return number >> field.shift(self._bits, field.little_endian) & (1 << field.length) - 1

    def _write(self, data: bytearray, field: Field, value: int) -> None:
        order = "little" if field.little_endian else "big"
        shift, ones = field.shift(self._bits, field.little_endian), (1 << field.length) - 1
        number = int.from_bytes(data[: self.shortest], order)  # type: ignore[arg-type]
        number = number & ~(ones << shift) | (value & ones) << shift
        data[: self.shortest] = number.to_bytes(self.shortest, order)  # type: ignore[arg-type]


def protected_as_told(
    databases: Mapping[str, Database], checksums: Sequence[ChecksumConfig], profile: object
) -> dict[str, Database]:
    """The databases with the checksums of the profile. Raises ConfigError, a line a mistake."""
    found, mistakes = dict(databases), []
    for one in checksums:
        try:
            made = _with_checksum(found, one)
        except ConfigError as wrong:
            mistakes.append(f"{profile} [checksum {one.channel}.{one.message}]: {wrong}")
            continue
        found[one.channel] = found[one.channel].with_message(made)
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return found


def _with_checksum(databases: Mapping[str, Database], one: ChecksumConfig) -> Message:
    database = databases.get(one.channel)
    if database is None or one.message not in database:
        known = () if database is None else database.by_name
        raise ConfigError(
            f"found no such message; expected one of the bus's DBC files{nearest(one.message, known)}"
        )
    message = database[one.message]
    if message.protection is not None:
        raise ConfigError(
            f"found E2E profile {message.e2e.profile} in the DBC; expected a message without one"
        )
    total = _field(message, one.signal)
    counter = None if one.counter is None else _field(message, one.counter)
    if one.crc is not None:
        if one.crc.width != total.length:
            raise ConfigError(
                f"found a CRC of {one.crc.width} bits in '{one.signal}' of {total.length}; expected the same"
            )
        at, crc = _bytes_of(message, one, total), crc_of(one.crc)
        make: Sum = lambda _, data: crc(bytes(data[number] for number in at))  # noqa: E731
    else:
        make = _function(one.function or "")
    protection = OwnChecksum(message.can_id, message.length, (total, counter), make)
    return message.protected_by(EndToEnd(profile="own", protection=protection))


def _field(message: Message, name: str) -> Field:
    if name not in message.fields:
        raise ConfigError(f"found no signal '{name}'; expected one of its own{nearest(name, message.fields)}")
    return message.fields[name]


def _bytes_of(message: Message, one: ChecksumConfig, total: Field) -> Sequence[int]:
    """The bytes that go through the CRC: those named, else all but the ones that the checksum itself takes."""
    taken = total.mask(message.length).to_bytes(message.length, "little")
    at = one.over if one.over else tuple(number for number, bits in enumerate(taken) if not bits)
    if any(number >= message.length for number in at):
        raise ConfigError(f"found byte {max(at)} of {message.length}; expected 0 to {message.length - 1}")
    return at


def _function(name: str) -> Sum:
    module, _, function = name.partition(":")
    try:
        made = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(
            f"found '{name}': {error}; expected module:function that can be imported"
        ) from error
    if not callable(made):
        raise ConfigError(f"found '{name}', which is no function; expected module:function")
    return made  # type: ignore[no-any-return]
