"""What a firmware in a process of its own needs: python-can buses on an asyncio loop, an end when told."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable

from bench.errors import ConfigError, LinkError
from bench.lean_can import can
from bench.timing.clock import Phase
from bench.timing.host import HostClock
from bench.trace.events import CanFrame
from bench.units import NS_PER_MS

_RECEIVE_BUFFER_BYTES = 4 << 20
_READS_PER_WAKE = 256  # a flooded bus must not starve the base task
_POLL_NS = NS_PER_MS

MessageListener = Callable[[can.Message], None]


def open_bus(spec: str) -> can.BusABC:
    """`"udp_multicast:channel=239.74.163.2,port=43113"` → that python-can bus.

    Raises ConfigError for a malformed spec, LinkError when the bus does not open.
    """
    interface, _, rest = spec.partition(":")
    options: dict[str, str | int | bool] = {}
    for part in filter(None, rest.split(",")):
        key, equals, value = part.partition("=")
        if not (key and equals):
            raise ConfigError(f"bus '{spec}': found '{part}'; expected interface:key=value,key=value")
        lowered = value.lower()
        truth = lowered == "true" if lowered in ("true", "false") else value
        options[key] = int(value) if value.isdecimal() else truth
    try:
        bus = can.Bus(interface=interface, **options)  # type: ignore[arg-type]
    except (can.CanError, OSError, ValueError, TypeError) as error:
        raise LinkError(f"bus '{spec}' does not open: {error}") from error
    _enlarge_buffer(bus)
    return bus


def _enlarge_buffer(bus: can.BusABC) -> None:
    """The multicast bus keeps the kernel's small default, which a burst of sense frames overruns."""
    for holder in (getattr(bus, "_multicast", None), bus):
        found = getattr(holder, "_socket", None) or getattr(holder, "socket", None)
        if isinstance(found, socket.socket):
            found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)


def to_frame(message: can.Message) -> CanFrame:
    return CanFrame(
        message.arbitration_id,
        bytes(message.data),
        message.is_extended_id,
        message.is_fd,
        message.bitrate_switch,
    )


def to_message(frame: CanFrame) -> can.Message:
    return can.Message(
        arbitration_id=frame.can_id,
        data=frame.data,
        is_extended_id=frame.extended,
        is_fd=frame.fd,
        bitrate_switch=frame.bitrate_switch,
    )


def _is_data(message: can.Message) -> bool:
    """python-can's own check lets some through that no bus could carry: an id that is NaN, or a fraction."""
    whole = isinstance(message.arbitration_id, int)
    return whole and not (message.is_error_frame or message.is_remote_frame)


def listen(clock: HostClock, bus: can.BusABC, listener: MessageListener) -> Callable[[], None]:
    """Call `listener` for every data frame until the returned function is called.

    What is no frame is left out, as a CAN controller does: on the virtual bus anybody may send any datagram.
    """

    def drain() -> None:
        for _ in range(_READS_PER_WAKE):
            try:
                message = bus.recv(timeout=0)
            except can.CanOperationError as error:
                if isinstance(error.__cause__, OSError):
                    raise  # the bus itself is gone; anything else is one datagram that cannot be read
                continue
            if message is None:
                return
            if _is_data(message):
                listener(message)

    try:
        descriptor = bus.fileno()
    except NotImplementedError:
        descriptor = -1
    if descriptor < 0:
        return clock.every(_POLL_NS, Phase.BUS, drain, first_ns=clock.now_ns() + _POLL_NS).cancel
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, drain)
    return lambda: (loop.remove_reader(descriptor), None)[1]


class ToldToEnd(asyncio.Event):
    """Set once this process is to end."""

    def __init__(self) -> None:
        super().__init__()
        self._signal = 0

    def by(self, number: int) -> None:
        self._signal = self._signal or number
        self.set()

    @property
    def exit_code(self) -> int:
        """128 + its number where a signal said so: whoever looks at it sees that the process did not end by itself."""
        return 128 + self._signal if self._signal else 0


def told_to_end() -> ToldToEnd:
    """Set on SIGTERM, SIGINT and SIGHUP, and when stdin ends: whoever started this process has gone.

    Ask for it before saying "ready", or a signal that follows at once meets no handler.
    """
    loop = asyncio.get_running_loop()
    told = ToldToEnd()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, told.by, number)
    descriptor = sys.stdin.fileno()

    def read() -> None:
        if not os.read(descriptor, 4096):
            loop.remove_reader(descriptor)
            told.set()

    loop.add_reader(descriptor, read)
    return told
