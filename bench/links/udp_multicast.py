"""python-can's `udp_multicast` wire, with kernel stamps, a drop counter and both directions seen.

python-can's own bus cannot serve a latency measurement. Its socket holds 256 frames and drops more without a word. It
does not see its own frames. Every python-can process sends from the group's port, so the sender is not known. Here
one socket with a port of its own sends, and another one, joined to the group, sees all of it.

The bus belongs to this host: nothing leaves it and nothing from another host is taken, unless the bench file says so
(`hop_limit`, `foreign_hosts`). Other datagrams are anomalies, and end nothing.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from bench.errors import LinkError
from bench.links.can_options import UDP_MULTICAST
from bench.links.kernel_stamps import ANCILLARY_BYTES, read_beside
from bench.links.multicast_sockets import Address, is_own, open_sockets
from bench.links.multicast_wire import NotAFrame, Reader, mark_of, pack
from bench.links.ports import FrameListener
from bench.timing.clock import Clock, Timebase
from bench.timing.correlation import correlate
from bench.timing.host import host_now_ns
from bench.trace.events import CanFrame
from bench.trace.facts import Anomaly, LinkBroke, Odd
from bench.trace.stamping import Origin, Stamping
from bench.trace.timeline import Trace

DEFAULT_GROUP = "239.74.163.2"
DEFAULT_PORT = 43113
U_NS = 150_000  # half-width of a kernel stamp on a quiet loopback, the sender's own cost included

_BATCH = 1024  # datagrams per turn of the loop
_DATAGRAM_BYTES = 4096
_MOST_HOSTS = 4096  # addresses remembered
_EACH_TOLD = 10  # foreign datagrams with a mark of their own; from then on the 100th, the 1,000th, …
BENCH_ONLY = ("foreign", "foreign_hosts")  # options that python-can does not know


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
        hop_limit: int = 0,
        foreign_hosts: bool = False,
        fd: bool = True,
        trace: Trace | None,
        name: str,
        foreign: str = "dut",
    ) -> None:
        self.channel = channel
        self.stamping = Stamping(
            origin=Origin.KERNEL, source="kernel receive stamp, udp_multicast", u_ns=U_NS
        )
        self.dropped = 0  # datagrams the kernel had to drop because this process was too slow
        self._fd = fd
        self._trace = trace
        self._name = name
        self._foreign = foreign
        self._mark = mark_of(name)
        self._reader = Reader()
        self._hosts: dict[str, bool] = {}  # address: whether its frames are taken
        self._takes_all_hosts = foreign_hosts
        self.refused = 0  # datagrams of other hosts
        self._listeners: list[FrameListener] = []
        self._where = f"CAN '{channel}' udp_multicast {group} port {port}"
        self._loop = asyncio.get_running_loop()
        try:
            self._receiver, self._sender = open_sockets(group, port, hop_limit)
        except (OSError, ValueError) as error:
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
                    self._trace.mark(host_now_ns(), LinkBroke(text=text), self._where)
                self.close()
                return
            beside = read_beside(ancillary)
            if beside.dropped is not None:
                self.dropped = beside.dropped
            t_ns = correlation.monotonic_ns(beside.kernel_ns)
            if self._hosts.get(address[0]) or self._is_taken(address):
                self._take(t_ns, data, address[:2] == own_address)
            else:
                self._refuse(t_ns, len(data), address)
            if not self._open:  # a listener has closed the link
                return

    def _take(self, t_ns: int, data: bytes, own: bool) -> None:
        try:
            frame, sender = self._reader.read(data)
        except NotAFrame as error:
            text = f"a datagram of {len(data)} bytes is no python-can message: {error}"
            self._anomaly(t_ns, Odd.UNREADABLE, text)
            return
        if frame is None:
            text = "a remote or error frame was received; the bench uses data frames only"
            self._anomaly(t_ns, Odd.NOT_A_DATA_FRAME, text)
            return
        if frame.fd and not self._fd:
            return
        if self._trace is not None:
            self._trace.frame(t_ns, self.channel, frame, self._name if own else sender or self._foreign)
        if not own:
            for listener in self._listeners:
                listener(t_ns, frame)

    def _is_taken(self, address: Address) -> bool:
        if address[0] not in self._hosts:
            if len(self._hosts) >= _MOST_HOSTS:
                self._hosts.clear()
            self._hosts[address[0]] = self._takes_all_hosts or is_own(address)
        return self._hosts[address[0]]

    def _refuse(self, t_ns: int, length: int, address: Address) -> None:
        """A neighbour's bus may carry thousands a second: the first few have a mark each, then every power of ten."""
        self.refused += 1
        count = self.refused
        if count <= _EACH_TOLD or (count % 10 == 0 and str(count).strip("0") == "1"):
            found = f"a datagram of {length} bytes from {address[0]} port {address[1]}, another host"
            how_many = "" if count == 1 else f" ({count} so far)"
            expected = "expected this host's own, or foreign_hosts = true in the options of the bus"
            text = f"{found}, was not taken{how_many}; {expected}"
            self._anomaly(t_ns, Odd.FOREIGN, text, about=address[0])

    def _anomaly(self, t_ns: int, what: Odd, text: str, about: str = "") -> None:
        if self._trace is not None:
            self._trace.mark(t_ns, Anomaly(what=what, text=text, about=about), self._where, u_ns=U_NS)


def open_udp_multicast(
    channel: str, options: Mapping[str, Any], clock: Clock, trace: Trace | None, name: str
) -> UdpMulticastCan:
    """Join a group. Options as in python-can: channel (the group), port, hop_limit, fd; also foreign, foreign_hosts."""
    where = f"CAN '{channel}' udp_multicast"
    if clock.timebase is not Timebase.HOST:
        raise LinkError(f"{where}: runs in real time only; expected a simulated bus")
    if strange := set(options) - set(UDP_MULTICAST):
        raise LinkError(
            f"{where}: unknown option '{min(strange)}'; expected {', '.join(sorted(UDP_MULTICAST))}"
        )
    for key, value in options.items():
        fits, expected = UDP_MULTICAST[key]
        if not fits(value):
            raise LinkError(f"{where}: found {key} = {value!r}; expected {expected}")
    return UdpMulticastCan(
        channel=channel,
        group=options.get("channel", DEFAULT_GROUP),
        port=options.get("port", DEFAULT_PORT),
        hop_limit=options.get("hop_limit", 0),
        foreign_hosts=options.get("foreign_hosts", False),
        fd=options.get("fd", True),
        trace=trace,
        name=name,
        foreign=options.get("foreign", "dut"),
    )
