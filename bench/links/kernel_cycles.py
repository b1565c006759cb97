"""Cyclic frames sent by the kernel (SocketCAN's broadcast manager): its timer keeps the grid, whatever the bench
does.

The kernel can repeat a fixed sequence of frames. A message with an alive counter and a CRC is such a sequence as long
as its values stay the same: one frame per counter value, 15 for AUTOSAR profile 1. When a value changes, the whole
sequence is replaced in place. The kernel goes on at the same index, so the counter has no jump and the grid does not
move. The frame already due may still carry the old value: up to one cycle, as with any ECU.
The kernel cannot corrupt, delay or skip one frame; such frames are sent from the bench's own grid.
"""

import socket
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress

from bench.links.socketcan_frames import pack_classic, pack_fd
from bench.trace.events import CanFrame
from bench.units import NS_PER_S, NS_PER_US

MOST_FRAMES = 256  # linux/can/bcm.h: MAX_NFRAMES

_HEAD = struct.Struct(
    "@IIIllllII"
)  # opcode, flags, count, two timevals, identifier, number of frames; aligned to 8
_TX_SETUP, _TX_DELETE = 1, 2
_SET_TIMER, _START_TIMER, _ANNOUNCE, _RESET_INDEX, _FD_FRAME = 0x1, 0x2, 0x8, 0x200, 0x800
_EXTENDED_FLAG = 0x8000_0000


class KernelCycle:
    """One message that the kernel sends every `period_ns`. `stop` ends it; closing its socket does, too.

    If this process dies, the kernel closes the socket and the cycle ends with it: no orphan keeps driving a DUT.
    """

    def __init__(
        self, interface: str, frames: Sequence[CanFrame], period_ns: int, ended: Callable[[int], None]
    ) -> None:
        if not 0 < len(frames) <= MOST_FRAMES:
            raise ValueError(f"{len(frames)} frames; the kernel cycles through 1 to {MOST_FRAMES}")
        self.can_id = frames[0].can_id
        self.last = b""
        self._interface = interface
        self._period_ns = period_ns
        self._frames = tuple(frames)
        self._ended = ended
        self._socket: socket.socket | None = None

    def begin(self) -> None:
        """Send the first frame now and the next every period. Also after the interface came back. Raises OSError."""
        self._close()
        manager = socket.socket(socket.AF_CAN, socket.SOCK_DGRAM, socket.CAN_BCM)
        try:
            manager.setblocking(False)
            manager.connect((self._interface,))
            flags = _SET_TIMER | _START_TIMER | _ANNOUNCE | _RESET_INDEX
            manager.send(self._message(_TX_SETUP, flags, self._frames))
        except OSError:
            manager.close()
            raise
        self._socket = manager

    def update(self, frames: Sequence[CanFrame]) -> None:
        """Replace what is sent from the next frame on; the grid and the place in the sequence stay."""
        if len(frames) != len(self._frames):
            raise ValueError(f"{len(frames)} frames; expected {len(self._frames)}, as at the beginning")
        self._frames = tuple(frames)
        if self._socket is not None:
            with suppress(OSError):  # the interface is away; `begin` sets the newest frames when it is back
                self._socket.send(self._message(_TX_SETUP, 0, self._frames))

    def stop(self) -> None:
        self._close()
        self._ended(self.can_id)

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _message(self, opcode: int, flags: int, frames: Sequence[CanFrame]) -> bytes:
        fd = frames[0].fd
        period_us = self._period_ns // NS_PER_US
        seconds, microseconds = divmod(period_us, NS_PER_S // NS_PER_US)
        can_id = self.can_id | (_EXTENDED_FLAG if frames[0].extended else 0)
        # ival1 counts `count` sendings and is not used; ival2 goes on for ever.
        head = _HEAD.pack(
            opcode, flags | (_FD_FRAME if fd else 0), 0, 0, 0, seconds, microseconds, can_id, len(frames)
        )
        return head + b"".join((pack_fd if fd else pack_classic)(frame) for frame in frames)
