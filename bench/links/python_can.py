"""CAN through python-can: any of its interfaces, with stamps in the host's monotonic time."""

import asyncio
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from bench.errors import LinkError
from bench.lean_can import can
from bench.links.interface_worth import ORIGIN_WORDS, worth_of
from bench.links.kernel_stamps import enlarge_buffer
from bench.links.legal import no_can_frame
from bench.links.ports import CanLink, FrameListener
from bench.links.slcan import open_slcan
from bench.links.socketcan import open_socketcan
from bench.links.udp_multicast import open_udp_multicast
from bench.timing.clock import Clock, Timebase
from bench.timing.correlation import ForeignClock, correlate
from bench.trace.events import CanFrame
from bench.trace.facts import Anomaly, LinkBroke, Odd
from bench.trace.stamping import Origin, Stamping
from bench.trace.timeline import Trace
from bench.units import NS_PER_S

_THREAD_POLL_S = 0.05
# Spoken by the bench itself: python-can's drop silently (udp_multicast), have no transmit stamp and no drop counter
# (socketcan), or sleep 2 s with the loop blocked and cannot say which frames left (slcan).
_OWN_LINKS: dict[str, Callable[[str, Mapping[str, Any], Clock, Trace | None, str], CanLink]] = {
    "udp_multicast": open_udp_multicast,
    "socketcan": open_socketcan,
    "slcan": open_slcan,
}


class PythonCan:
    """A CanLink on an open python-can bus.

    Own frames enter the trace at the stamp of their echo; without one, when they are handed over.
    """

    def __init__(
        self, bus: can.BusABC, channel: str, interface: str, clock: Clock, trace: Trace | None, name: str
    ) -> None:
        worth = worth_of(interface)
        self.channel = channel
        self.stamping = Stamping(
            origin=worth.origin, source=f"{ORIGIN_WORDS[worth.origin]}, {interface}", u_ns=worth.u_ns
        )
        self._bus = bus
        self._worth = worth
        self._adapter = ForeignClock()
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
        if not self._worth.echo and self._trace is not None:
            self._trace.frame(self._clock.now_ns(), self.channel, frame, self._name)

    def rate_against_adapter(self) -> tuple[int, int] | None:
        """As `ForeignClock.rate`; None without a clock of the adapter's own."""
        return self._adapter.rate()

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
        t_ns = self._stamp(read_ns, message.timestamp)
        if message.is_error_frame or message.is_remote_frame:
            if self._trace is not None:
                kind = "error" if message.is_error_frame else "remote"
                text = f"a {kind} frame was received; the bench expects data frames"
                odd = Anomaly(what=Odd.NOT_A_DATA_FRAME, text=text)
                self._trace.mark(t_ns, odd, self._where, u_ns=self.stamping.u_ns)
            return
        frame = CanFrame(
            message.arbitration_id,
            bytes(message.data),
            message.is_extended_id,
            message.is_fd,
            message.bitrate_switch,
        )
        if (wrong := no_can_frame(frame)) is not None:
            if self._trace is not None:
                odd = Anomaly(what=Odd.UNREADABLE, text=f"a driver gave {wrong}; it was not taken")
                self._trace.mark(t_ns, odd, self._where, u_ns=self.stamping.u_ns)
            return
        own = not message.is_rx
        if self._trace is not None and (self._worth.echo or not own):
            self._trace.frame(t_ns, self.channel, frame, self._name if own else "dut")
        if not own:
            for listener in self._listeners:
                listener(t_ns, frame)

    def _stamp(self, read_ns: int, seconds: float) -> int:
        if self._worth.origin is Origin.ARRIVAL or not seconds:
            return read_ns
        stamp_ns = round(seconds * NS_PER_S)  # a float second of today resolves 0.24 µs
        if self._worth.origin is not Origin.ADAPTER:
            return min(read_ns, correlate().monotonic_ns(stamp_ns))  # no stamp is younger than its reading
        leaps = self._adapter.leaps
        t_ns = self._adapter.host_ns(stamp_ns, read_ns)
        if self._adapter.leaps != leaps and self._trace is not None:
            text = "the adapter's clock leapt; stamps before and after it are not to be compared"
            self._trace.mark(t_ns, LinkBroke(text=text), self._where, u_ns=self.stamping.u_ns)
        return t_ns

    def _break(self, error: Exception) -> None:
        if self._gone:
            return
        self._gone = f"the bus broke: {error}"
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            self._fd = -1
        if self._trace is not None:
            self._trace.mark(self._clock.now_ns(), LinkBroke(text=self._gone), self._where)


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
    if own := _OWN_LINKS.get(interface):
        return own(channel, options, clock, trace, name)
    if clock.timebase is not Timebase.HOST:
        raise LinkError(f"CAN '{channel}' {interface}: runs in real time only; expected a simulated bus")
    arguments = dict(options)
    if worth_of(interface).echo:
        arguments.setdefault("receive_own_messages", True)
    try:
        bus = can.Bus(interface=interface, **arguments)
    except (can.CanError, OSError, ValueError, TypeError, ImportError, NotImplementedError) as error:
        raise LinkError(f"CAN '{channel}' {interface} {dict(options)}: cannot be opened: {error}") from error
    if isinstance(raw := getattr(bus, "socket", None), socket.socket):
        # Frames a full buffer drops are lost silently; the default holds some hundred.
        enlarge_buffer(raw)
    return PythonCan(bus, channel, interface, clock, trace, name)


def _descriptor(bus: can.BusABC) -> int:
    """A descriptor the loop can watch, or -1."""
    try:
        return bus.fileno()
    except NotImplementedError:
        return -1
