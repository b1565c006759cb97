"""Bloomy ABS, as a bench file names it: units with ids on one RS-485 line, or each on its TCP connection."""

from collections.abc import Sequence

from bench.instruments.bloomy_abs.driver import BloomyAbs, abs_line
from bench.instruments.bloomy_abs.sim import BloomyAbsSim
from bench.instruments.kinds import CellKind
from bench.instruments.virtual_cells import Stack, VirtualCells, a_line_each, one_line
from bench.links.ports import SerialLink
from bench.timing.clock import Clock


def _drive(links: Sequence[SerialLink], clock: Clock, stack: Stack) -> list[BloomyAbs]:
    if stack.tcp:
        return [BloomyAbs(abs_line(link, clock)) for link in links]
    line = abs_line(links[0], clock)
    return [BloomyAbs(line, unit_id=stack.first_id + number) for number in range(stack.units)]


def _play(stack: Stack) -> VirtualCells:
    if stack.tcp:
        return a_line_each(lambda seed, number: BloomyAbsSim(seed=seed + number))(stack)
    return one_line(lambda seed, number: BloomyAbsSim(unit_id=number, seed=seed))(stack)


KIND = CellKind(
    title="Bloomy ABS",
    transports=("serial", "tcp"),
    use="8 cells a unit; open, short, reversed",
    lines="RS-485 115200 with `@id`, TCP 5025",
    plays="ids 0 to 31 on one line, 32 never answered; error queue; the long words of `OUTP:FAUL?`; alarms that switch "
    "off pairs of cells; 5 s of reboot",
    source="Bloomy's driver, github.com/BloomyControls/abs-scpi-driver",
    cells=8,
    ids=(0, 31),
    shares_line=True,
    wire_faults=BloomyAbs.wire_faults,
    drive=_drive,
    play=_play,
)
