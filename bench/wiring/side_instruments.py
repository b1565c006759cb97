"""Every instrument of a bench but the cell emulator: supplies, relay cards, and sensors read or played on CAN."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

from bench.config.bench_file import BenchConfig
from bench.config.instrument_kinds import CELLS
from bench.config.instruments import TCP, InstrumentConfig
from bench.errors import InstrumentError
from bench.instruments.kinds import LineKind, Player, Quantity, SensorKind
from bench.instruments.ports import FaultUnit
from bench.instruments.pty_device import PtyDevice
from bench.instruments.relay_wires import RelayWires, RoutedWires
from bench.instruments.virtual_cards import Card, break_wires
from bench.links.ports import CanLink
from bench.links.simulated_serial import SimulatedSerial
from bench.rig.senses import Senses
from bench.rig.steps import Steps
from bench.timing.clock import Clock, Phase, Timebase, Timer
from bench.trace.facts import InstrumentIdentified
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS, NS_PER_S, format_ns
from bench.wiring.instruments import LateStream, open_stream

WATCH_NS = 20 * NS_PER_MS
SAFE_WITHIN_NS = 10 * NS_PER_S


@dataclass(slots=True, kw_only=True)
class Side:
    """One of them. `driver` is None where the bench itself plays the sensor that the DUT reads."""

    config: InstrumentConfig
    driver: Any = None
    line: LateStream | None = None
    device: PtyDevice | None = None
    sim: Any = None
    player: Player | None = None
    in_rack: bool = False  # played by the virtual rack, whose process opens its port

    async def reopen_idle(self) -> None:
        """An instrument that drops a silent connection has dropped it by the end of a shot."""
        if self.line is not None and self.config.facts.idle_ns and self.config.port.startswith(TCP):
            self.line.close()
            self.line.connect(await open_stream(self.config.port, self.config.baud))


async def _made_safe(side: Side) -> None:
    await side.reopen_idle()
    await side.driver.safe()


async def _one_after_the_other(steps: Steps, sides: Sequence[Side]) -> None:
    for side in sides:
        late = f"{side.config.name}: not off and read back within {format_ns(SAFE_WITHIN_NS)}"
        await steps.walk("", partial(_made_safe, side), SAFE_WITHIN_NS, late)


@dataclass(slots=True, kw_only=True)
class SideInstruments:
    """All of them, in the order of the bench file."""

    clock: Clock
    sides: list[Side] = field(default_factory=list)
    _watches: list[Timer] = field(default_factory=list)
    _switched_off: bool = False

    @property
    def off_within_ns(self) -> int:
        """Patience for `switch_off`: instruments that share a port have to wait for each other."""
        return SAFE_WITHIN_NS * max(1, len(self.sides)) + NS_PER_S

    async def start(
        self,
        tell: Callable[[str, str], None] = lambda _, __: None,
        rack_ports: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Open the lines, identify everybody, let the played sensors speak. InstrumentError names who is wrong.

        tell: takes each instrument's name and what it says it is. rack_ports: of cards that the virtual rack plays.
        """
        now_ns = self.clock.now_ns()
        for side in self.sides:
            if side.device is not None:
                watch = self.clock.every(WATCH_NS, Phase.OBSERVE, side.device.watch, first_ns=now_ns)
                self._watches.append(watch)
            if side.line is not None:
                port = side.device.port if side.device is not None else side.config.port
                if side.in_rack:
                    port = rack_ports[side.config.name]
                side.line.connect(await open_stream(port, side.config.baud))
            if side.player is not None:
                side.player.start(now_ns)
                tell(side.config.name, f"{side.config.kind}, played by the bench")
            if side.driver is not None:
                tell(side.config.name, await side.driver.identify())

    async def switch_off(self) -> None:
        """Outputs off and relays released, each with proof, at once: none waits for another that hangs.

        InstrumentError names every one that is not proven to be off. `stop` does the same where nobody has done it.
        """
        self._switched_off = True
        steps = Steps()
        ports: dict[str, list[Side]] = {}
        for side in self.sides:
            if hasattr(side.driver, "safe"):
                ports.setdefault(side.config.port if side.line is not None else side.config.name, []).append(
                    side
                )
        await asyncio.gather(*(_one_after_the_other(steps, sides) for sides in ports.values()))
        if steps.problems:
            raise InstrumentError("; ".join(steps.problems))

    async def stop(self) -> None:
        """What is played falls silent, and the lines are closed. Errors are told at the end."""
        steps = Steps()
        if not self._switched_off:
            await steps.walk("", self.switch_off, self.off_within_ns)
        for side in self.sides:
            if side.player is not None:
                steps.do("", side.player.stop)
            if side.line is not None:
                steps.do("", side.line.close)
        for watch in self._watches:
            steps.do("", watch.cancel)
        for side in self.sides:
            if side.device is not None:
                steps.do("", side.device.close)
        if steps.problems:
            raise InstrumentError("; ".join(steps.problems))

    def drivers(self, kind: type[LineKind]) -> list[tuple[InstrumentConfig, Any]]:
        """Those of a role, in the order of the bench file."""
        return [
            (side.config, side.driver)
            for side in self.sides
            if isinstance(side.config.facts, kind) and side.driver is not None
        ]

    def by_name(self) -> dict[str, Any]:
        """The driver of each that is driven."""
        return {side.config.name: side.driver for side in self.sides if side.driver is not None}

    def fault_unit(self, emulator: FaultUnit) -> FaultUnit:
        """The emulator's own relays, and the cards' where they sit in a cell's wire."""
        relays = {
            cell: RelayWires(side.driver, {cell: relay})
            for side in self.sides
            for relay, cell in enumerate(side.config.opens, 1)
        }
        return RoutedWires(emulator, relays) if relays else emulator

    def after_relays(self, volts: list[float]) -> list[float]:
        """What virtual relays leave of the emulator's outputs: nan where one has broken the wire."""
        for side in self.sides:
            if side.config.opens and side.sim is not None:
                break_wires(volts, card_of(side.config), side.sim, self.clock.now_ns())
        return volts


def card_of(config: InstrumentConfig) -> Card:
    """A relay card as its player takes it."""
    return Card(name=config.name, kind=config.kind, options=config.options, opens=config.opens)


def _plain(senses: Senses, quantity: str) -> float:
    """A quantity for a sensor that cannot say "no reading"."""
    value = senses.read(quantity)
    return 0.0 if value is None else float(value)


def _quantity(senses: Senses) -> Callable[[str], Quantity]:
    return lambda name: partial(_plain, senses, name)


def line_kind(config: InstrumentConfig) -> LineKind:
    """Raises InstrumentError for an instrument that has no line of its own."""
    kind = config.facts
    if not isinstance(kind, LineKind):
        raise InstrumentError(f"{config.kind}: found {kind.title}; expected an instrument on a line")
    return kind


def side_instruments(
    config: BenchConfig, clock: Clock, node: Callable[[str, str], CanLink], senses: Senses
) -> SideInstruments:
    """`node(channel, name)`: a link of that name on a bus, for a sensor that the bench plays or reads."""
    sides = SideInstruments(clock=clock)
    cells = config.instruments.get(CELLS)  # none where the doctor or the guard asks one instrument alone
    rack = cells is not None and cells.virtual
    for name, instrument in config.instruments.items():
        if name == CELLS:
            continue
        if isinstance(instrument.facts, SensorKind):
            sides.sides.append(_on_can(instrument, instrument.facts, clock, node, senses))
        else:
            sides.sides.append(_on_a_line(instrument, clock, rack=rack))
    return sides


def identities_into(trace: Trace, clock: Clock) -> Callable[[str, str], None]:
    """What keeps each instrument's identity in the trace of the shot."""

    def tell(name: str, identity: str) -> None:
        trace.mark(clock.now_ns(), InstrumentIdentified(identity=identity), name)

    return tell


def _on_can(
    config: InstrumentConfig,
    kind: SensorKind,
    clock: Clock,
    node: Callable[[str, str], CanLink],
    senses: Senses,
) -> Side:
    link = node(config.link, config.name)
    if config.virtual or clock.timebase is Timebase.SIMULATED:
        return Side(config=config, player=kind.play(link, clock, _quantity(senses)))
    return Side(config=config, driver=kind.read(link, clock))


def _on_a_line(config: InstrumentConfig, clock: Clock, *, rack: bool) -> Side:
    """rack: in real time, the cells are virtual, and the relays in their wires with them.

    Simulated time drives nothing real: whatever port the file names, the instrument is played there.
    """
    kind = line_kind(config)
    if clock.timebase is Timebase.SIMULATED:
        line = SimulatedSerial(clock, f"simulated {config.name}", config.baud)
        return Side(
            config=config,
            driver=kind.drive(line.host, clock, config.options),
            sim=kind.play(line.device, clock, config.options),
        )
    late = LateStream()
    side = Side(config=config, driver=kind.drive(late, clock, config.options), line=late)
    if config.virtual and config.opens and rack:
        side.in_rack = True
    elif config.virtual:
        side.device = PtyDevice(clock)
        side.sim = kind.play(side.device, clock, config.options)
    return side
