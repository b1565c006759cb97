"""What the bench asks of an instrument, whoever made it. Cells are numbered from 1, as on the connector."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """A setting proven by readback: the output changed somewhere in [low_ns, high_ns] of the run's clock.

    `low_ns` is just before the command left, `high_ns` the arrival of the first reading within tolerance.
    """

    low_ns: int
    high_ns: int
    readback_v: tuple[float, ...]


class CellEmulator(Protocol):
    """A stack of floating cell voltages. A verb returns once acknowledged, or raises InstrumentError."""

    channels: int
    highest_v: float  # of one output; the lowest is 0
    has_dead_man: bool  # False: only 0 can be armed, and a killed bench leaves the outputs as they are

    async def identify(self) -> str:
        """The instrument's own name; refuses an instrument of another make or size."""

    async def set_all(self, voltages_v: Sequence[float]) -> None:
        """Set points of all cells at once, in V, cell 1 first."""

    async def set_cells(self, cells: Sequence[int], voltage_v: float) -> None:
        """One set point, in V, for a few cells."""

    async def measure(self, cells: Sequence[int]) -> list[float]:
        """Measured outputs in V, in the order asked for; nan for an open cell."""

    async def set_and_confirm(
        self, cells: Sequence[int], voltage_v: float, tolerance_v: float
    ) -> Confirmation:
        """Set `cells` and return once all of them read back within `tolerance_v`."""

    async def safe(self) -> None:
        """Outputs off, proven by readback."""

    async def outputs_on(self) -> None: ...

    async def arm_dead_man(self, timeout_ns: int) -> None:
        """Outputs go off by themselves after this much silence; 0 disarms. Acknowledges an earlier trip."""


class WireFault(StrEnum):
    """What can be wrong between one cell and the DUT's measuring input."""

    NONE = "none"
    OPEN = "open"
    SHORT = "short"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Switched:
    """A relay proven to have moved somewhere in [low_ns, high_ns] of the run's clock.

    `low_ns` is just before the first command left that could disturb the wire, `high_ns` when the last one
    was acknowledged or read back. `note` says what the DUT saw besides, where the instrument forces it.
    """

    low_ns: int
    high_ns: int
    note: str = ""


class FaultUnit(Protocol):
    """Relays in the sense wires: per cell open, short or reversed. Ask `wire_faults` before `insert`."""

    wire_faults: frozenset[WireFault]

    async def insert(self, cells: Sequence[int], fault: WireFault) -> Switched:
        """Make `fault` real at every one of `cells`. InstrumentError when refused, or not in `wire_faults`."""

    async def mend(self, cells: Sequence[int]) -> None:
        """Take every fault from `cells`; the wires carry their cell's voltage again."""

    async def wires(self, cells: Sequence[int]) -> list[WireFault]:
        """What the unit itself says about each of `cells`, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyReading:
    """One reading of a pack supply at its terminals; `current_a` > 0 flows out of the supply."""

    voltage_v: float
    current_a: float
    power_w: float


class PackSupply(Protocol):
    """A bidirectional source at the pack's high-voltage terminals."""

    async def identify(self) -> str: ...

    async def limit(self, *, voltage_v: float, source_a: float, sink_a: float) -> None:
        """Voltage to hold and the largest current out of and into the supply, all 0 or more."""

    async def output(self, on: bool) -> None: ...

    async def measure(self) -> SupplyReading: ...

    async def safe(self) -> None:
        """Output off, proven by readback."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InsulationReading:
    """What an insulation monitor says. `valid` is False while it measures nothing or outdated values."""

    t_ns: int
    r_iso_ohm: float
    fault: bool
    warning: bool
    valid: bool


class InsulationMonitor(Protocol):
    """An instrument that measures the resistance of the pack against chassis."""

    async def identify(self) -> str: ...

    async def read(self) -> InsulationReading:
        """The next reading that arrives."""

    async def set_thresholds(self, *, fault_ohm: float, warning_ohm: float) -> None: ...

    async def self_test(self) -> None:
        """InstrumentError when it is not passed."""

    async def measuring(self, on: bool) -> None:
        """Off: the monitor no longer couples to the pack, so that another one may measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentReading:
    """One reading of a pack current sensor; `current_a` in the sensor's own sign."""

    t_ns: int
    current_a: float
    valid: bool


class CurrentSensor(Protocol):
    """A shunt or transducer that reports the pack current by itself."""

    async def identify(self) -> str: ...

    async def read(self) -> CurrentReading:
        """The next reading that arrives."""

    async def set_period(self, period_ns: int) -> None:
        """How often it reports."""


class LeakResistor(Protocol):
    """A programmable resistor at one pole. Its terminals are open unless it is connected."""

    async def identify(self) -> str: ...

    async def connect(self, ohm: float) -> Switched:
        """This value between the terminals, both read back. InstrumentError where it has no such value."""

    async def disconnect(self) -> None: ...

    async def safe(self) -> None:
        """Terminals open, proven by readback."""


class ClimateChamber(Protocol):
    """What surrounds a real pack."""

    async def identify(self) -> str: ...

    async def run_to(self, temperature_c: float, rate_k_s: float) -> float:
        """Set, read back, started; what the chamber has at that moment, in degC. InstrumentError with an open door."""

    async def temperature_c(self) -> float: ...

    async def door_open(self) -> bool: ...

    async def safe(self) -> None:
        """It neither heats nor cools any more, proven by readback."""


class RelayCard(Protocol):
    """Relays numbered from 1."""

    relays: int

    async def identify(self) -> str: ...

    async def switch(self, relay: int, on: bool) -> Switched:
        """Energise or release one relay, read back: InstrumentError where it has not moved."""

    async def states(self) -> list[bool]: ...

    async def safe(self) -> None:
        """Every relay released, each proven by readback. InstrumentError where one sticks; it keeps no other on."""


class PlayedCard(Protocol):
    """A relay card's simulator."""

    def contacts(self, now_ns: int) -> Sequence[bool]:
        """Which relays are energised, relay 1 first."""


class DeviceEnd(Protocol):
    """The instrument's end of a serial line or a TCP stream, simulated or real."""

    def write(self, data: bytes) -> None: ...

    def subscribe(self, listener: Callable[[int, bytes], None]) -> None:
        """Call `listener(now_ns, data)` for every piece of bytes that arrives."""
