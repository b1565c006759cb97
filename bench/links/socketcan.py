"""SocketCAN: kernel stamps of reception and of own echoes, counted loss, error frames, cycles paced by the kernel.

Own frames enter the trace at the stamp of their echo, which the driver gives when the frame is on the bus (on vcan:
when it is handed over).
Four events count against the bench (ERROR): bus-off, an interface that goes down, lost frames, and frames that could
not be sent. What the DUT saw in that time cannot be known. Nothing blocks or hangs.
"""

import asyncio
import errno
import socket
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from bench.errors import LinkError
from bench.links.can_errors import ALL_ERRORS, ERROR_FLAG, read_error_frame
from bench.links.can_interface import (
    ADAPTER_STAMP_U_NS,
    CanInterface,
    can_interfaces,
    interface_facts,
    is_up,
    switch_stamps_on,
)
from bench.links.can_options import SOCKETCAN
from bench.links.kernel_cycles import KernelCycle
from bench.links.kernel_stamps import ANCILLARY_BYTES, ask_for_stamps, read_beside
from bench.links.ports import FrameListener
from bench.links.socketcan_frames import FD_BYTES, REMOTE_FLAG, pack_classic, pack_fd, unpack
from bench.timing.clock import Clock, Timebase
from bench.timing.correlation import ForeignClock, correlate
from bench.timing.host import host_now_ns
from bench.trace.events import CanFrame
from bench.trace.facts import Anomaly, Fact, LinkBroke, Odd
from bench.trace.stamping import Origin, Stamping
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS, NS_PER_S

_BATCH = 1024  # frames per turn of the loop
_LOOK_AGAIN_S = 0.2  # how often an interface that went away is looked for
_FULL = (errno.ENOBUFS, errno.EAGAIN)
_AWAY = (errno.ENETDOWN, errno.ENODEV, errno.ENXIO)
_MSG_CONFIRM = 0x800
_STAMP_SLACK_NS = NS_PER_MS  # between the kernel's stamps and our clock
_CAN_RAW_ERR_FILTER = 2
ECHO_PATIENCE_NS = 500 * NS_PER_MS  # a frame that long without echo is stuck: nobody acknowledges, or bus-off

Raw = tuple[bytes, list[tuple[int, int, bytes]], int]


class SocketCan:
    """A CanLink on one SocketCAN interface. `foreign` is who sent what this machine's bench did not."""

    def __init__(
        self,
        *,
        channel: str,
        interface: CanInterface,
        trace: Trace | None,
        name: str,
        fd: bool,
        kernel_cycles: bool = True,
        hardware_stamps: bool = True,
        foreign: str = "dut",
    ) -> None:
        self.channel = channel
        self.interface = interface
        self.dropped = 0  # frames the kernel had to drop because this process was too slow
        self.unsent = 0  # frames that never got as far as the transmit queue
        self.kernel_cycles = kernel_cycles
        self.down_since_ns: int | None = None
        self._fd = fd
        self._trace = trace
        self._name = name
        self._foreign = foreign
        self._where = f"CAN '{channel}' socketcan {interface.name}"
        self._listeners: list[FrameListener] = []
        self._waiting: deque[int] = deque()
        self._cycles: dict[int, KernelCycle] = {}
        self._ended_ns: dict[
            int, int
        ] = {}  # cycles that were stopped: their last frame may still be in the queue
        self._full = False
        self._errors: dict[str, int] = {}
        self._loop = asyncio.get_running_loop()
        self._look: asyncio.TimerHandle | None = None
        self._closed = False
        self._adapter = ForeignClock() if hardware_stamps and interface.stamps and self._stamped() else None
        u_ns = interface.kernel_stamp_u_ns if self._adapter is None else ADAPTER_STAMP_U_NS
        origin = Origin.KERNEL if self._adapter is None else Origin.HARDWARE
        whose = "kernel" if self._adapter is None else "hardware, correlated,"
        self.stamping = Stamping(
            origin=origin,
            source=f"{whose} stamp of reception and echo, socketcan {interface.driver}",
            u_ns=u_ns,
        )
        self._socket = self._opened()
        if trace is not None:
            trace.stamping[channel] = self.stamping

    def send(self, frame: CanFrame) -> None:
        if self._closed:
            raise LinkError(f"{self._where}: closed; frame 0x{frame.can_id:X} was to be sent")
        if frame.fd and not self._fd:
            raise LinkError(
                f"{self._where}: FD frame 0x{frame.can_id:X} on a classic bus; expected fd = true"
            )
        try:
            packed = pack_fd(frame) if frame.fd else pack_classic(frame)
        except ValueError as error:
            raise LinkError(f"{self._where}: frame 0x{frame.can_id:X} not sent: {error}") from error
        if self.down_since_ns is not None:
            self.unsent += 1
            return
        try:
            self._socket.send(packed)
        except OSError as error:
            self._not_sent(frame, error)
        else:
            self._full = False
            self._waiting.append(host_now_ns())

    def cycle(self, frames: Sequence[CanFrame], period_ns: int) -> KernelCycle:
        """Let the kernel repeat `frames`, one each period, beginning now. Raises LinkError where it cannot."""
        cycle = KernelCycle(self.interface.name, frames, period_ns, self._forget)
        if self.down_since_ns is None:
            try:
                cycle.begin()
            except OSError as error:
                raise LinkError(f"{self._where}: the kernel sends no cycles: {error}") from error
        self._cycles[cycle.can_id] = cycle
        return cycle

    def _forget(self, can_id: int) -> None:
        if self._cycles.pop(can_id, None) is not None:
            self._ended_ns[can_id] = host_now_ns()

    def rate_against_adapter(self) -> tuple[int, int] | None:
        """As `ForeignClock.rate`; None without a clock of the adapter's own."""
        return None if self._adapter is None else self._adapter.rate()

    def subscribe(self, listener: FrameListener) -> None:
        self._listeners.append(listener)

    def trouble(self) -> str | None:
        """What makes it pointless to go on, in words."""
        now_ns = host_now_ns()
        if self.down_since_ns is not None and now_ns - self.down_since_ns > 2 * NS_PER_S:
            return f"{self._where}: the interface has been down for more than 2 s"
        if self._waiting and now_ns - self._waiting[0] > ECHO_PATIENCE_NS and self.down_since_ns is None:
            return (
                f"{self._where}: {len(self._waiting)} frames were handed over and never seen on the bus; "
                "is another node there to acknowledge, and the bit rate right?"
            )
        return None

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._look is not None:
            self._look.cancel()
        for cycle in list(self._cycles.values()):
            cycle.stop()
        self._release()
        for text, count in self._errors.items():
            if count > 1:
                self._mark(Anomaly(what=Odd.BUS_ERROR, about=text, text=f"{count} times in all: {text}"))

    # --- reception ---------------------------------------------------------------------------------------

    def _drain(self) -> None:
        batch: list[Raw] = []
        receive = self._socket.recvmsg
        broken: OSError | None = None
        try:
            while len(batch) < _BATCH:
                data, ancillary, flags, _ = receive(FD_BYTES, ANCILLARY_BYTES)
                batch.append((data, ancillary, flags))
        except BlockingIOError:
            pass
        except OSError as error:
            broken = error
        correlation = correlate()
        for data, ancillary, flags in batch:
            beside = read_beside(ancillary)
            if beside.dropped is not None and beside.dropped != self.dropped:
                self.dropped = beside.dropped
                self._waiting.clear()  # an echo may be among the lost ones
            t_ns = correlation.monotonic_ns(beside.kernel_ns)
            if self._adapter is not None and beside.adapter_ns:
                t_ns = self._adapter.host_ns(beside.adapter_ns, t_ns)
            self._take(t_ns, data, flags)
            if self._closed:  # a listener has closed the link
                return
        if broken is not None:
            self._gone(broken)

    def _take(self, t_ns: int, data: bytes, flags: int) -> None:
        word, frame = unpack(data)
        if word & ERROR_FLAG:
            self._bus_error(t_ns, word, frame.data)
            return
        if word & REMOTE_FLAG:
            text = "a remote frame was received; the bench expects data frames"
            self._mark(Anomaly(what=Odd.NOT_A_DATA_FRAME, text=text), t_ns)
            return
        echo = bool(flags & _MSG_CONFIRM)
        own = echo
        if not echo and flags & socket.MSG_DONTROUTE:  # of this machine, by another socket
            if cycle := self._cycles.get(frame.can_id):
                own = True
                cycle.last = frame.data
            else:
                own = t_ns < self._ended_ns.get(frame.can_id, 0) + _STAMP_SLACK_NS
        if echo and self._waiting:
            self._waiting.popleft()
        if self._trace is not None:
            self._trace.frame(t_ns, self.channel, frame, self._name if own else self._foreign)
        if not own:
            for listener in self._listeners:
                listener(t_ns, frame)

    def _bus_error(self, t_ns: int, word: int, data: bytes) -> None:
        error = read_error_frame(word, data)
        if error.bus_off:
            self._mark(LinkBroke(text=error.text, bus_off=True), t_ns)
        elif error.lost:
            self._mark(Anomaly(what=Odd.FRAME_LOST, about=error.text, text=error.text, dropped=1), t_ns)
        else:
            # A missing acknowledge repeats with every attempt, thousands a second: told once, counted to the end.
            seen = self._errors[error.text] = self._errors.get(error.text, 0) + 1
            if seen == 1 or error.restarted:
                self._mark(Anomaly(what=Odd.BUS_ERROR, about=error.text, text=error.text), t_ns)
        if error.bus_off or error.restarted:
            self._waiting.clear()  # the controller has forgotten what it still had to send

    # --- what goes wrong ---------------------------------------------------------------------------------

    def _not_sent(self, frame: CanFrame, error: OSError) -> None:
        self.unsent += 1
        if error.errno in _FULL:
            if not self._full:
                text = f"transmit queue full: frame 0x{frame.can_id:X} was not sent ({error.strerror})"
                self._mark(LinkBroke(text=text, unsent=self.unsent))
            self._full = True
        elif error.errno in _AWAY:
            self._gone(error)
        else:
            raise LinkError(f"{self._where}: frame 0x{frame.can_id:X} not sent: {error}") from error

    def _gone(self, error: OSError) -> None:
        """The interface went down or away: said at once, looked for again until the link is closed."""
        if self.down_since_ns is not None or self._closed:
            return
        self.down_since_ns = host_now_ns()
        self._waiting.clear()
        self._mark(LinkBroke(text=f"the interface went away ({error.strerror or error})"), self.down_since_ns)
        self._release()
        self._look = self._loop.call_later(_LOOK_AGAIN_S, self._look_again)

    def _look_again(self) -> None:
        if is_up(self.interface.name):
            try:
                self._socket = self._opened()
                for cycle in self._cycles.values():
                    cycle.begin()
            except OSError:
                self._release()
            else:
                away_ms = (host_now_ns() - (self.down_since_ns or 0)) // NS_PER_MS
                self.down_since_ns = None
                text = f"the interface is back after {away_ms} ms; {self.unsent} frames were not sent"
                self._mark(Anomaly(what=Odd.LINK_BACK, text=text, unsent=self.unsent))
                return
        self._look = self._loop.call_later(_LOOK_AGAIN_S, self._look_again)

    def _mark(self, fact: Fact, t_ns: int | None = None) -> None:
        if self._trace is not None:
            at_ns = host_now_ns() if t_ns is None else t_ns
            self._trace.mark(at_ns, fact, self._where, u_ns=self.stamping.u_ns)

    # --- the socket --------------------------------------------------------------------------------------

    def _stamped(self) -> bool:
        return switch_stamps_on(self.interface.name)

    def _opened(self) -> socket.socket:
        raw = open_raw(self.interface.name, fd=self._fd, hardware=self._adapter is not None)
        self._loop.add_reader(raw.fileno(), self._drain)
        return raw

    def _release(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()


def open_raw(interface: str, *, fd: bool, hardware: bool = False) -> socket.socket:
    """A raw socket that sees everything: data, own echoes, error frames. Non-blocking. Raises OSError."""
    raw = socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW)
    try:
        ask_for_stamps(raw, hardware=hardware)
        raw.setsockopt(socket.SOL_CAN_RAW, socket.CAN_RAW_RECV_OWN_MSGS, 1)
        raw.setsockopt(socket.SOL_CAN_RAW, _CAN_RAW_ERR_FILTER, ALL_ERRORS)
        if fd:
            raw.setsockopt(socket.SOL_CAN_RAW, socket.CAN_RAW_FD_FRAMES, 1)
        raw.setblocking(False)
        raw.bind((interface,))
    except OSError:
        raw.close()
        raise
    return raw


def open_socketcan(
    channel: str, options: Mapping[str, Any], clock: Clock, trace: Trace | None, name: str
) -> SocketCan:
    """Options: channel (the interface, "can0"), fd, kernel_cycles, hardware_stamps. LinkError names the mend."""
    where = f"CAN '{channel}' socketcan"
    if clock.timebase is not Timebase.HOST:
        raise LinkError(f"{where}: runs in real time only; expected a simulated bus")
    if strange := sorted(set(options) - set(SOCKETCAN)):
        raise LinkError(f"{where}: unknown option '{strange[0]}'; expected {', '.join(SOCKETCAN)}")
    wanted = str(options.get("channel", ""))
    if mend := missing(wanted):
        raise LinkError(f"{where}: {mend}")
    facts = interface_facts(wanted)
    try:
        return SocketCan(
            channel=channel,
            interface=facts,
            trace=trace,
            name=name,
            fd=bool(options.get("fd", facts.fd)),
            kernel_cycles=bool(options.get("kernel_cycles", True)),
            hardware_stamps=bool(options.get("hardware_stamps", True)),
        )
    except OSError as error:
        raise LinkError(f"{where} {wanted}: cannot be opened: {error}") from error


def missing(interface: str) -> str | None:
    """What keeps a SocketCAN interface from being used, with its mend; None where nothing does."""
    try:
        socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW).close()
    except (OSError, AttributeError):
        return "this kernel has no SocketCAN; `sudo modprobe can-raw`, or run elsewhere (.ci/vcan brings a machine)"
    found = can_interfaces()
    if interface not in found:
        there = ", ".join(found) or "none"
        mend = f"sudo ip link add dev {interface} type vcan && sudo ip link set up {interface}"
        return f"no interface '{interface}'; this machine has: {there}. For a virtual one: {mend}"
    if not is_up(interface):
        return f"interface '{interface}' is down; `sudo ip link set up {interface}` (a real bus: `type can bitrate …`)"
    return None
