"""What a Linux socket tells beside its data: the kernel's and the adapter's stamps, and how many it had to drop."""

import socket
import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from bench.trace.events import made
from bench.units import NS_PER_S

RECEIVE_BUFFER_BYTES = 4 << 20

_SO_RCVBUFFORCE = 33
_SO_TIMESTAMPNS = 35
_SO_TIMESTAMPING = 37
_SO_RXQ_OVFL = 40
_STAMP_RX_HARDWARE, _STAMP_RAW_HARDWARE = 1 << 2, 1 << 6
_TIMESPEC = struct.Struct("@ll")
_THREE_TIMESPECS = struct.Struct("@6l")  # software, an obsolete one, the adapter's
_COUNT = struct.Struct("@I")
ANCILLARY_BYTES = sum(socket.CMSG_SPACE(s.size) for s in (_TIMESPEC, _THREE_TIMESPECS, _COUNT))


class Beside(NamedTuple):
    """`kernel_ns`: CLOCK_REALTIME; `adapter_ns`: its own clock, 0 without one; `dropped`: in all, None if untold."""

    kernel_ns: int
    adapter_ns: int
    dropped: int | None


def ask_for_stamps(receiver: socket.socket, *, hardware: bool = False) -> None:
    """Kernel stamps, the drop counter, and a receive buffer that outlasts a pause of this process."""
    receiver.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    receiver.setsockopt(socket.SOL_SOCKET, _SO_RXQ_OVFL, 1)
    if hardware:
        receiver.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPING, _STAMP_RX_HARDWARE | _STAMP_RAW_HARDWARE)
    enlarge_buffer(receiver)


def enlarge_buffer(receiver: socket.socket) -> None:
    """Give the socket a receive buffer of RECEIVE_BUFFER_BYTES, as far as the rights of this process allow."""
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    with suppress(PermissionError):  # the plain option is capped by net.core.rmem_max
        receiver.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)


def read_beside(ancillary: Sequence[tuple[int, int, bytes]]) -> Beside:
    """What came beside one datagram or frame."""
    if len(ancillary) == 1 and ancillary[0][1] == _SO_TIMESTAMPNS:  # nothing but the stamp: nearly always
        seconds, nanoseconds = _TIMESPEC.unpack(ancillary[0][2])
        return made(Beside, (seconds * NS_PER_S + nanoseconds, 0, None))
    kernel_ns = adapter_ns = 0
    dropped = None
    for _, kind, value in ancillary:
        if kind == _SO_TIMESTAMPNS:
            seconds, nanoseconds = _TIMESPEC.unpack(value)
            kernel_ns = seconds * NS_PER_S + nanoseconds
        elif kind == _SO_RXQ_OVFL:
            dropped = _COUNT.unpack(value)[0]
        elif kind == _SO_TIMESTAMPING:
            *_, seconds, nanoseconds = _THREE_TIMESPECS.unpack(value)
            adapter_ns = seconds * NS_PER_S + nanoseconds
    return Beside(kernel_ns, adapter_ns, dropped)
