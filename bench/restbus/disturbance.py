"""What can be wrong with a cyclic message on its way: lost, late, frozen, corrupt, short, twice, out of range."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Disturbance:
    """Applied to every frame of one message while it is set. E2E protection comes after `change`, before the rest.

    lost: nothing is sent. late_ns: sent that much after its time. freeze_counter: the alive counter stands still.
    skip: the counter jumps by this number. crc_xor: bits of one byte that are inverted. length: cut or padded to this
    number of bytes.
    crc_at: the byte that crc_xor inverts bits of.
    twice: sent two times. change: the payload before protection (a value out of range, with a good CRC).
    only: which payloads it is for, such as one page of several; None: all.
    """

    lost: bool = False
    late_ns: int = 0
    freeze_counter: bool = False
    skip: int = 0
    crc_xor: int = 0
    crc_at: int = 0
    length: int | None = None
    twice: bool = False
    change: Callable[[bytes], bytes] | None = None
    only: Callable[[bytes], bool] | None = None

    def concerns(self, data: bytes) -> bool:
        """Whether this payload is disturbed at all."""
        return self.only is None or self.only(data)

    def before_protection(self, data: bytes) -> bytes:
        return data if self.change is None else self.change(data)

    def after_protection(self, data: bytes) -> bytes:
        if self.crc_xor:
            at = self.crc_at
            data = data[:at] + bytes((data[at] ^ self.crc_xor,)) + data[at + 1 :]
        if self.length is not None:
            data = data[: self.length].ljust(self.length, b"\0")
        return data
