"""What a kind of instrument does: how its driver is made on a line or a bus, and how it is played at the other end.

A folder `bench/instruments/<kind>/` holds a `driver.py`, a `sim.py`, and a `kind.py` with one of these as its KIND.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar

from bench.config.instrument_kinds import InstrumentKind
from bench.config.options import Options
from bench.instruments.ports import (
    ClimateChamber,
    CurrentSensor,
    DeviceEnd,
    InsulationMonitor,
    LeakResistor,
    PackSupply,
    PlayedCard,
    WireFault,
)
from bench.instruments.ports import RelayCard as Card
from bench.instruments.stack import EmulatorUnit
from bench.instruments.virtual_cells import Boxes, Stack, VirtualCells
from bench.links.ports import CanLink, SerialLink
from bench.timing.clock import Clock

S = TypeVar("S")
Quantity = Callable[[], float]
"""What a played sensor measures, now, in SI; 0 where there is no reading."""


class Player(Protocol):
    """A sensor that the bench plays on a bus."""

    def start(self, first_ns: int) -> None: ...

    def stop(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CellKind(InstrumentKind):
    """A cell emulator on lines, or in boxes on a bus.

    drive, play: all units of a stack on their lines. box, play_boxes: units on a bus, by their number.
    wire_faults: what its relays can do to a wire. quiet: its simulator has no noise, and no seed. front_end: what its
    relays cannot do, the front end of a simulated bench plays.
    """

    role: ClassVar[str] = "cells"
    measures: ClassVar[tuple[str, ...]] = ("V",)

    wire_faults: frozenset[WireFault]
    drive: Callable[[Sequence[SerialLink], Clock, Stack], Sequence[EmulatorUnit]] | None = None
    play: Callable[[Stack], VirtualCells] | None = None
    box: Callable[[CanLink, Clock, int], EmulatorUnit] | None = None
    play_boxes: Callable[[Boxes], VirtualCells] | None = None
    quiet: bool = False
    front_end: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LineKind(InstrumentKind):
    """One instrument on one line. drive: its driver. play: its simulator, answering at the device's end of a line."""

    drive: Callable[[SerialLink, Clock, Options], Any]
    play: Callable[[DeviceEnd, Clock, Options], Any]


def played(
    make: Callable[[Options], S], attach: Callable[[S, DeviceEnd, Clock], None]
) -> Callable[[DeviceEnd, Clock, Options], S]:
    """The `play` of a simulator that `make` makes of its options, and `attach` puts on a line."""

    def play(device: DeviceEnd, clock: Clock, asked: Options) -> S:
        sim = make(asked)
        attach(sim, device, clock)
        return sim

    return play


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayKind(LineKind):
    """A relay card. Its contacts may sit in the cells' wires (`opens`), across contactors (`across_…`), or in the DUT's
    supply (`[dut.power]`).
    """

    role: ClassVar[str] = "relays"

    drive: Callable[[SerialLink, Clock, Options], Card]
    play: Callable[[DeviceEnd, Clock, Options], PlayedCard]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What hangs at the terminals of a played supply. tail_ns: time constant of its discharge."""

    ohm: float
    tail_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyKind(LineKind):
    """A supply of the pack, or of the DUT. play_loaded: with a load at its terminals (`hil play power`)."""

    role: ClassVar[str] = "supply"
    measures: ClassVar[tuple[str, ...]] = ("V", "A", "%")

    drive: Callable[[SerialLink, Clock, Options], PackSupply]
    play_loaded: Callable[[DeviceEnd, Clock, Options, Load], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakKind(LineKind):
    """A programmable resistor between one pole (`pole`) and chassis."""

    role: ClassVar[str] = "leak"
    measures: ClassVar[tuple[str, ...]] = ("ohm", "%")

    drive: Callable[[SerialLink, Clock, Options], LeakResistor]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChamberKind(LineKind):
    """A climate chamber around the pack."""

    role: ClassVar[str] = "chamber"
    measures: ClassVar[tuple[str, ...]] = ("degC",)

    drive: Callable[[SerialLink, Clock, Options], ClimateChamber]


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorKind(InstrumentKind):
    """A sensor on a bus that the bench reads, or plays to the DUT. `play` asks by name for what it measures."""

    read: Callable[[CanLink, Clock], Any]
    play: Callable[[CanLink, Clock, Callable[[str], Quantity]], Player]


@dataclass(frozen=True, slots=True, kw_only=True)
class InsulationKind(SensorKind):
    """An insulation monitor on a bus, read by the bench or played to the DUT."""

    role: ClassVar[str] = "insulation"
    measures: ClassVar[tuple[str, ...]] = ("ohm", "%")

    read: Callable[[CanLink, Clock], InsulationMonitor]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentKind(SensorKind):
    """A current sensor on a bus, read by the bench or played to the DUT."""

    role: ClassVar[str] = "current"
    measures: ClassVar[tuple[str, ...]] = ("A", "%")

    read: Callable[[CanLink, Clock], CurrentSensor]
