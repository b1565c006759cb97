"""A checksum of the DUT's own kind, as a profile's `[[checksum]]` says it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CrcParameters:
    """A CRC as its catalogues name it. poly: without the highest bit, not reflected."""

    width: int
    poly: int
    init: int = 0
    xor_out: int = 0
    reflect_in: bool = False
    reflect_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecksumConfig:
    """Where the checksum of a message lies and how it is made: `crc`, or `function` ("module:function").

    over: the bytes that go through the CRC, in this order; empty: all but those that the checksum takes.
    """

    channel: str
    message: str
    signal: str
    counter: str | None = None
    crc: CrcParameters | None = None
    function: str | None = None
    over: tuple[int, ...] = ()
