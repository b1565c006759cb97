"""A DUT in simulated time whose firmware is C, stepped by the core without a way through Python."""

from collections.abc import Callable, Mapping
from typing import Protocol

from bench.core.bus import CoreCanNode
from bench.core.clock import CoreClock
from bench.core.library import COUNT, NOW_NS
from bench.dut.firmware import Firmware
from bench.dut.in_process import InProcessDut
from bench.dut.raised import raised_by_firmware
from bench.trace.events import CanFrame

Tamper = Callable[[str, CanFrame], CanFrame | None]


class FirmwareInC(Firmware, Protocol):
    """A Firmware that another library can call: where its memory and its functions are.

    addresses: of its memory, of what it receives and steps by, and of its outbox.
    """

    @property
    def addresses(self) -> tuple[int, int, int, int]: ...

    def outbox(self, count: int) -> list[tuple[str, CanFrame]]:
        """What it has sent with its last step."""


class CoreDut(InProcessDut):
    """Connects a FirmwareInC to its nodes on 'vehicle' and 'sense'. Frames that are tampered with go through Python."""

    def __init__(self, clock: CoreClock, firmware: FirmwareInC, nodes: Mapping[str, CoreCanNode]) -> None:
        self._core, self._time, self._in_c = clock.core, clock, firmware
        self._running = False
        self._tamper: Tamper | None = None
        super().__init__(clock, firmware, nodes)
        self._ends = [node.number for node in nodes.values()]
        numbers = nodes["vehicle"].number, nodes["sense"].number
        self._core.made("a second DUT", "dut", *firmware.addresses, *numbers)
        clock.stepped = self._stepped

    @property
    def outgoing(self) -> Tamper | None:
        return self._tamper

    @outgoing.setter
    def outgoing(self, tamper: Tamper | None) -> None:
        self._tamper = tamper
        self._core.call("dut_tampered", tamper is not None)

    async def start(self) -> None:
        for number in self._ends:
            self._core.made("a listener", "listen", number, True, False, 0, False)
        self._core.words[NOW_NS] = self._time.now
        self._core.call("dut_start", self._firmware.period_ns)
        self._running = True

    async def stop(self) -> None:
        self._core.call("dut_stop")
        self._running = False

    def alive(self) -> bool:
        return self._running

    async def hang(self) -> None:
        self._core.call("dut_hang", True)

    async def go_on(self) -> None:
        self._core.call("dut_hang", False)

    def _stepped(self) -> None:
        try:
            sent = self._in_c.outbox(self._core.words[COUNT])
            frames = [self._checked(one) for one in sent]
        except BaseException as error:
            raise raised_by_firmware(error) from error
        self._send(frames)
