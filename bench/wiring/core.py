"""Which core a shot in simulated time runs on, and the parts that it brings: in C, or the bench's own in Python."""

import ctypes
import hashlib
import os
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

from bench.c_library import NotBuilt
from bench.codec.pages import Slot
from bench.config.bench_file import BenchConfig
from bench.config.dut_life import DutConfig
from bench.core.bus import CoreCanBus, CoreCanNode
from bench.core.choice import CORE, CoreName
from bench.core.clock import CoreClock
from bench.core.dut import CoreDut
from bench.core.frames import LoggedFrames
from bench.core.front_end import CoreFrontEnd, core_sweeps
from bench.core.library import built
from bench.dut.in_process import InProcessDut
from bench.errors import DutError
from bench.instruments.afe import AnalogueFrontEnd
from bench.links.bus_faults import OwnedBus
from bench.links.simulated_can import SimulatedCanBus
from bench.timing.clock import Timebase
from bench.timing.simulated import SimulatedClock
from bench.trace.events import CanFrame
from bench.trace.timeline import Trace
from bench.wiring.dut import firmware_of, implementation_of
from bench.wiring.emulator_shown import EmulatorShown
from firmware_stubs.reference_bms_c.stepped import SteppedFirmware

_BUSES = ("vehicle", "sense")
_DUT_FRAME = struct.Struct("=HBB8s")  # firmware_stubs/reference_bms_c/core/bms.h: struct frame


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenCore:
    """What a shot in simulated time runs on. file: the library; None: the bench's own parts in Python.

    why_python: why it is not the native one although that was to be taken, and what would change it.
    """

    file: Path | None
    why_python: str = ""

    def told(self) -> dict[str, str]:
        """As the header of a run has it."""
        if self.file is None:
            return {"name": CoreName.PYTHON}
        digest = hashlib.sha256(self.file.read_bytes()).hexdigest()
        return {"name": CoreName.NATIVE, "file": self.file.name, "sha256": digest}


def chosen_core() -> ChosenCore:
    """The native core where its library is there or can be built; with BMS_HIL_CORE=python never.

    Raises DutError for another word there, or where it says native and there is no library.
    """
    wished = os.environ.get(CORE, "")
    if wished and wished not in CoreName.__members__.values():
        raise DutError(f"{CORE}: found '{wished}'; expected {' or '.join(CoreName)}, or none")
    return _chosen(wished)


@cache
def _chosen(wished: str) -> ChosenCore:
    if wished == CoreName.PYTHON:
        return ChosenCore(file=None)
    try:
        return ChosenCore(file=built(again=bool(wished)))
    except NotBuilt as error:
        if wished:
            raise DutError(f"the native core is not built: {error}; expected gcc or clang") from None
        return ChosenCore(file=None, why_python=f"{error}; {CORE}={CoreName.PYTHON} asks for no other")


def slower_in_python(config: BenchConfig) -> list[str]:
    """A line for each part of a run in simulated time that is in Python although it was to be native."""
    if not config.simulated:
        return []
    parts = {"the bench": chosen_core().why_python}
    firmware = implementation_of(config)
    if firmware is not None:
        parts["the firmware"] = firmware.why_python
    return [f"{part} runs in Python, which is slower: {why}" for part, why in parts.items() if why]


def clock_of_choice() -> SimulatedClock:
    """The timeline of one shot, which brings its core."""
    core = chosen_core()
    return SimulatedClock() if core.file is None else CoreClock(core.file)


def trace_on(clock: SimulatedClock) -> Trace:
    """An empty trace; on a native core its frames are those of the core's log."""
    if not isinstance(clock, CoreClock):
        return Trace(timebase=Timebase.SIMULATED)
    clock.frames = LoggedFrames(clock.core)
    return Trace(timebase=Timebase.SIMULATED, frames=clock.frames)


def bus_on(
    clock: SimulatedClock, trace: Trace, channel: str, bitrate: int, data_bitrate: int | None = None
) -> OwnedBus:
    """A bus without nodes, played by whatever the clock runs. bitrate, data_bitrate: bit/s."""
    if isinstance(clock, CoreClock):
        return CoreCanBus(clock, trace, channel, bitrate, data_bitrate)
    return SimulatedCanBus(clock, trace, channel, bitrate, data_bitrate)


def front_end_on(
    clock: SimulatedClock,
    shown: EmulatorShown,
    bus: OwnedBus,
    output_v: Callable[[], Sequence[float | None]],
    tell: Callable[[Slot, float], None],
) -> AnalogueFrontEnd:
    """The front end at its node; its sweep is laid out by the core where that can."""
    node = bus.node("afe")
    if (
        isinstance(clock, CoreClock)
        and isinstance(node, CoreCanNode)
        and core_sweeps(shown.messages, shown.gap_ns)
    ):
        return CoreFrontEnd(clock, shown.messages, output_v, node, cycle_ns=shown.cycle_ns, tell=tell)
    return AnalogueFrontEnd(
        clock,
        shown.messages,
        output_v,
        node.send,
        cycle_ns=shown.cycle_ns,
        gap_ns=shown.gap_ns,
        tell=tell,
    )


class CalledFirmware(SteppedFirmware):
    """The firmware in C, and where another library finds it."""

    @classmethod
    def of(cls, firmware: SteppedFirmware) -> Self:
        """The same firmware: one memory, whoever steps it."""
        called = cls.__new__(cls)
        vars(called).update(vars(firmware))
        return called

    @property
    def addresses(self) -> tuple[int, int, int, int]:
        """Addresses: of its memory, of the functions that it receives and steps by, and of its outbox."""
        receive, step = (
            ctypes.cast(function, ctypes.c_void_p).value or 0 for function in (self._receive, self._step)
        )
        return self._at, receive, step, self._outbox

    def outbox(self, count: int) -> list[tuple[str, CanFrame]]:
        sent = ctypes.string_at(self._outbox, count * _DUT_FRAME.size)
        return [
            (_BUSES[bus], CanFrame(can_id, data[:length]))
            for can_id, bus, length, data in _DUT_FRAME.iter_unpack(sent)
        ]


def dut_on(
    clock: SimulatedClock,
    config: DutConfig,
    chemistry: Path | None,
    parallel: int,
    buses: Mapping[str, OwnedBus],
) -> InProcessDut:
    """The DUT at its nodes; stepped by the core where both are C."""
    nodes = {channel: bus.node("dut") for channel, bus in buses.items()}
    in_core = {channel: node for channel, node in nodes.items() if isinstance(node, CoreCanNode)}
    firmware = firmware_of(config, chemistry, parallel, tuple(buses))
    if (
        isinstance(clock, CoreClock)
        and type(firmware) is SteppedFirmware
        and set(in_core) == set(nodes) == set(_BUSES)
    ):
        return CoreDut(clock, CalledFirmware.of(firmware), in_core)
    return InProcessDut(clock, firmware, nodes)
