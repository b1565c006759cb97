"""A DUT in simulated time: its firmware stepped as a callback on the timeline.

Whatever a firmware raises is its own, and ends its shot: none of it ends a run, as GeneratorExit or a KeyboardInterrupt
of somebody else's code would.
"""

from collections.abc import Callable, Iterable, Mapping

from bench.dut.firmware import Firmware, Powered, Resettable
from bench.dut.raised import raised_by_firmware
from bench.errors import DutCrashed, DutError, LinkError
from bench.links.legal import no_can_frame
from bench.links.ports import CanLink, FrameListener
from bench.timing.clock import Clock, Phase, Timer
from bench.trace.events import CanFrame

_REMEMBERED_FRAMES = 4096


def _nothing_to_send(what: str) -> DutCrashed:
    return DutCrashed(f"the firmware sent what no CAN bus carries: {what}", raised="NoCanFrame")


class InProcessDut:
    """Connects a Firmware to its bus nodes. Its task grid begins at the instant at which it is started."""

    def __init__(self, clock: Clock, firmware: Firmware, nodes: Mapping[str, CanLink]) -> None:
        self._clock = clock
        self._firmware = firmware
        self._nodes = dict(nodes)
        self._timer: Timer | None = None
        self._hangs = False
        self._fine: set[CanFrame] = set()  # sent before, and legal
        self.console: Callable[[str], None] | None = None  # hears each line that the firmware prints
        self.outgoing: Callable[[str, CanFrame], CanFrame | None] | None = (
            None  # between firmware and bus; None: lost
        )

    async def start(self) -> None:
        if isinstance(self._firmware, Powered):
            self._firmware.power_on(self._clock.now_ns())
        for channel, node in self._nodes.items():
            node.subscribe(self._receiver(channel))
        self._timer = self._clock.every(
            self._firmware.period_ns, Phase.DUT, self._step, first_ns=self._clock.now_ns()
        )

    async def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if isinstance(self._firmware, Powered):
            try:
                if self._firmware.alive():
                    self._firmware.power_off(self._clock.now_ns())
            except DutError:  # it is gone, or as good as that: nobody waits for more of it
                pass
            finally:
                self._firmware.end()

    def alive(self) -> bool:
        return self._timer is not None and (not isinstance(self._firmware, Powered) or self._firmware.alive())

    async def hang(self) -> None:
        self._hangs = True

    async def go_on(self) -> None:
        self._hangs = False

    async def reset(self) -> None:
        if not isinstance(self._firmware, Resettable):
            raise DutError(f"{type(self._firmware).__name__}: this firmware has no pull_reset()")
        try:
            self._firmware.pull_reset()
        except BaseException as error:
            raise raised_by_firmware(error) from error

    def _checked(self, sent: object) -> tuple[str, CanFrame]:
        """What the firmware gave to be sent. DutCrashed: it is no frame, or for no bus of its own."""
        if not isinstance(sent, tuple) or len(sent) != 2:
            raise _nothing_to_send(f"{sent!r:.60}; expected a channel and a frame")
        channel, frame = sent
        try:
            if channel in self._nodes and frame in self._fine:
                return channel, frame
        except TypeError:  # not even hashable
            pass
        if not isinstance(channel, str) or channel not in self._nodes:
            raise _nothing_to_send(f"a frame for channel {channel!r:.60}; expected {', '.join(self._nodes)}")
        if (wrong := no_can_frame(frame)) is not None:
            raise _nothing_to_send(wrong)
        if len(self._fine) >= _REMEMBERED_FRAMES:
            self._fine.clear()
        self._fine.add(frame)
        return channel, frame

    def _receiver(self, channel: str) -> FrameListener:
        receive = self._firmware.receive

        def on_frame(t_ns: int, frame: CanFrame) -> None:
            if not self._hangs:
                try:
                    receive(t_ns, channel, frame)
                except BaseException as error:
                    raise raised_by_firmware(error) from error

        return on_frame

    def _step(self) -> None:
        if self._hangs:
            return
        try:
            frames = [self._checked(one) for one in self._firmware.step(self._clock.now_ns())]
        except BaseException as error:
            raise raised_by_firmware(error) from error
        finally:
            self._tell_console()
        self._send(frames)

    def _tell_console(self) -> None:
        if self.console is not None and isinstance(self._firmware, Powered):
            for line in self._firmware.said_since():
                self.console(line)

    def _send(self, frames: Iterable[tuple[str, CanFrame]]) -> None:
        for channel, frame in frames:
            if self.outgoing is not None:
                changed = self.outgoing(channel, frame)
                if changed is None:
                    continue
                frame = changed
            try:
                self._nodes[channel].send(frame)
            except LinkError as error:
                if not frame.fd:
                    raise
                raise _nothing_to_send(str(error)) from error  # a classic bus has no room for it
