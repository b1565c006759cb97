"""Instruments: from the bench file to drivers, and to simulators behind them where they are virtual."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.config.bench_file import BenchConfig
from bench.config.instrument_kinds import CELLS
from bench.config.instruments import TCP, InstrumentConfig
from bench.errors import ConfigError, InstrumentError, LinkError
from bench.instruments.kinds import CellKind
from bench.instruments.stack import EmulatorUnit, StackedEmulator
from bench.instruments.virtual_cells import Boxes, Stack, VirtualCells
from bench.links.bus_faults import OwnedBus
from bench.links.ports import CanLink, SerialLink
from bench.links.pyserial_link import open_serial
from bench.links.simulated_serial import SimulatedSerial
from bench.links.tcp_stream import open_tcp
from bench.timing.clock import Clock
from bench.timing.simulated import SimulatedClock

_TWO_ENDS = (
    "slcan",
    "serial",
    "virtual",
)  # python-can interfaces on which a process beside the bench is not heard


@dataclass(slots=True, kw_only=True)
class CellBench:
    """The cell emulator of a rig, and its simulator where it is virtual and in this process."""

    emulator: EmulatorUnit
    config: InstrumentConfig
    played: VirtualCells | None = None
    lines: list["LateStream"] = field(default_factory=list)

    @property
    def safe_ns(self) -> int:
        return self.config.facts.safe_ns

    def output_v(self, now_ns: int) -> list[float]:
        """Voltages at the DUT's terminals in V, cell 1 first; nan where a wire is open. For virtual cells only."""
        if self.played is None:
            raise InstrumentError(f"{self.config.kind}: its outputs are known to the DUT only")
        return self.played.output_v(now_ns)

    def start(self, now_ns: int) -> None:
        """Let what is played in this process begin to speak by itself."""
        if self.played is not None:
            self.played.start(now_ns)

    def stop(self) -> None:
        if self.played is not None:
            self.played.stop()

    async def connect(self, ports: Sequence[str]) -> None:
        """Open the real lines; `ports` are those of the virtual rack or of the bench file."""
        for line, port in zip(self.lines, ports, strict=bool(self.lines)):
            line.connect(await open_stream(port, self.config.baud))

    def close(self) -> None:
        for line in self.lines:
            line.close()


def cell_kind(config: InstrumentConfig) -> CellKind:
    """Raises InstrumentError for an instrument that is no cell emulator."""
    kind = config.facts
    if not isinstance(kind, CellKind):
        raise InstrumentError(f"{config.kind}: found {kind.title}; expected a cell emulator")
    return kind


def simulated_cells(
    config: BenchConfig, clock: SimulatedClock, rng: random.Random, buses: Mapping[str, OwnedBus]
) -> CellBench:
    """Driver and simulator in one process, joined by simulated lines. Draws from `rng` only where it is needed."""
    instrument, cells = config.instruments[CELLS], config.pack.cells
    kind = cell_kind(instrument)
    seed = 0 if kind.quiet else rng.randrange(1 << 32)
    if kind.on_can:
        return _simulated_boxes(instrument, clock, seed, buses[instrument.link], cells)
    played = play_stack(kind, _stack(instrument, cells, seed))
    lines = [SimulatedSerial(clock, name, instrument.baud) for name in _names(played.lines)]
    played.attach([line.device for line in lines], clock)
    emulator = _emulator(instrument, [line.host for line in lines], clock, cells)
    return CellBench(emulator=emulator, config=instrument, played=played)


def play_stack(kind: CellKind, stack: Stack) -> VirtualCells:
    """Play a stack of cells on lines. Raises InstrumentError for a kind that cannot."""
    if kind.play is None:
        raise InstrumentError(f"{kind.title}: its KIND has no 'play'; expected what plays it on lines")
    return kind.play(stack)


def play_boxes(kind: CellKind, boxes: Boxes) -> VirtualCells:
    """Play boxes of cells on a bus. Raises InstrumentError for a kind that cannot."""
    if kind.play_boxes is None:
        raise InstrumentError(f"{kind.title}: its KIND has no 'play_boxes'; expected what plays it on a bus")
    return kind.play_boxes(boxes)


def _stack(config: InstrumentConfig, cells: int, seed: int = 0) -> Stack:
    return Stack(
        cells=cells,
        units=config.units(cells),
        options=config.options,
        seed=seed,
        first_id=config.first_id,
        lost=config.lost_replies,
        tcp=config.port.startswith(TCP),
    )


def _numbers(config: InstrumentConfig, cells: int) -> range:
    return range(config.first_id, config.first_id + config.units(cells))


def _simulated_boxes(
    instrument: InstrumentConfig, clock: SimulatedClock, seed: int, bus: OwnedBus, cells: int
) -> CellBench:
    numbers = _numbers(instrument, cells)
    boxes = Boxes(
        node=bus.node, clock=clock, cells=cells, numbers=numbers, seed=seed, options=instrument.options
    )
    played = play_boxes(cell_kind(instrument), boxes)
    emulator = _boxes(instrument, bus.node("cell emulator"), clock, cells)
    return CellBench(emulator=emulator, config=instrument, played=played)


def _boxes(instrument: InstrumentConfig, link: CanLink, clock: Clock, cells: int) -> StackedEmulator:
    box = cell_kind(instrument).box
    if box is None:
        raise InstrumentError(
            f"{instrument.kind}: its KIND has no 'box'; expected the driver of a unit on a bus"
        )
    units: list[EmulatorUnit] = [box(link, clock, number) for number in _numbers(instrument, cells)]
    return StackedEmulator(units, cells)


def real_cells(config: BenchConfig, clock: Clock, links: Mapping[str, CanLink]) -> CellBench:
    """The driver on lines that are opened once the rig starts, as a virtual rack has to be started first."""
    instrument, cells = config.instruments[CELLS], config.pack.cells
    if instrument.facts.on_can:
        interface = config.can[instrument.link].interface
        if instrument.virtual and interface in _TWO_ENDS:
            raise ConfigError(
                f"{config.file} [instrument.{CELLS}.port]: found a virtual {instrument.facts.title} on '{interface}', "
                "which the virtual rack cannot share with the bench; expected a bus that processes share "
                '(udp_multicast, socketcan), or port = "bus" and real boxes'
            )
        emulator = _boxes(instrument, links[instrument.link], clock, cells)
        return CellBench(emulator=emulator, config=instrument)
    shared = instrument.facts.shares_line and not instrument.port.startswith(TCP)
    count = 1 if shared else instrument.units(cells)
    lines = [LateStream() for _ in range(count)]
    return CellBench(emulator=_emulator(instrument, lines, clock, cells), config=instrument, lines=lines)


def wires_opened(config: BenchConfig) -> set[int]:
    """Cells (from 1) whose sense wire a relay card of this bench can open. A virtual card breaks no real wire."""
    virtual = config.instruments[CELLS].virtual
    return {cell for one in config.instruments.values() if one.virtual <= virtual for cell in one.opens}


async def open_stream(port: str, baud: int) -> SerialLink:
    """A serial device, or tcp://host:port. LinkError names it."""
    return await open_tcp(port) if port.startswith(TCP) else open_serial(port, baud)


def _emulator(
    config: InstrumentConfig, links: Sequence[SerialLink], clock: Clock, cells: int
) -> EmulatorUnit:
    drive = cell_kind(config).drive
    if drive is None:
        raise InstrumentError(
            f"{config.kind}: its KIND has no 'drive'; expected the driver of units on lines"
        )
    units = drive(links, clock, _stack(config, cells))
    if config.facts.dead_man != all(unit.has_dead_man for unit in units):
        raise InstrumentError(f"{config.kind}: its KIND and its driver disagree on a dead-man")
    return units[0] if config.facts.cells == 0 else StackedEmulator(units, cells)


def _names(count: int) -> list[str]:
    return ["simulated"] if count == 1 else [f"simulated unit {number}" for number in range(1, count + 1)]


class LateStream:
    """A line whose port is known only once the virtual rack has opened it."""

    port = "not opened yet"

    def __init__(self) -> None:
        self._line: SerialLink | None = None

    def connect(self, line: SerialLink) -> None:
        self._line = line
        self.port = line.port

    def write(self, data: bytes) -> None:
        self._opened().write(data)

    async def read_until(self, terminator: bytes) -> bytes:
        return await self._opened().read_until(terminator)

    async def read_exactly(self, count: int) -> bytes:
        return await self._opened().read_exactly(count)

    def discard_input(self) -> None:
        self._opened().discard_input()

    def close(self) -> None:
        if self._line is not None:
            self._line.close()

    def _opened(self) -> SerialLink:
        if self._line is None:
            raise LinkError("the instrument's line was never opened")
        return self._line
