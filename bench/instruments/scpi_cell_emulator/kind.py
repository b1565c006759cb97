"""The open reference cell emulator, as a bench file names it."""

from collections.abc import Sequence

from bench.instruments.kinds import CellKind
from bench.instruments.ports import DeviceEnd
from bench.instruments.scpi_cell_emulator.driver import ScpiCellEmulator
from bench.instruments.scpi_cell_emulator.sim import CellEmulatorSim, attach_simulated
from bench.instruments.virtual_cells import Stack, VirtualCells
from bench.links.ports import SerialLink
from bench.timing.clock import Clock


def _drive(links: Sequence[SerialLink], clock: Clock, stack: Stack) -> list[ScpiCellEmulator]:
    return [ScpiCellEmulator(links[0], clock, channels=stack.cells)]


def _play(stack: Stack) -> VirtualCells:
    sim = CellEmulatorSim(stack.cells)

    def attach(devices: Sequence[DeviceEnd], clock: Clock) -> None:
        attach_simulated(sim, devices[0], clock)

    return VirtualCells(units=[sim], lines=1, attach_to=attach, cells=stack.cells, dead_man=sim)


KIND = CellKind(
    title="open reference cell emulator",
    transports=("serial", "tcp"),
    use="cells, as many as wanted",
    lines="serial, TCP",
    plays="all of `cell_emulator_protocol.md`: error queue, lag of 2 ms, dead-man, open wires",
    source="this project",
    baud=921_600,
    dead_man=True,
    wire_faults=ScpiCellEmulator.wire_faults,
    drive=_drive,
    play=_play,
    quiet=True,
    front_end=True,
)
