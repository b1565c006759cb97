"""CAN behind a serial line that speaks SLCAN (CANable, CANUSB): on the loop, without python-can's 2 s pause.

The line carries no usable time: stamps are taken when the bench reads or writes. A received frame is stamped late, by
the adapter, its USB and the bench's loop; `U_NS` is the half-width of that error. The loop is watched on a fine grid.
A larger delay goes into the trace, and widens the verdict's interval.

An adapter that is pulled out is an ERROR in the trace at once. Frames in the meantime are counted. The device is
opened again when it is back. A device path below /dev/serial/by-id stays the same then; /dev/ttyACM0 may not.
"""

import asyncio
import contextlib
import functools
import os
import stat
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import serial

from bench.errors import LinkError, choices, nearest
from bench.links.can_options import SLCAN
from bench.links.ports import FrameListener
from bench.links.slcan_text import BEL, CR, LONGEST_LINE, line_of, opening, read_line
from bench.timing.clock import Clock, Phase, Timebase
from bench.trace.events import CanFrame
from bench.trace.facts import Anomaly, BenchLate, LinkBroke, Odd
from bench.trace.stamping import Origin, Stamping
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS, NS_PER_S

U_NS = (
    5 * NS_PER_MS
)  # USB polls every 1 ms, the adapter queues some frames; the rest is unnoticed lateness of the loop
VIRTUAL = "virtual"  # a pseudo-terminal of the bench's own; the DUT opens its far end
_WATCH_NS = 2 * NS_PER_MS
_LATE_NS = 2 * NS_PER_MS
_ATTACH_NS = 10 * NS_PER_MS
_LOOK_AGAIN_NS = 100 * NS_PER_MS
_PATIENCE_NS = 2 * NS_PER_S  # as for a SocketCAN interface: longer away, and there is no point in going on
_SETTLE_NS = 300 * NS_PER_MS  # what was in the line before, and refusals of commands the adapter did not need
_CHUNK_BYTES = 65536
_MOST_UNANSWERED = 512
_MOST_UNSENT_BYTES = 8192  # some 300 frames: an adapter this far behind has stopped
DEFAULT_BAUD = 921_600


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """A serial device that is open, and how to open it again after it was pulled out."""

    device: serial.Serial
    reopen: Callable[[], serial.Serial]


class SlcanCan:
    """A CanLink on a serial line. Own frames enter the trace when the system has taken their last byte."""

    def __init__(
        self,
        *,
        channel: str,
        descriptor: int,
        where: str,
        bitrate: int,
        clock: Clock,
        trace: Trace | None,
        name: str,
        adapter: Adapter | None = None,
        far_end: str = "",
    ) -> None:
        """`far_end`: of a line of the bench's own, which has no adapter."""
        self.channel = channel
        self.stamping = Stamping(origin=Origin.ARRIVAL, source="read by the bench, slcan", u_ns=U_NS)
        self.far_end = far_end
        self.dropped = 0  # frames the adapter refused, or that were lost in front of it
        self.unsent = 0  # frames that were to be sent while the device was away
        self.down_since_ns: int | None = None
        self._fd = descriptor
        self._device = adapter.device if adapter is not None else None
        self._reopen = adapter.reopen if adapter is not None else None
        self._opening = opening(bitrate)
        self._clock = clock
        self._trace = trace
        self._name = name
        self._where = f"CAN '{channel}' slcan {where}"
        self._listeners: list[FrameListener] = []
        self._received = bytearray()
        self._unsent = bytearray()
        self._pending: deque[tuple[int, CanFrame]] = deque()  # (end in the stream of bytes, frame)
        self._queued = self._written = 0  # bytes ever queued and written
        self._unanswered: deque[int] = deque(
            maxlen=_MOST_UNANSWERED
        )  # when frames left that were not accepted yet
        self._told_ns = 0
        self._attached = False
        self._quiet_until_ns = 0
        self._gone = ""
        self._loop = asyncio.get_running_loop()
        os.set_blocking(descriptor, False)
        if trace is not None:
            trace.stamping[channel] = self.stamping
        now_ns = clock.now_ns()
        self._timers = [clock.every(_WATCH_NS, Phase.OBSERVE, self._watch, first_ns=now_ns + _WATCH_NS)]
        self._expected_ns = now_ns + _WATCH_NS
        if far_end:  # nobody holds the other end yet, and its opening gives no event
            self._timers.append(clock.every(_ATTACH_NS, Phase.BUS, self._look_for_far_end, first_ns=now_ns))
        else:
            self._timers.append(
                clock.every(_LOOK_AGAIN_NS, Phase.BUS, self._look_for_device, first_ns=now_ns)
            )
            self._attach()

    def send(self, frame: CanFrame) -> None:
        """Without anybody at a virtual line's far end the frame is on no bus, and not in the trace."""
        if self._gone:
            raise LinkError(f"{self._where}: {self._gone}")
        try:
            line = line_of(frame)
        except LinkError as error:
            raise LinkError(f"{self._where}: {error}") from error
        if not self._attached:
            self.unsent += self.down_since_ns is not None
            return
        if len(self._unsent) > _MOST_UNSENT_BYTES:
            self._lose("the adapter takes nothing any more: a frame was dropped in front of it")
            return
        self._queue(line)
        self._pending.append((self._queued, frame))
        self._write()

    def subscribe(self, listener: FrameListener) -> None:
        self._listeners.append(listener)

    def trouble(self) -> str | None:
        """What makes it pointless to go on, in words."""
        since_ns = self.down_since_ns
        if since_ns is not None and self._clock.now_ns() - since_ns > _PATIENCE_NS:
            return f"{self._where}: the device has been away for more than 2 s"
        return None

    def close(self) -> None:
        if not self._gone and self._attached:
            with contextlib.suppress(OSError):
                os.write(self._fd, b"C\r")
        self._end("closed; open it again before use")

    # --- the line -------------------------------------------------------------------------------------------

    def _attach(self) -> None:
        self._attached = True
        self._quiet_until_ns = self._clock.now_ns() + _SETTLE_NS
        self._loop.add_reader(self._fd, self._on_readable)
        self._queue(self._opening)
        self._write()

    def _detach(self) -> None:
        """The far end was closed: a board that was switched off. What was on its way is lost."""
        self._attached = False
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        self._received.clear()
        self._unsent.clear()
        self._pending.clear()
        self._unanswered.clear()
        self._queued = self._written

    def _look_for_far_end(self) -> None:
        if self._attached or self._gone:
            return
        try:
            os.read(
                self._fd, _CHUNK_BYTES
            )  # an end that is held has nothing to say yet, as the channel is closed
        except BlockingIOError:
            pass
        except OSError:  # EIO: nobody there
            return
        self._attach()

    def _look_for_device(self) -> None:
        since_ns = self.down_since_ns
        if since_ns is None or self._gone or self._reopen is None:
            return
        try:
            self._device = self._reopen()
        except LinkError:
            return  # still away, or there but not yet ready
        self._fd = self._device.fileno()
        os.set_blocking(self._fd, False)
        self.down_since_ns = None
        away_ms = (self._clock.now_ns() - since_ns) // NS_PER_MS
        self._attach()
        text = f"the device is back after {away_ms} ms; {self.unsent} frames were not sent"
        self._anomaly(self._clock.now_ns(), Odd.LINK_BACK, text)

    def _queue(self, text: bytes) -> None:
        self._unsent += text
        self._queued += len(text)

    def _write(self) -> None:
        try:
            taken = os.write(self._fd, self._unsent)
        except BlockingIOError:
            taken = 0
        except OSError as error:
            self._broken(error)
            return
        del self._unsent[:taken]
        self._written += taken
        now_ns = self._clock.now_ns()
        while self._pending and self._pending[0][0] <= self._written:
            _, frame = self._pending.popleft()
            self._unanswered.append(now_ns)
            if self._trace is not None:
                self._trace.frame(now_ns, self.channel, frame, self._name)
        if self._unsent:
            self._loop.add_writer(self._fd, self._write)
        else:
            self._loop.remove_writer(self._fd)

    def _on_readable(self) -> None:
        try:
            chunk = os.read(self._fd, _CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._broken(error)
            return
        if not chunk:
            self._broken(OSError("end of file"))
            return
        now_ns = self._clock.now_ns()
        self._received += chunk.replace(BEL, BEL + CR)  # a refusal stands for a line
        *lines, rest = self._received.split(CR)
        self._received = rest
        for line in lines:
            self._take(now_ns, bytes(line))
            if self._gone:  # a listener has closed the link
                return
        if len(rest) > LONGEST_LINE:
            self._anomaly(now_ns, Odd.UNREADABLE, f"{len(rest)} bytes without an end of line; expected SLCAN")
            self._received.clear()

    def _take(self, now_ns: int, text: bytes) -> None:
        line = read_line(text)
        frame = line.frame
        if frame is not None:
            if self._trace is not None:
                self._trace.frame(now_ns, self.channel, frame, "dut")
            for listener in self._listeners:
                listener(now_ns, frame)
        elif line.taken:
            self._accepted(now_ns)
        elif line.refused and now_ns > self._quiet_until_ns:
            if self._unanswered:
                self._unanswered.popleft()
            self._lose("the adapter refused a frame (BEL)")
        elif line.wrong and now_ns > self._quiet_until_ns:
            self._anomaly(now_ns, Odd.UNREADABLE, line.wrong)
        elif line.remote:
            self._anomaly(
                now_ns, Odd.NOT_A_DATA_FRAME, "a remote frame was received; the bench uses data frames only"
            )

    def _accepted(self, now_ns: int) -> None:
        """The frame was on the bus between its hand-over and now; what is beyond the half-width is told."""
        if not self._unanswered:
            return
        late_ns = now_ns - self._unanswered.popleft() - U_NS
        if late_ns > 0 and self._trace is not None and now_ns - self._told_ns > U_NS:
            self._told_ns = now_ns
            self._trace.mark(now_ns, BenchLate(late_ns=late_ns), f"{self._where}, adapter")

    # --- what goes wrong ------------------------------------------------------------------------------------

    def _watch(self) -> None:
        now_ns = self._clock.now_ns()
        late_ns = now_ns - self._expected_ns
        self._expected_ns = now_ns + _WATCH_NS
        if late_ns > _LATE_NS and self._trace is not None and self._attached:
            self._trace.mark(now_ns, BenchLate(late_ns=late_ns), self._where)

    def _broken(self, error: OSError) -> None:
        if self.far_end:
            self._detach()
            return
        self._detach()
        if self._device is not None:
            self._device.close()  # or the system could not give its name to the device again
            self._fd = -1
        now_ns = self.down_since_ns = self._clock.now_ns()
        if self._trace is not None:
            text = f"the device is gone ({error}); check plug and supply"
            self._trace.mark(now_ns, LinkBroke(text=text), self._where)

    def _lose(self, text: str) -> None:
        self.dropped += 1
        if self._trace is not None:
            lost = Anomaly(what=Odd.FRAME_LOST, text=text, dropped=1)
            self._trace.mark(self._clock.now_ns(), lost, self._where)

    def _anomaly(self, t_ns: int, what: Odd, text: str) -> None:
        if self._trace is not None:
            self._trace.mark(t_ns, Anomaly(what=what, text=text), self._where, u_ns=U_NS)

    def _end(self, reason: str) -> None:
        if self._gone:
            return
        self._gone = reason
        for timer in self._timers:
            timer.cancel()
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)
        if self._device is not None:
            self._device.close()
        else:
            os.close(self._fd)


def open_slcan(
    channel: str, options: Mapping[str, Any], clock: Clock, trace: Trace | None, name: str
) -> SlcanCan:
    """Options as in python-can: channel (a device, or "virtual"), bitrate, tty_baudrate. LinkError names the cause."""
    where = f"CAN '{channel}' slcan"
    if clock.timebase is not Timebase.HOST:
        raise LinkError(f"{where}: runs in real time only; expected a simulated bus")
    for option in options:
        if option not in SLCAN:
            raise LinkError(
                f"{where}: unknown option '{option}'; expected {choices(option, SLCAN)}{nearest(option, SLCAN)}"
            )
    port = str(options.get("channel", ""))
    bitrate = int(options.get("bitrate", 500_000))
    opening(bitrate)  # refuse a bit rate before anything is opened
    if port == VIRTUAL:
        descriptor, far_end = _own_pty()
        return SlcanCan(
            channel=channel, descriptor=descriptor, where=f"{VIRTUAL} {far_end}", bitrate=bitrate, clock=clock,
            trace=trace, name=name, far_end=far_end,
        )  # fmt: skip
    reopen = functools.partial(_open_device, where, port, int(options.get("tty_baudrate", DEFAULT_BAUD)))
    device = reopen()
    return SlcanCan(
        channel=channel, descriptor=device.fileno(), where=port, bitrate=bitrate, clock=clock,
        trace=trace, name=name, adapter=Adapter(device=device, reopen=reopen),
    )  # fmt: skip


def _own_pty() -> tuple[int, str]:
    """(our end, the name of the far end). Our own copy of the far end is closed, so that its absence is seen."""
    import tty  # of Unix only, and needed by nothing in simulated time

    near, far = os.openpty()
    tty.setraw(far)
    name = os.ttyname(far)
    os.close(far)
    return near, name


def _open_device(where: str, port: str, baud: int) -> serial.Serial:
    if not port:
        raise LinkError(
            f'{where}: found no channel; expected a device such as "/dev/ttyACM0", or "{VIRTUAL}"'
        )
    path = Path(port)
    if path.exists() and not stat.S_ISCHR(path.stat().st_mode):
        raise LinkError(f"{where}: '{port}' is no serial device")
    try:
        return serial.Serial(port, baud, timeout=0, write_timeout=0, inter_byte_timeout=0, exclusive=True)
    except (OSError, ValueError) as error:  # SerialException is an OSError
        raise LinkError(f"{where}: '{port}' cannot be opened: {error}") from error
