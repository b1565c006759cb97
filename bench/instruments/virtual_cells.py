"""Simulated cell emulators for a whole pack: for a bench in simulated time and for the virtual rack."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bench.config.options import NO_OPTIONS, Options
from bench.instruments.played_lines import Flaw, LineSimulator, attach_lines
from bench.instruments.ports import DeviceEnd
from bench.instruments.stack import EmulatorUnit
from bench.links.ports import CanLink, SerialLink
from bench.timing.clock import Clock


class CellSimulator(Protocol):
    """A simulator with cell outputs. output_v: V of each channel, nan for an open wire."""

    channels: int

    def output_v(self, now_ns: int) -> list[float]: ...


class LineCells(CellSimulator, LineSimulator, Protocol):
    """A cell emulator that speaks lines of text."""


class BoxCells(CellSimulator, Protocol):
    """A cell emulator on a bus, which publishes by itself."""

    def start(self, first_ns: int) -> None: ...

    def stop(self) -> None: ...


class DeadMan(Protocol):
    """What switches the outputs off by itself once the bench is silent."""

    @property
    def dead_man_armed(self) -> bool: ...

    @property
    def tripped_ns(self) -> int | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """The units that a pack of `cells` takes, as they are driven or played.

    seed: of noise and lost replies. first_id: number of the first unit, where units have one. lost: share of replies
    that are lost. tcp: each has a connection of its own.
    """

    cells: int
    units: int
    options: Options = NO_OPTIONS
    seed: int = 0
    first_id: int = 0
    lost: float = 0.0
    tcp: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Boxes:
    """Boxes on a bus. `node(name)` is a box's end of it."""

    node: Callable[[str], CanLink]
    clock: Clock
    cells: int
    numbers: range
    seed: int
    options: Options = NO_OPTIONS


@dataclass(slots=True, kw_only=True)
class VirtualCells:
    """The units of one stack, and which of them share a line. Lowest cell first.

    period_ns: how often each of `boxes` publishes. dead_man: of the one unit that has one.
    """

    units: Sequence[CellSimulator]
    cells: int
    lines: int = 0
    attach_to: Callable[[Sequence[DeviceEnd], Clock], None] = lambda *_: None
    dead_man: DeadMan | None = None
    boxes: Sequence[BoxCells] = field(default_factory=tuple)
    period_ns: int = 0

    def attach(self, devices: Sequence[DeviceEnd], clock: Clock) -> None:
        """Answer at the device ends of `lines` lines."""
        self.attach_to(devices, clock)

    def start(self, now_ns: int) -> None:
        """Let boxes on a CAN bus begin to publish, spread over their period."""
        for number, box in enumerate(self.boxes):
            box.start(now_ns + number * self.period_ns // len(self.boxes))

    def stop(self) -> None:
        for box in self.boxes:
            box.stop()

    def output_v(self, now_ns: int) -> list[float]:
        """True voltages at the DUT's terminals, cell 1 first; nan where a wire is open."""
        volts: list[float] = []
        for unit in self.units:
            volts += unit.output_v(now_ns)
        return volts[: self.cells]

    @property
    def dead_man_armed(self) -> bool:
        return self.dead_man is not None and self.dead_man.dead_man_armed

    @property
    def tripped_ns(self) -> int | None:
        return None if self.dead_man is None else self.dead_man.tripped_ns


def a_line_each(make: Callable[[int, int], LineCells]) -> Callable[[Stack], VirtualCells]:
    """Plays units of which each has a line of its own. `make(seed, number)`: one of them, numbered from 0."""

    def play(stack: Stack) -> VirtualCells:
        units = [make(stack.seed, number) for number in range(stack.units)]

        def attach(devices: Sequence[DeviceEnd], clock: Clock) -> None:
            for number, (unit, device) in enumerate(zip(units, devices, strict=True)):
                attach_lines(unit, device, clock, _flaw(stack, number))

        return VirtualCells(units=units, lines=len(units), attach_to=attach, cells=stack.cells)

    return play


def one_line(make: Callable[[int, int], LineCells]) -> Callable[[Stack], VirtualCells]:
    """Plays units on one line. Each hears everything and answers its own: `make(seed, number)`, by its number."""

    def play(stack: Stack) -> VirtualCells:
        units = [make(stack.seed, stack.first_id + number) for number in range(stack.units)]

        def attach(devices: Sequence[DeviceEnd], clock: Clock) -> None:
            for number, unit in enumerate(units):
                attach_lines(unit, devices[0], clock, _flaw(stack, number))

        return VirtualCells(units=units, lines=1, attach_to=attach, cells=stack.cells)

    return play


def each_on_its_line(
    make: Callable[[SerialLink, Clock], EmulatorUnit],
) -> Callable[[Sequence[SerialLink], Clock, Stack], Sequence[EmulatorUnit]]:
    """Drives units of which each has a line of its own."""
    return lambda links, clock, _: [make(link, clock) for link in links]


def _flaw(stack: Stack, number: int) -> Flaw | None:
    if not stack.lost:
        return None
    return Flaw(rng=random.Random(f"lost replies {stack.seed} {number}"), lost=stack.lost)
