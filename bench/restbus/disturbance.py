"""What can be wrong with a cyclic message on its way: lost, late, frozen, corrupt, short, twice, out of range."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Disturbance:
    """Applied to every frame of one message while it is set. E2E protection comes after `change`, before the rest.

    lost: nothing is sent. late_ns: sent that much after its time. freeze_counter: the alive counter stands still.
    skip: the counter jumps by this number. crc_xor: bits of byte 0 that are inverted. length: cut or padded to this
    number of bytes.
    twice: sent two times. change: the payload before protection (a value out of range, with a good CRC).
    """

    lost: bool = False
    late_ns: int = 0
    freeze_counter: bool = False
    skip: int = 0
    crc_xor: int = 0
    length: int | None = None
    twice: bool = False
    change: Callable[[bytes], bytes] | None = None

    def before_protection(self, data: bytes) -> bytes:
        return data if self.change is None else self.change(data)

    def after_protection(self, data: bytes) -> bytes:
        if self.crc_xor:
            data = bytes([data[0] ^ self.crc_xor, *data[1:]])
        if self.length is not None:
            data = data[: self.length].ljust(self.length, b"\0")
        return data
