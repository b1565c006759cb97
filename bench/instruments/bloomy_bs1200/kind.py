"""Bloomy BS1200, as a bench file names it: boxes on a CAN bus."""

from bench.instruments.bloomy_bs1200.driver import BloomyBs1200
from bench.instruments.bloomy_bs1200.sim import BloomyBs1200Sim
from bench.instruments.kinds import CellKind
from bench.instruments.virtual_cells import Boxes, VirtualCells
from bench.units import NS_PER_MS

PERIOD_NS = 50 * NS_PER_MS  # readback of a virtual box; its .ini file sets it on a real one


def _play(asked: Boxes) -> VirtualCells:
    boxes = [
        BloomyBs1200Sim(
            asked.node(f"box {number}"), asked.clock, box=number, period_ns=PERIOD_NS, seed=asked.seed
        )
        for number in asked.numbers
    ]
    return VirtualCells(units=boxes, cells=asked.cells, boxes=boxes, period_ns=PERIOD_NS)


KIND = CellKind(
    title="Bloomy BS1200",
    transports=("can",),
    use="12 cells a box",
    lines="CAN 1 Mbit/s",
    plays="HIL mode with float16 (2 mV below 4 V, 4 mV above), ignored outside it; set points of 0.1 mV; readback "
    "published every 5 s as delivered, 50 ms on a virtual bench; fan status",
    source="Bloomy's driver, github.com/BloomyControls/BS1200-Python-Driver",
    cells=12,
    safe_ns=20_000_000_000,
    ids=(1, 15),
    wire_faults=BloomyBs1200.wire_faults,
    box=lambda link, clock, number: BloomyBs1200(link, clock, box=number),
    play_boxes=_play,
)
