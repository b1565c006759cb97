"""python-can's `udp_multicast` wire, with kernel stamps, a drop counter and both directions seen.

python-can's own bus cannot serve a latency measurement: its socket holds 256 frames and drops silently, it
does not see its own frames, and every python-can process sends from the group's port, so that nobody can tell
who sent. Here one socket with a port of its own sends, another one, joined to the group, sees all of it.
"""

import asyncio
import socket
import struct
from collections.abc import Mapping
from typing import Any

import msgpack

from bench.errors import LinkError
from bench.links.kernel_stamps import ANCILLARY_BYTES, ask_for_stamps, read_beside
from bench.links.multicast_wire import Reader, mark_of, pack
from bench.links.ports import FrameListener
from bench.timing.clock import Clock, Timebase
from bench.timing.correlation import correlate
from bench.timing.host import host_now_ns
from bench.trace.events import CanFrame, Kind
from bench.trace.timeline import Stamping, Trace

DEFAULT_GROUP = "239.74.163.2"
DEFAULT_PORT = 43113
U_NS = 150_000  # half-width of a kernel stamp on a quiet loopback, the sender's own cost included

_IP_MULTICAST_ALL = 49
_BATCH = 1024  # datagrams per turn of the loop
_DATAGRAM_BYTES = 4096


class UdpMulticastCan:
    """A CanLink over IP multicast. The trace gets every frame that passes, own ones too, at its kernel stamp.

    Frames of foreign python-can processes stand in the trace under `foreign`.
    """

    def __init__(
        self,
        *,
        channel: str,
        group: str = DEFAULT_GROUP,
        port: int = DEFAULT_PORT,
        hop_limit: int = 1,
        fd: bool = True,
        trace: Trace | None,
        name: str,
        foreign: str = "dut",
    ) -> None:
        self.channel = channel
        self.stamping = Stamping(source="kernel receive stamp, udp_multicast", u_ns=U_NS)
        self.dropped = 0  # datagrams the kernel had to drop because this process was too slow
        self._fd = fd
        self._trace = trace
        self._name = name
        self._foreign = foreign
        self._mark = mark_of(name)
        self._reader = Reader()
        self._listeners: list[FrameListener] = []
        self._where = f"CAN '{channel}' udp_multicast {group} port {port}"
        self._loop = asyncio.get_running_loop()
        try:
            self._receiver, self._sender = _open_sockets(group, port, hop_limit)
        except OSError as error:
            raise LinkError(f"{self._where}: {error}; expected a group this host has a route to") from error
        self._own_address = self._sender.getsockname()[:2]
        self._open = True
        self._loop.add_reader(self._receiver.fileno(), self._drain)
        if trace is not None:
            trace.stamping[channel] = self.stamping

    def send(self, frame: CanFrame) -> None:
        if not self._open:
            raise LinkError(f"{self._where}: closed; frame 0x{frame.can_id:X} was to be sent")
        if frame.fd and not self._fd:
            raise LinkError(
                f"{self._where}: FD frame 0x{frame.can_id:X} on a classic bus; expected fd = true"
            )
        try:
            self._sender.send(pack(frame, self._mark))
        except OSError as error:
            raise LinkError(f"{self._where}: frame 0x{frame.can_id:X} not sent: {error}") from error

    def subscribe(self, listener: FrameListener) -> None:
        self._listeners.append(listener)

    def close(self) -> None:
        if self._open:
            self._open = False
            self._loop.remove_reader(self._receiver.fileno())
            self._receiver.close()
            self._sender.close()

    def _drain(self) -> None:
        """Each datagram is dealt with before the next is read: what piles up costs more than it saves."""
        correlation = correlate()
        receive, own_address = self._receiver.recvmsg, self._own_address
        for _ in range(_BATCH):
            try:
                data, ancillary, _, address = receive(_DATAGRAM_BYTES, ANCILLARY_BYTES)
            except BlockingIOError:
                return
            except OSError as error:  # the network under it went away
                if self._trace is not None:
                    text = f"reception broke: {error}"
                    self._trace.mark(host_now_ns(), Kind.ERROR, self._where, text=text)
                self.close()
                return
            beside = read_beside(ancillary)
            if beside.dropped is not None:
                self.dropped = beside.dropped
            self._take(correlation.monotonic_ns(beside.kernel_ns), data, address[:2] == own_address)
            if not self._open:  # a listener has closed the link
                return

    def _take(self, t_ns: int, data: bytes, own: bool) -> None:
        try:
            frame, sender = self._reader.read(data)
        except (ValueError, TypeError, KeyError, AttributeError, msgpack.UnpackException) as error:
            self._anomaly(t_ns, f"a datagram of {len(data)} bytes is no python-can message: {error}")
            return
        if frame is None:
            self._anomaly(t_ns, "a remote or error frame was received; the bench uses data frames only")
            return
        if frame.fd and not self._fd:
            return
        if self._trace is not None:
            self._trace.frame(t_ns, self.channel, frame, self._name if own else sender or self._foreign)
        if not own:
            for listener in self._listeners:
                listener(t_ns, frame)

    def _anomaly(self, t_ns: int, text: str) -> None:
        if self._trace is not None:
            self._trace.mark(t_ns, Kind.ANOMALY, self._where, u_ns=U_NS, text=text)


def open_udp_multicast(
    channel: str, options: Mapping[str, Any], clock: Clock, trace: Trace | None, name: str
) -> UdpMulticastCan:
    """Join a group. Options as in python-can: channel (the group), port, hop_limit, fd; also foreign."""
    if clock.timebase is not Timebase.HOST:
        raise LinkError(f"CAN '{channel}' udp_multicast: runs in real time only; expected a simulated bus")
    known = {"channel", "port", "hop_limit", "fd", "foreign"}
    if strange := set(options) - known:
        raise LinkError(
            f"CAN '{channel}' udp_multicast: unknown option '{min(strange)}'; "
            f"expected {', '.join(sorted(known))}"
        )
    return UdpMulticastCan(
        channel=channel,
        group=options.get("channel", DEFAULT_GROUP),
        port=options.get("port", DEFAULT_PORT),
        hop_limit=options.get("hop_limit", 1),
        fd=options.get("fd", True),
        trace=trace,
        name=name,
        foreign=options.get("foreign", "dut"),
    )


def _open_sockets(group: str, port: int, hop_limit: int) -> tuple[socket.socket, socket.socket]:
    """(receiver joined to the group, sender with a port of its own), both non-blocking."""
    family = socket.AF_INET6 if ":" in group else socket.AF_INET
    packed = socket.inet_pton(family, group)
    receiver = socket.socket(family, socket.SOCK_DGRAM)
    sender = socket.socket(family, socket.SOCK_DGRAM)
    try:
        for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            receiver.setsockopt(socket.SOL_SOCKET, option, 1)
        ask_for_stamps(receiver)
        receiver.bind((group, port))  # the group's address: other groups on this port stay out
        if family == socket.AF_INET:
            receiver.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
            membership = packed + struct.pack("@I", socket.INADDR_ANY)
            receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, hop_limit)
        else:
            receiver.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, packed + struct.pack("@I", 0))
            sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, hop_limit)
        sender.connect((group, port))
        receiver.setblocking(False)
        sender.setblocking(False)
    except OSError:
        receiver.close()
        sender.close()
        raise
    return receiver, sender
