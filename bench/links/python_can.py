"""CAN through python-can: any of its interfaces, with stamps in the host's monotonic time."""

import asyncio
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import can

from bench.errors import LinkError
from bench.links.ports import CanLink, FrameListener
from bench.links.slcan import open_slcan
from bench.links.udp_multicast import open_udp_multicast
from bench.timing.clock import Clock, Timebase
from bench.timing.correlation import correlate
from bench.trace.events import CanFrame, Kind
from bench.trace.timeline import Stamping, Trace
from bench.units import NS_PER_S

_RECEIVE_BUFFER_BYTES = 4 << 20
_THREAD_POLL_S = 0.05


class _Interface(NamedTuple):
    """What python-can 4.6.1 gives on an interface: whose stamp, its half-width, do own frames come back."""

    stamp: str
    epoch: bool  # Message.timestamp is CLOCK_REALTIME; otherwise the frame is stamped as the bench reads it
    u_ns: int
    echo: bool


_ARRIVAL = "read by the bench"
_ADAPTER = "adapter clock, offset taken at open"
_INTERFACES = {
    "socketcan": _Interface("kernel receive stamp", True, 150_000, True),
    "virtual": _Interface("sender's clock read", True, 500_000, True),
    "kvaser": _Interface(_ADAPTER, True, 1_000_000, True),
    "vector": _Interface(_ADAPTER, True, 1_000_000, True),
    "pcan": _Interface(_ARRIVAL, False, 2_000_000, True),  # epoch only where `uptime` is installed
    "ixxat": _Interface(_ARRIVAL, False, 2_000_000, False),  # echoes cannot be told from others
    "gs_usb": _Interface(_ARRIVAL, False, 2_000_000, False),  # device clock, wraps after 71.6 min
    "slcan": _Interface(_ARRIVAL, False, 5_000_000, False),
}
_UNKNOWN = _Interface(_ARRIVAL, False, 5_000_000, False)


class PythonCan:
    """A CanLink on an open python-can bus.

    Own frames enter the trace at the stamp of their echo; without one, when they are handed over.
    """

    def __init__(
        self, bus: can.BusABC, channel: str, interface: str, clock: Clock, trace: Trace | None, name: str
    ) -> None:
        facts = _INTERFACES.get(interface, _UNKNOWN)
        self.channel = channel
        self.stamping = Stamping(source=f"{facts.stamp}, {interface}", u_ns=facts.u_ns)
        self._bus = bus
        self._facts = facts
        self._clock = clock
        self._trace = trace
        self._name = name
        self._listeners: list[FrameListener] = []
        self._where = f"CAN '{channel}' {interface}"
        self._loop = asyncio.get_running_loop()
        self._gone = ""
        self._closed = False
        self._thread: threading.Thread | None = None  # noqa: TID251
        self._fd = _descriptor(bus)
        if self._fd >= 0:
            self._loop.add_reader(self._fd, self._drain)
        else:  # this driver can only be asked, and asking blocks
            self._thread = threading.Thread(  # noqa: TID251
                target=self._poll, name=self._where, daemon=True
            )
            self._thread.start()
        if trace is not None:
            trace.stamping[channel] = self.stamping

    def send(self, frame: CanFrame) -> None:
        self._check()
        message = can.Message(
            arbitration_id=frame.can_id,
            data=frame.data,
            is_extended_id=frame.extended,
            is_fd=frame.fd,
            bitrate_switch=frame.bitrate_switch,
            is_rx=False,
        )
        try:
            self._bus.send(message)
        except (can.CanError, OSError, ValueError) as error:
            raise LinkError(f"{self._where}: frame 0x{frame.can_id:X} not sent: {error}") from error
        if not self._facts.echo and self._trace is not None:
            self._trace.frame(self._clock.now_ns(), self.channel, frame, self._name)

    def subscribe(self, listener: FrameListener) -> None:
        self._listeners.append(listener)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            self._fd = -1
        self._gone = self._gone or "closed; open it again before use"
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        with suppress(can.CanError, OSError):  # an adapter that is gone cannot be told to stop
            self._bus.shutdown()

    def _check(self) -> None:
        if self._gone:
            raise LinkError(f"{self._where}: {self._gone}")

    def _drain(self) -> None:
        try:
            while not self._gone and (message := self._bus.recv(0)) is not None:
                self._take(self._clock.now_ns(), message)
        except (can.CanError, OSError) as error:
            self._break(error)

    def _poll(self) -> None:
        """The thread: wait for frames, stamp them, hand them to the loop."""
        while not self._gone:
            try:
                message = self._bus.recv(_THREAD_POLL_S)
            except (can.CanError, OSError) as error:
                self._loop.call_soon_threadsafe(self._break, error)
                return
            if message is not None and not self._gone:
                self._loop.call_soon_threadsafe(self._take, self._clock.now_ns(), message)

    def _take(self, read_ns: int, message: can.Message) -> None:
        t_ns = read_ns
        if self._facts.epoch and message.timestamp:
            # A float second of today resolves 0.24 µs; a stamp cannot be younger than its reading.
            t_ns = min(read_ns, correlate().monotonic_ns(round(message.timestamp * NS_PER_S)))
        if message.is_error_frame or message.is_remote_frame:
            if self._trace is not None:
                kind = "error" if message.is_error_frame else "remote"
                text = f"a {kind} frame was received; the bench expects data frames"
                self._trace.mark(t_ns, Kind.ANOMALY, self._where, u_ns=self.stamping.u_ns, text=text)
            return
        frame = CanFrame(
            message.arbitration_id,
            bytes(message.data),
            message.is_extended_id,
            message.is_fd,
            message.bitrate_switch,
        )
        own = self._facts.echo and not message.is_rx
        if self._trace is not None:
            self._trace.frame(t_ns, self.channel, frame, self._name if own else "dut")
        if not own:
            for listener in self._listeners:
                listener(t_ns, frame)

    def _break(self, error: Exception) -> None:
        if self._gone:
            return
        self._gone = f"the bus broke: {error}"
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            self._fd = -1
        if self._trace is not None:
            self._trace.mark(self._clock.now_ns(), Kind.ERROR, self._where, text=self._gone)


def open_can(
    channel: str,
    interface: str,
    options: Mapping[str, Any],
    clock: Clock,
    trace: Trace | None,
    name: str,
) -> CanLink:
    """Open the bench channel `channel` on a python-can interface, on the running loop.

    `options` are python-can's (its own "channel", such as "can0", among them). LinkError names the cause.
    """
    if interface == "udp_multicast":
        return open_udp_multicast(channel, options, clock, trace, name)
    if (
        interface == "slcan"
    ):  # python-can's sleeps 2 s with the loop blocked, and cannot say which frames left
        return open_slcan(channel, options, clock, trace, name)
    if clock.timebase is not Timebase.HOST:
        raise LinkError(f"CAN '{channel}' {interface}: runs in real time only; expected a simulated bus")
    arguments = dict(options)
    if _INTERFACES.get(interface, _UNKNOWN).echo:
        arguments.setdefault("receive_own_messages", True)
    try:
        bus = can.Bus(interface=interface, **arguments)
    except (can.CanError, OSError, ValueError, TypeError, ImportError, NotImplementedError) as error:
        raise LinkError(f"CAN '{channel}' {interface} {dict(options)}: cannot be opened: {error}") from error
    if isinstance(raw := getattr(bus, "socket", None), socket.socket):
        # Frames a full buffer drops are lost silently; the default holds some hundred.
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
    return PythonCan(bus, channel, interface, clock, trace, name)


def _descriptor(bus: can.BusABC) -> int:
    """A descriptor the loop can watch, or -1."""
    try:
        return bus.fileno()
    except NotImplementedError:
        return -1
