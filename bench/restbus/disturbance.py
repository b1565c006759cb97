"""What can be wrong with a cyclic message on its way: lost, late, frozen, corrupt, short, twice, out of range."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Disturbance:
    """Applied to every frame of one message while it is set. E2E protection comes after `change`, before the rest.

    lost: nothing is sent. one_in: above 1, one frame in `one_in` is lost. late_ns: sent that much after its time.
    freeze_counter: the alive counter stands still. skip: the counter jumps by this number. crc_xor: bits of one byte
    that are inverted. length: cut or padded to this number of bytes.
    crc_at: the byte that crc_xor inverts bits of.
    twice: sent two times. change: the payload before protection (a value out of range, with a good CRC).
    only: which payloads it is for, such as one page of several; None: all.
    """

    lost: bool = False
    one_in: int = 1
    late_ns: int = 0
    freeze_counter: bool = False
    skip: int = 0
    crc_xor: int = 0
    crc_at: int = 0
    length: int | None = None
    twice: bool = False
    change: Callable[[bytes], bytes] | None = None
    only: Callable[[bytes], bool] | None = None
    _due: int = 0

    def concerns(self, data: bytes) -> bool:
        """Whether this payload is disturbed at all."""
        return self.only is None or self.only(data)

    def loses(self) -> bool:
        """Whether the frame that is due now is lost; each is asked of once."""
        self._due += 1
        return self.lost and self._due % self.one_in == 0

    def before_protection(self, data: bytes) -> bytes:
        return data if self.change is None else self.change(data)

    def after_protection(self, data: bytes) -> bytes:
        if self.crc_xor:
            at = self.crc_at
            data = data[:at] + bytes((data[at] ^ self.crc_xor,)) + data[at + 1 :]
        if self.length is not None:
            data = data[: self.length].ljust(self.length, b"\0")
        return data
