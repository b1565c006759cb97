"""Simulated cell emulators for a whole pack, by kind: for a bench in simulated time and for the virtual rack."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bench.config.instrument_kinds import KINDS
from bench.instruments.atopile_cell_sim.sim import AtopileCellSimSim
from bench.instruments.bloomy_abs.sim import BloomyAbsSim
from bench.instruments.bloomy_bs1200.sim import BloomyBs1200Sim
from bench.instruments.ngi_n83624.sim import NgiN83624Sim
from bench.instruments.played_lines import Flaw, LineSimulator, attach_lines
from bench.instruments.ports import DeviceEnd
from bench.instruments.scpi_cell_emulator.sim import CellEmulatorSim, attach_simulated
from bench.links.ports import CanLink
from bench.timing.clock import Clock
from bench.units import NS_PER_MS

ON_CAN = "bloomy_bs1200"  # the one kind whose units are on a bus; all others speak lines
BOX_PERIOD_NS = 50 * NS_PER_MS  # readback of a virtual BS1200; its .ini file sets it on a real one


class CellSimulator(Protocol):
    channels: int

    def output_v(self, now_ns: int) -> list[float]: ...


class LineCells(CellSimulator, LineSimulator, Protocol):
    """A cell emulator that speaks lines of text."""


@dataclass(slots=True, kw_only=True)
class VirtualCells:
    """The units of one stack, and which of them share a line. Lowest cell first."""

    units: list[CellSimulator]
    lines: int
    attach_to: Callable[[Sequence[DeviceEnd], Clock], None]
    cells: int
    reference: CellEmulatorSim | None = field(default=None)
    boxes: list[BloomyBs1200Sim] = field(default_factory=list)

    def attach(self, devices: Sequence[DeviceEnd], clock: Clock) -> None:
        """Answer at the device ends of `lines` lines."""
        self.attach_to(devices, clock)

    def start(self, now_ns: int) -> None:
        """Let boxes on a CAN bus begin to publish, spread over their period."""
        for number, box in enumerate(self.boxes):
            box.start(now_ns + number * BOX_PERIOD_NS // len(self.boxes))

    def stop(self) -> None:
        for box in self.boxes:
            box.stop()

    def output_v(self, now_ns: int) -> list[float]:
        """True voltages at the DUT's terminals, cell 1 first; nan where a wire is open."""
        if self.reference is not None:
            return self.reference.output_v(now_ns)
        volts: list[float] = []
        for unit in self.units:
            volts += unit.output_v(now_ns)
        return volts[: self.cells]

    @property
    def dead_man_armed(self) -> bool:
        return self.reference is not None and self.reference.dead_man_armed

    @property
    def tripped_ns(self) -> int | None:
        return None if self.reference is None else self.reference.tripped_ns


def play_cells(
    kind: str, cells: int, *, seed: int = 0, first_id: int = 0, lost: float = 0.0, tcp: bool = False
) -> VirtualCells:
    """Units of `kind` for `cells` cells. `seed` decides noise and lost replies, nothing else. tcp: on a network."""
    if tcp and kind == "bloomy_abs":  # no ids and no shared line there
        one_each = _stack(kind, lambda seed, number: BloomyAbsSim(seed=seed + number))
        return one_each(cells, seed, first_id, lost)
    return PLAY[kind](cells, seed, first_id, lost)


def play_boxes(
    node: Callable[[str], CanLink], clock: Clock, cells: int, *, seed: int, first_box: int
) -> VirtualCells:
    """BS1200 boxes for `cells` cells, numbered from `first_box`. `node(name)`: a box's end of the bus."""
    numbers = range(first_box, first_box - (-cells // KINDS[ON_CAN].cells))
    boxes = [
        BloomyBs1200Sim(node(f"box {box}"), clock, box=box, period_ns=BOX_PERIOD_NS, seed=seed)
        for box in numbers
    ]
    return VirtualCells(units=list(boxes), lines=0, attach_to=lambda *_: None, cells=cells, boxes=boxes)


def _reference(cells: int, _seed: int, _first_id: int, _lost: float) -> VirtualCells:
    sim = CellEmulatorSim(cells)
    return VirtualCells(
        units=[sim],
        lines=1,
        attach_to=lambda devices, clock: attach_simulated(sim, devices[0], clock),
        cells=cells,
        reference=sim,
    )


def _stack(
    kind: str, make: Callable[[int, int], LineCells]
) -> Callable[[int, int, int, float], VirtualCells]:
    """Units of which each has a line of its own."""

    def play(cells: int, seed: int, _first_id: int, lost: float) -> VirtualCells:
        units = [make(seed, number) for number in range(-(-cells // KINDS[kind].cells))]

        def attach(devices: Sequence[DeviceEnd], clock: Clock) -> None:
            for number, (unit, device) in enumerate(zip(units, devices, strict=True)):
                attach_lines(unit, device, clock, _flaw(seed, number, lost))

        return VirtualCells(units=list(units), lines=len(units), attach_to=attach, cells=cells)

    return play


def _bloomy_abs(cells: int, seed: int, first_id: int, lost: float) -> VirtualCells:
    units = [BloomyAbsSim(unit_id=first_id + number, seed=seed) for number in range(-(-cells // 8))]

    def attach(devices: Sequence[DeviceEnd], clock: Clock) -> None:
        for number, unit in enumerate(units):  # one RS-485 line: each hears everything and answers its own
            attach_lines(unit, devices[0], clock, _flaw(seed, number, lost))

    return VirtualCells(units=list(units), lines=1, attach_to=attach, cells=cells)


def _flaw(seed: int, number: int, lost: float) -> Flaw | None:
    return Flaw(rng=random.Random(f"lost replies {seed} {number}"), lost=lost) if lost else None


PLAY: dict[str, Callable[[int, int, int, float], VirtualCells]] = {
    "scpi_cell_emulator": _reference,
    "ngi_n83624": _stack("ngi_n83624", lambda seed, number: NgiN83624Sim(seed=seed, number=number)),
    "bloomy_abs": _bloomy_abs,
    "atopile_cell_sim": _stack(
        "atopile_cell_sim", lambda seed, number: AtopileCellSimSim(seed=seed, number=number)
    ),
}
